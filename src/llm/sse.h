/*
 * Server-sent events: bytes in, events out, by the rules of the WHATWG HTML
 * standard (section "Interpreting an event stream"). Any chunking of the same
 * bytes gives the same events. An event that is not ended by a blank line is
 * never delivered.
 */
#ifndef AVO_LLM_SSE_H
#define AVO_LLM_SSE_H

#include "base/buf.h"
#include "base/error.h"

struct sse_event {
	const char *name;	/* "" when the stream names none; NUL-terminated */
	const char *data;	/* lines joined by newlines; NUL-terminated, may hold NULs within len */
	size_t len;
};

/* Returns false to stop: the rest of the bytes is not looked at. */
typedef bool sse_event_fn(void *arg, const struct sse_event *event);

struct sse {
	struct buf line;	/* the line that is not ended yet */
	struct buf name, data;
	bool has_data;		/* a data field was seen since the last dispatch */
	bool after_cr;		/* a line ended in CR: a LF that follows belongs to it */
	bool started;		/* the byte order mark was looked for */
	bool stopped;
	unsigned comments;	/* ":" lines seen: signs of life that carry nothing */
};

/* max_event bounds one line and one event's data, in bytes. */
void sse_init(struct sse *s, size_t max_event);
void sse_release(struct sse *s);
/* AVO_CORRUPT when an event is larger than the maximum; the stream is of no use then. */
enum avo_status sse_feed(struct sse *s, const char *bytes, size_t len, sse_event_fn *fn, void *arg, struct error *err);

#endif
