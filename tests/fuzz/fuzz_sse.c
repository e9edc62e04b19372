/* Server-sent events: any cutting of the bytes gives the same events; and what HTML and documents are cut into stays within bounds. */
#include "avo.h"
#include "knowledge/split.h"
#include "llm/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool log_event(void *arg, const struct sse_event *e)
{
	buf_addstr(arg, e->name);
	buf_addch(arg, '|');
	buf_add(arg, e->data, e->len);
	buf_addch(arg, ']');
	return true;
}

static void run(struct buf *out, const char *bytes, size_t len, size_t step)
{
	enum avo_status st = AVO_OK;
	struct sse s;
	size_t at;

	sse_init(&s, 1 << 16);
	for (at = 0; at < len && st == AVO_OK; at += step)
		st = sse_feed(&s, bytes + at, at + step < len ? step : len - at, log_event, out, NULL);
	sse_release(&s);
}

static void check_section(void *arg, const struct section *s)
{
	if (s->len > SECTION_MAX_BYTES + 1 || s->line < 1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT, pieces = BUF_INIT, text = BUF_INIT, title = BUF_INIT;
	const char *bytes = (const char *)data + 1;

	if (size < 2)
		return 0;
	size--;
	run(&whole, bytes, size, size);
	run(&pieces, bytes, size, 1 + data[0] % 8);
	if (whole.len != pieces.len || (whole.len && memcmp(whole.data, pieces.data, whole.len) != 0))
		abort();
	html_to_text(&text, bytes, size);
	split_document((enum text_kind)(data[0] % 4), buf_cstr(&text), text.len, &title, check_section, NULL);
	split_document((enum text_kind)(data[0] % 4), bytes, size, &title, check_section, NULL);
	buf_release(&whole);
	buf_release(&pieces);
	buf_release(&text);
	buf_release(&title);
	return 0;
}
