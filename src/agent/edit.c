#include "avo.h"
#include "agent/edit.h"
#include "base/str.h"

#include <ctype.h>

static size_t count_hits(const char *text, size_t len, const char *old, size_t n)
{
	const char *at = text, *end = text + len;
	size_t hits = 0;

	while ((at = memmem(at, (size_t)(end - at), old, n))) {
		hits++;
		at += n;
	}
	return hits;
}

static int line_of(const char *text, const char *at)
{
	int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

/* The numbers of the lines where it stands, for somebody who must say which one is meant. */
static void list_lines(struct buf *out, const char *text, size_t len, const char *old, size_t n)
{
	const char *at = text, *end = text + len;
	int shown = 0;

	while (shown < 8 && (at = memmem(at, (size_t)(end - at), old, n))) {
		buf_printf(out, "%s%d", shown++ ? ", " : "", line_of(text, at));
		at += n;
	}
}

static size_t squeeze(char *out, size_t size, const char *line, size_t len)
{
	size_t n = 0, i;

	for (i = 0; i < len && n + 1 < size; i++)
		if (!isspace((unsigned char)line[i]))
			out[n++] = line[i];
	out[n] = '\0';
	return n;
}

/* Share of character pairs that two lines have in common, white space aside. */
static double likeness(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned char seen[256] = { 0 };
	char x[256], y[256];
	size_t n = squeeze(x, sizeof(x), a, a_len), m = squeeze(y, sizeof(y), b, b_len), i, common = 0;

	if (n < 2 || m < 2)
		return n == m && memcmp(x, y, n) == 0 ? 1 : 0;
	for (i = 0; i + 1 < n; i++)
		seen[((unsigned char)x[i] * 31 + (unsigned char)x[i + 1]) & 255]++;
	for (i = 0; i + 1 < m; i++) {
		unsigned char *s = &seen[((unsigned char)y[i] * 31 + (unsigned char)y[i + 1]) & 255];

		if (*s) {
			--*s;
			common++;
		}
	}
	return 2.0 * (double)common / (double)(n + m - 2);
}

/* The line of text that is most like the first telling line of old. */
static int nearest_line(double *score, const char **line, size_t *line_len, const char *text, size_t len, const char *old)
{
	const char *want = old, *old_end = old + strlen(old), *cursor = old, *at = text, *l;
	size_t want_len = 0, n;
	int number = 0, best = 0;

	while (str_next_line(&cursor, old_end, &want, &want_len))
		if (want_len > 3)
			break;
	*score = 0;
	while (str_next_line(&at, text + len, &l, &n)) {
		double s = likeness(want, want_len, l, n);

		number++;
		if (s > *score) {
			*score = s;
			best = number;
			*line = l;
			*line_len = n;
		}
	}
	return best;
}

static enum avo_status explain_miss(const char *text, size_t len, const char *old, struct error *err)
{
	const char *line = NULL;
	size_t n = 0;
	double score;
	int at = nearest_line(&score, &line, &n, text, len, old);

	if (score > 0.99)
		return error_set(err, AVO_NEGATIVE, "the text to replace is not there; line %d differs only in white space "
				 "or in what follows it. It reads:\n%.*s\nRead the file again and copy the lines exactly.", at, (int)(n < 200 ? n : 200), line);
	if (score > 0.6)
		return error_set(err, AVO_NEGATIVE, "the text to replace is not there; most alike is line %d:\n%.*s\n"
				 "Read the file again and copy the lines exactly.", at, (int)(n < 200 ? n : 200), line);
	return error_set(err, AVO_NEGATIVE, "the text to replace is not there, nor anything like it; read the file again");
}

enum avo_status edit_replace(struct buf *out, int *replaced, const char *text, size_t len, const char *old, const char *fresh,
			     enum edit_scope scope, struct error *err)
{
	size_t n = strlen(old), hits;
	const char *at = text, *end = text + len, *hit;
	struct buf lines = BUF_INIT;

	*replaced = 0;
	if (n == 0)
		return error_set(err, AVO_USAGE, "the text to replace is empty; write replaces a whole file");
	if (strcmp(old, fresh) == 0)
		return error_set(err, AVO_USAGE, "old and new are the same");
	hits = count_hits(text, len, old, n);
	if (hits == 0)
		return explain_miss(text, len, old, err);
	if (hits > 1 && scope == EDIT_ONE) {
		list_lines(&lines, text, len, old, n);
		error_set(err, AVO_NEGATIVE, "the text to replace is there %zu times, at lines %s; "
			  "take in more lines around the one you mean, or set all", hits, lines.data);
		buf_release(&lines);
		return AVO_NEGATIVE;
	}
	while ((hit = memmem(at, (size_t)(end - at), old, n))) {
		buf_add(out, at, (size_t)(hit - at));
		buf_addstr(out, fresh);
		at = hit + n;
		++*replaced;
	}
	buf_add(out, at, (size_t)(end - at));
	return AVO_OK;
}
