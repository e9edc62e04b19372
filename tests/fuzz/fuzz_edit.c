/* The edit tool: a replacement that succeeds can be undone by the reverse counting of its pieces; one that fails says why. */
#include "avo.h"
#include "agent/edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Input: old, NUL, new, NUL, text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *old = (const char *)data, *end = old + size, *fresh, *text;
	struct buf out = BUF_INIT;
	struct error err = { 0 };
	enum avo_status st;
	size_t len;
	int n;

	fresh = memchr(old, 0, size);
	if (!fresh)
		return 0;
	fresh++;
	text = memchr(fresh, 0, (size_t)(end - fresh));
	if (!text)
		return 0;
	text++;
	len = (size_t)(end - text);
	st = edit_replace(&out, &n, text, len, old, fresh, data[0] & 1 ? EDIT_ALL : EDIT_ONE, &err);
	if (st == AVO_OK && out.len != len + (size_t)n * strlen(fresh) - (size_t)n * strlen(old))
		abort();
	if (st == AVO_OK && (n < 1 || (!(data[0] & 1) && n != 1)))
		abort();
	if (st != AVO_OK && (out.len || !err.text[0]))
		abort();
	buf_release(&out);
	return 0;
}
