#include "avo.h"
#include "base/mem.h"
#include "base/str.h"
#include "candidate/parameter.h"

#include <ctype.h>

/* One annotated line, as pieces of it. */
struct annotation {
	const char *name, *value, *list;
	size_t name_len, value_len, list_len;
};

static const char *skip_blanks(const char *s, const char *end)
{
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	return s;
}

static const char *skip_word(const char *s, const char *end)
{
	while (s < end && !isspace((unsigned char)*s))
		s++;
	return s;
}

static const char *expect(const char *s, const char *end, const char *word)
{
	size_t n = strlen(word);

	return s && (size_t)(end - s) >= n && memcmp(s, word, n) == 0 ? s + n : NULL;
}

static const char *parse_name(struct annotation *a, const char *s, const char *end)
{
	a->name = s;
	while (s < end && (isalnum((unsigned char)*s) || *s == '_'))
		s++;
	a->name_len = (size_t)(s - a->name);
	/* a macro with arguments is no parameter */
	return a->name_len && s < end && isblank((unsigned char)*s) ? skip_blanks(s, end) : NULL;
}

static const char *parse_comment(const char *s, const char *end)
{
	const char *rest = expect(s, end, "//");

	if (!rest)
		rest = expect(s, end, "/*");
	return rest ? expect(skip_blanks(rest, end), end, "avo:") : NULL;
}

static bool parse_line(struct annotation *a, const char *s, const char *end)
{
	s = expect(skip_blanks(s, end), end, "#");
	if (!s || !(s = expect(skip_blanks(s, end), end, "define")) || s >= end || !isblank((unsigned char)*s))
		return false;
	s = parse_name(a, skip_blanks(s, end), end);
	if (!s)
		return false;
	a->value = s;
	s = skip_word(s, end);
	a->value_len = (size_t)(s - a->value);
	s = parse_comment(skip_blanks(s, end), end);
	if (!s || !a->value_len)
		return false;
	a->list = skip_blanks(s, end);
	s = skip_word(a->list, end);
	a->list_len = (size_t)(s - a->list);
	if (a->list_len >= 2 && memcmp(s - 2, "*/", 2) == 0)
		a->list_len -= 2;
	return a->list_len > 0;
}

int parameter_value(const struct parameter *p, const char *text, size_t len)
{
	int i;

	for (i = 0; i < p->count; i++)
		if (strlen(p->values[i]) == len && memcmp(p->values[i], text, len) == 0)
			return i;
	return -1;
}

int parameter_find(const struct parameter_set *set, const char *name, size_t len)
{
	int i;

	for (i = 0; i < set->count; i++)
		if (strlen(set->list[i].name) == len && memcmp(set->list[i].name, name, len) == 0)
			return i;
	return -1;
}

static void add_value(struct parameter *p, const char *text, size_t len)
{
	if (len && p->count < PARAMETER_MAX_VALUES && parameter_value(p, text, len) < 0)
		p->values[p->count++] = xstrndup(text, len);
}

static void add_values(struct parameter *p, const struct annotation *a)
{
	const char *s = a->list, *end = a->list + a->list_len;

	while (s < end) {
		const char *bar = memchr(s, '|', (size_t)(end - s));

		if (!bar)
			bar = end;
		add_value(p, s, (size_t)(bar - s));
		s = bar + 1;
	}
	add_value(p, a->value, a->value_len);
	p->current = parameter_value(p, a->value, a->value_len);
}

static enum avo_status add_parameter(struct parameter_set *set, const struct annotation *a, const char *path, struct error *err)
{
	int known = parameter_find(set, a->name, a->name_len);

	if (known >= 0) {
		const struct parameter *p = &set->list[known];

		if (parameter_value(p, a->value, a->value_len) == p->current)
			return AVO_OK;
		return error_set(err, AVO_CORRUPT, "%s: %s is %.*s here and %s elsewhere; one annotated name has one value",
				 path, p->name, (int)a->value_len, a->value, p->values[p->current]);
	}
	if (set->count == PARAMETER_MAX)
		return error_set(err, AVO_CORRUPT, "%s: more than %d annotated parameters", path, PARAMETER_MAX);
	memset(&set->list[set->count], 0, sizeof(set->list[0]));
	set->list[set->count].name = xstrndup(a->name, a->name_len);
	add_values(&set->list[set->count++], a);
	return AVO_OK;
}

/* FNV-1a */
static void hash_bytes(uint64_t *h, const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		*h = (*h ^ (unsigned char)s[i]) * 0x100000001b3ULL;
}

static void hash_without_value(uint64_t *h, const char *line, size_t len, const struct annotation *a)
{
	const char *behind = a->value + a->value_len;

	hash_bytes(h, line, (size_t)(a->value - line));
	hash_bytes(h, behind, (size_t)(line + len - behind));
}

static enum avo_status read_file(struct parameter_set *set, const struct source_file *file, struct error *err)
{
	const char *cursor = file->data, *end = cursor + file->len, *line;
	enum avo_status st = AVO_OK;
	size_t len;

	hash_bytes(&set->skeleton, file->path, strlen(file->path) + 1);
	while (st == AVO_OK && file->len && str_next_line(&cursor, end, &line, &len)) {
		struct annotation a;

		if (parse_line(&a, line, line + len)) {
			st = add_parameter(set, &a, file->path, err);
			hash_without_value(&set->skeleton, line, len, &a);
		} else {
			hash_bytes(&set->skeleton, line, len);
		}
		hash_bytes(&set->skeleton, "\n", 1);
	}
	return st;
}

enum avo_status parameter_set_read(struct parameter_set *out, const struct source_file *files, size_t count, struct error *err)
{
	enum avo_status st = AVO_OK;
	size_t i;

	out->count = 0;
	out->skeleton = 0xcbf29ce484222325ULL;
	for (i = 0; i < count && st == AVO_OK; i++)
		st = read_file(out, &files[i], err);
	if (st != AVO_OK)
		parameter_set_release(out);
	return st;
}

void parameter_set_release(struct parameter_set *set)
{
	int i, j;

	for (i = 0; i < set->count; i++) {
		free(set->list[i].name);
		for (j = 0; j < set->list[i].count; j++)
			free(set->list[i].values[j]);
	}
	set->count = 0;
}

void parameter_set_write(struct buf *out, const struct source_file *file, const struct parameter_set *set, const int *values)
{
	const char *cursor = file->data, *end = cursor + file->len, *kept = cursor, *line;
	size_t len;

	while (file->len && str_next_line(&cursor, end, &line, &len)) {
		struct annotation a;
		int i;

		if (!parse_line(&a, line, line + len) || (i = parameter_find(set, a.name, a.name_len)) < 0)
			continue;
		buf_add(out, kept, (size_t)(a.value - kept));
		buf_addstr(out, set->list[i].values[values[i]]);
		kept = a.value + a.value_len;
	}
	buf_add(out, kept, (size_t)(end - kept));
}

uint64_t parameter_space(const struct parameter_set *set)
{
	uint64_t product = 1;
	int i;

	for (i = 0; i < set->count; i++) {
		uint64_t n = (uint64_t)set->list[i].count;

		if (product > UINT64_MAX / n)
			return UINT64_MAX;
		product *= n;
	}
	return product;
}
