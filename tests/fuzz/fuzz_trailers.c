/* The trailers of a version's message. Promise: whatever a title and a body hold, the version and the attempt that are read back are avo's own. */
#include "avo.h"
#include <git2.h>

#define git_commit_message(commit) ((const char *)(const void *)(commit))
#include "lineage/message.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t half = size ? data[0] % size : 0;
	char *title = xstrndup((const char *)data, half), *body = xstrndup((const char *)data + half, size - half);
	struct score score = { .count = 0 };
	struct promotion p = { .version = 7, .attempt = 17, .title = title, .body = body, .suite = "mha", .backend = "cuda", .score = &score };
	struct buf message = BUF_INIT;
	int version, attempt;

	lineage_read_trailers((const git_commit *)(const void *)body, &version, &attempt);
	if (version < -1 || attempt < -1)
		abort();
	lineage_format_message(&message, &p);
	lineage_read_trailers((const git_commit *)(const void *)buf_cstr(&message), &version, &attempt);
	if (version != 7 || attempt != 17)
		abort();
	buf_release(&message);
	free(title);
	free(body);
	return 0;
}
