/* Shared objects of candidates. Promise: whatever the bytes, a verdict with words that end, and nothing read beyond them. */
#include "avo.h"
#include "worker/cpu/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ends(text) (memchr((text), '\0', sizeof(text)) != NULL)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_findings found;
	char *bytes = malloc(size ? size : 1);	/* aligned, and its end is watched */

	memcpy(bytes, data, size);
	if (elf_judge(&found, bytes, size) &&
	    !(ends(found.load_time) && ends(found.writable_code) && ends(found.libraries) && ends(found.calls)))
		abort();
	free(bytes);
	return 0;
}
