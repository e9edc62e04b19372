#include "avo.h"
#include "base/buf.h"
#include "base/mem.h"

void buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void buf_release(struct buf *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->overflow = false;
	if (b->data)
		b->data[0] = '\0';
}

static size_t maximum(const struct buf *b)
{
	return b->max ? b->max : BUF_DEFAULT_MAX;
}

char *buf_reserve(struct buf *b, size_t len)
{
	if (len > maximum(b) || b->len > maximum(b) - len) {
		b->overflow = true;
		return NULL;
	}
	b->data = xgrow(b->data, &b->cap, b->len + len + 1, 1);
	return b->data + b->len;
}

void buf_commit(struct buf *b, size_t len)
{
	b->len += len;
	b->data[b->len] = '\0';
}

bool buf_add(struct buf *b, const void *data, size_t len)
{
	char *room;

	if (b->overflow)
		return false;
	room = buf_reserve(b, len);
	if (!room) {
		size_t rest = maximum(b) - b->len;

		b->overflow = false;
		if (rest && buf_reserve(b, rest)) {
			memcpy(b->data + b->len, data, rest);
			buf_commit(b, rest);
		}
		b->overflow = true;
		return false;
	}
	if (len)
		memcpy(room, data, len);
	buf_commit(b, len);
	return true;
}

bool buf_addstr(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

bool buf_addch(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

bool buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	char small[256];
	char *text;
	va_list copy;
	bool ok;
	int n;

	va_copy(copy, ap);
	n = vsnprintf(small, sizeof(small), fmt, copy);
	va_end(copy);
	if (n < 0)
		return false;
	if ((size_t)n < sizeof(small))
		return buf_add(b, small, (size_t)n);
	text = xmalloc((size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	ok = buf_add(b, text, (size_t)n);
	free(text);
	return ok;
}

bool buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = buf_vprintf(b, fmt, ap);
	va_end(ap);
	return ok;
}

void buf_consume(struct buf *b, size_t len)
{
	if (len >= b->len) {
		b->len = 0;
	} else if (len) {
		memmove(b->data, b->data + len, b->len - len);
		b->len -= len;
	}
	if (b->data)
		b->data[b->len] = '\0';
}

const char *buf_cstr(const struct buf *b)
{
	return b->data ? b->data : "";
}

char *buf_detach(struct buf *b)
{
	char *data = b->data ? b->data : xstrdup("");

	b->data = NULL;
	b->len = b->cap = 0;
	b->overflow = false;
	return data;
}
