#include "avo.h"
#include "base/mem.h"
#include "base/str.h"
#include "ui/keys.h"
#include "ui/request.h"
#include "ui/settings.h"
#include "ui/theme.h"
#include "ui/view.h"

/*
 * manual: prints the tables of avorc(5) from the lists that the program runs
 * on. Runs while the manual is built and is not installed.
 */

/* A text in roff: a hyphen that is to be typed, a backslash, no control line. */
static void put(const char *s)
{
	if (*s == '.' || *s == '\'')
		fputs("\\&", stdout);
	for (; *s; s++)
		switch (*s) {
		case '-': fputs("\\-", stdout); break;
		case '\\': fputs("\\e", stdout); break;
		case '^': fputs("\\(ha", stdout); break;
		case '`': fputs("\\(ga", stdout); break;
		case '\'': fputs("\\(aq", stdout); break;
		case '~': fputs("\\(ti", stdout); break;
		default: putchar(*s);
		}
}

/* The default keys of a command, as they are written in avorc. */
static void put_keys(const char *command)
{
	const char *cursor = keys_default_rc, *end = cursor + strlen(cursor), *line;
	const char *before = " (";
	size_t len;

	while (str_next_line(&cursor, end, &line, &len)) {
		char *copy = xstrndup(line, len), *key, *what;

		if (str_starts(copy, "bind generic ")) {
			key = str_trim(copy + strlen("bind generic "));
			what = key + strcspn(key, " ");
			if (*what)
				*what++ = '\0';
			if (strcmp(str_trim(what), command) == 0) {
				fputs(before, stdout);
				put(key);
				before = " ";
			}
		}
		free(copy);
	}
	if (before[1] == '\0')
		putchar(')');
}

static void put_commands(void)
{
	int i;

	puts(".SH COMMANDS");
	for (i = 1; i < REQ_COUNT; i++) {
		const struct request_info *info = request_info((enum request)i);

		if (info->group)
			printf(".SS %s\n", info->group);
		fputs(".TP\n.B ", stdout);
		put(info->name);
		putchar('\n');
		put(info->help);
		put_keys(info->name);
		puts(".");
	}
}

static void put_names(const char *heading, const char *intro, const char *(*name)(int))
{
	int i;

	printf(".SH %s\n%s\n", heading, intro);
	for (i = 0; name(i); i++) {
		fputs(".B ", stdout);
		put(name(i));
		putchar('\n');
	}
}

static const char *nth_style(int i)
{
	return i < STYLE_COUNT ? style_name((enum style)i) : NULL;
}

static const char *nth_view(int i)
{
	return view_at((size_t)i) ? view_at((size_t)i)->name : NULL;
}

int main(void)
{
	struct settings defaults;
	struct buf text = BUF_INIT;

	put_commands();
	puts(".SH SETTINGS");
	puts("The settings of the command\n.B set\nand what they are at the start:\n.PP");
	settings_init(&defaults);
	settings_list(&defaults, &text);
	put(buf_cstr(&text));
	puts(".");
	buf_release(&text);
	put_names("STYLES", "The styles of the command\n.BR color :", nth_style);
	put_names("VIEWS", "The views of the command\n.BR view ,\nwhose names are also the contexts of\n.BR bind :", nth_view);
	return 0;
}
