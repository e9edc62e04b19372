#include "avo.h"
#include "llm/sse.h"

#define BOM "\xef\xbb\xbf"

void sse_init(struct sse *s, size_t max_event)
{
	memset(s, 0, sizeof(*s));
	buf_init(&s->line, max_event);
	buf_init(&s->data, max_event);
	buf_init(&s->name, 256);
}

void sse_release(struct sse *s)
{
	buf_release(&s->line);
	buf_release(&s->data);
	buf_release(&s->name);
}

static void dispatch(struct sse *s, sse_event_fn *fn, void *arg)
{
	struct sse_event e = { buf_cstr(&s->name), buf_cstr(&s->data), s->data.len };

	if (s->has_data && !fn(arg, &e))
		s->stopped = true;
	buf_clear(&s->name);
	buf_clear(&s->data);
	s->has_data = false;
}

static void add_field(struct sse *s, const char *field, size_t field_len, const char *value, size_t value_len)
{
	if (field_len == 4 && memcmp(field, "data", 4) == 0) {
		if (s->has_data)
			buf_addch(&s->data, '\n');
		buf_add(&s->data, value, value_len);
		s->has_data = true;
	} else if (field_len == 5 && memcmp(field, "event", 5) == 0) {
		buf_clear(&s->name);
		buf_add(&s->name, value, value_len);
	}
	/* id and retry steer a browser's reconnection, which would bill a second answer here */
}

static void take_line(struct sse *s, const char *line, size_t len, sse_event_fn *fn, void *arg)
{
	const char *colon = memchr(line, ':', len);
	const char *value = colon ? colon + 1 : line + len;
	size_t value_len = (size_t)(line + len - value);

	if (len == 0) {
		dispatch(s, fn, arg);
		return;
	}
	if (colon == line) {
		s->comments++;
		return;
	}
	if (value_len && *value == ' ') {
		value++;
		value_len--;
	}
	add_field(s, line, colon ? (size_t)(colon - line) : len, value, value_len);
}

static void end_line(struct sse *s, const char *piece, size_t len, sse_event_fn *fn, void *arg)
{
	if (s->line.len || !s->started) {
		buf_add(&s->line, piece, len);
		piece = buf_cstr(&s->line);
		len = s->line.len;
		if (!s->started && len >= 3 && memcmp(piece, BOM, 3) == 0) {
			piece += 3;
			len -= 3;
		}
		s->started = true;
	}
	take_line(s, piece, len, fn, arg);
	buf_clear(&s->line);
}

/* memchr for either line end. */
static const char *find_end(const char *at, const char *end)
{
	const char *lf = memchr(at, '\n', (size_t)(end - at));
	const char *cr = memchr(at, '\r', (size_t)((lf ? lf : end) - at));

	return cr ? cr : lf;
}

enum avo_status sse_feed(struct sse *s, const char *bytes, size_t len, sse_event_fn *fn, void *arg, struct error *err)
{
	const char *at = bytes, *end = bytes + len;

	while (at < end && !s->stopped) {
		const char *stop;

		if (s->after_cr && *at == '\n')
			at++;
		s->after_cr = false;
		if (at == end)
			break;
		stop = find_end(at, end);
		if (!stop) {
			buf_add(&s->line, at, (size_t)(end - at));
			at = end;
		} else {
			/* judged before the line is taken, which clears the mark */
			if (s->line.len + (size_t)(stop - at) > s->line.max)
				s->line.overflow = true;
			else
				end_line(s, at, (size_t)(stop - at), fn, arg);
			s->after_cr = *stop == '\r';
			at = stop + 1;
		}
		if (s->line.overflow || s->data.overflow)
			return error_set(err, AVO_CORRUPT, "the server sent an event of more than %zu bytes", s->data.max);
	}
	return AVO_OK;
}
