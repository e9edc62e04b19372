/* Bytes of a terminal. Promise: nothing but keys comes out, at most one a byte, each with a name that a terminal can show. */
#include "avo.h"
#include "ui/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(condition) do { if (!(condition)) abort(); } while (0)

static void check_key(uint32_t key)
{
	char name[KEY_NAME_SIZE];
	size_t i;

	require(key < KEY_END_SPECIAL && key_label(name, key) == name);
	require(name[0] && memchr(name, '\0', sizeof(name)));
	for (i = 0; name[i]; i++)
		require(name[i] >= 0x20 && name[i] < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { .sequences = { [0] = "\033OA", [1] = "\033OB", [4] = "\033[5~" } };
	char text[64];
	const char *rest = text;
	size_t fed = 0, keys = 0;
	uint32_t key;

	while (fed < size) {
		fed += input_feed(&in, (const char *)data + fed, size - fed);
		while ((key = input_next(&in, fed % 3 == 0)) != KEY_NONE) {
			check_key(key);
			require(++keys <= size);
		}
		require(!input_waits(&in) || in.len);
		if (in.len == sizeof(in.bytes))
			while (input_next(&in, true) != KEY_NONE)
				;
	}
	snprintf(text, sizeof(text), "%.*s", (int)(size < 60 ? size : 60), (const char *)data);
	while (*rest && key_parse(&rest) != KEY_NONE)
		;
	return 0;
}
