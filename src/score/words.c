#include "avo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "score/words.h"

static int count(const struct words *w)
{
	int n = 0;

	while (n < WORDS_LINES && w->lines[n])
		n++;
	return n;
}

static void keep(struct words *w, const char *line, size_t len)
{
	struct buf clean = BUF_INIT;
	int n = count(w);
	char *text;

	str_sanitize(&clean, line, len < WORDS_LINE_BYTES ? len : WORDS_LINE_BYTES);
	text = str_trim((char *)buf_cstr(&clean));
	if (*text) {
		log_info("worker: %s", text);
		if (n == WORDS_LINES) {
			free(w->lines[0]);
			memmove(w->lines, w->lines + 1, --n * sizeof(*w->lines));
		}
		w->lines[n] = xstrdup(text);
	}
	buf_release(&clean);
}

void words_add(struct words *w, const char *text, size_t len)
{
	char *newline;

	buf_add(&w->part, text, len);
	while (w->part.len && (newline = memchr(w->part.data, '\n', w->part.len))) {
		size_t n = (size_t)(newline - w->part.data);

		keep(w, w->part.data, n);
		buf_consume(&w->part, n + 1);
	}
	/* a bar that is drawn again and again, or a dump of something */
	if (w->part.len > WORDS_LINE_BYTES)
		words_end(w);
}

void words_end(struct words *w)
{
	if (w->part.len)
		keep(w, w->part.data, w->part.len);
	buf_clear(&w->part);
}

const char *words_line(const struct words *w, int index)
{
	return index >= 0 && index < WORDS_LINES ? w->lines[index] : NULL;
}

const char *words_last(const struct words *w)
{
	return words_line(w, count(w) - 1);
}

void words_release(struct words *w)
{
	int i;

	for (i = 0; i < WORDS_LINES; i++)
		free(w->lines[i]);
	buf_release(&w->part);
}
