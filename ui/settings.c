#include "avo.h"
#include "base/str.h"
#include "ui/settings.h"

#include <stddef.h>

static const char *const switch_words[] = { "off", "on", NULL };
static const char *const chart_words[] = { "both", "chart", "table", NULL };
static const char *const layout_words[] = { "watch", "columns", "read", "stack", NULL };

static const struct setting {
	const char *name;
	size_t offset;
	const char *const *words;	/* NULL: a number */
	int min, max, fallback;
} list[] = {
	{ "context", offsetof(struct settings, context), NULL, 0, 1000, 3 },
	{ "chart", offsetof(struct settings, chart), chart_words, 0, 0, CHART_BOTH },
	{ "cases", offsetof(struct settings, cases), switch_words, 0, 0, 0 },
	{ "peers", offsetof(struct settings, peers), switch_words, 0, 0, 1 },
	{ "layout", offsetof(struct settings, layout), layout_words, 0, 0, 0 },
	{ "fps", offsetof(struct settings, fps), NULL, 1, 10, 10 },
	{ "seconds", offsetof(struct settings, seconds), NULL, 1, 3600, 1 },
};

static int *value_of(struct settings *s, const struct setting *set)
{
	return (int *)((char *)s + set->offset);
}

void settings_init(struct settings *s)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(list); i++)
		*value_of(s, &list[i]) = list[i].fallback;
}

static enum avo_status parse(int *out, const struct setting *set, const char *text, struct error *err)
{
	struct buf words = BUF_INIT;
	enum avo_status st;
	long n;
	int i;

	if (!set->words) {
		if (!str_to_long(&n, text, set->min, set->max))
			return error_set(err, AVO_USAGE, "%s is a number from %d to %d, not '%s'", set->name, set->min, set->max, text);
		*out = (int)n;
		return AVO_OK;
	}
	for (i = 0; set->words[i]; i++) {
		if (strcmp(set->words[i], text) == 0) {
			*out = i;
			buf_release(&words);
			return AVO_OK;
		}
		buf_printf(&words, "%s%s", i ? ", " : "", set->words[i]);
	}
	st = error_set(err, AVO_USAGE, "%s is one of %s, not '%s'", set->name, buf_cstr(&words), text);
	buf_release(&words);
	return st;
}

enum avo_status settings_set(struct settings *s, int argc, char **argv, struct error *err)
{
	size_t i;

	if (argc != 3)
		return error_set(err, AVO_USAGE, "set NAME VALUE, e.g. set context 5");
	for (i = 0; i < ARRAY_LEN(list); i++)
		if (strcmp(list[i].name, argv[1]) == 0)
			return parse(value_of(s, &list[i]), &list[i], argv[2], err);
	return error_set(err, AVO_USAGE, "there is no setting '%s'; set alone lists them", argv[1]);
}

void settings_list(const struct settings *s, struct buf *out)
{
	struct settings copy = *s;
	size_t i;

	for (i = 0; i < ARRAY_LEN(list); i++) {
		int value = *value_of(&copy, &list[i]);

		buf_printf(out, "%s%s ", i ? "  " : "", list[i].name);
		if (list[i].words)
			buf_addstr(out, list[i].words[value]);
		else
			buf_printf(out, "%d", value);
	}
}

const char *settings_name(int i)
{
	return i < (int)ARRAY_LEN(list) ? list[i].name : NULL;
}
