/*
 * The one growing buffer: bytes with a maximum and a sticky error, so that a
 * writer appends freely and the caller checks once at the end. The contents
 * are always followed by a NUL that does not count.
 */
#ifndef AVO_BASE_BUF_H
#define AVO_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;		/* owned; never NULL after the first append; use buf_cstr otherwise */
	size_t len;
	size_t cap;
	size_t max;		/* 0: BUF_DEFAULT_MAX */
	bool overflow;		/* an append went past max: contents are a prefix */
};

#define BUF_INIT { 0 }
#define BUF_DEFAULT_MAX ((size_t)256 << 20)

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);
void buf_clear(struct buf *b);			/* keeps the memory and clears overflow */
bool buf_add(struct buf *b, const void *data, size_t len);
bool buf_addstr(struct buf *b, const char *s);
bool buf_addch(struct buf *b, char c);
bool buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool buf_vprintf(struct buf *b, const char *fmt, va_list ap);
/* Space for `len` more bytes to be written at data + len by the caller, who then calls buf_commit. NULL past the maximum. */
char *buf_reserve(struct buf *b, size_t len);
void buf_commit(struct buf *b, size_t len);
/* Removes the first len bytes. */
void buf_consume(struct buf *b, size_t len);
/* The contents as a string, "" when nothing was ever appended. Borrowed. */
const char *buf_cstr(const struct buf *b);
/* The contents as an owned string; the buffer is empty afterwards. */
char *buf_detach(struct buf *b);

#endif
