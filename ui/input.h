/*
 * Keys: bytes from a terminal become key codes, and keys have names, the same
 * in avorc, in scripts and in the help: "j", "G", "<C-d>", "<Tab>", "<Space>".
 * Pure: knows no terminal. Bytes may be anything; nothing but keys comes out.
 */
#ifndef AVO_UI_INPUT_H
#define AVO_UI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key is a Unicode code point, a control character, or one of these. */
enum key {
	KEY_NONE = 0,
	KEY_TAB = '\t', KEY_RETURN = '\r', KEY_ESCAPE = 27, KEY_RUBOUT = 127,
	KEY_FIRST_SPECIAL = 0x110000,
	KEY_ARROW_UP = KEY_FIRST_SPECIAL, KEY_ARROW_DOWN, KEY_ARROW_LEFT, KEY_ARROW_RIGHT,
	KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_TO_HOME, KEY_TO_END, KEY_DEL, KEY_INSERT, KEY_SHIFT_TAB,
	KEY_UNKNOWN,		/* a sequence of the terminal that means nothing to us */
	KEY_END_SPECIAL
};

struct input {
	char bytes[256];
	size_t len;
	/* What this terminal sends, from its description; entries may be NULL. */
	const char *sequences[KEY_END_SPECIAL - KEY_FIRST_SPECIAL];
};

/* Takes bytes in; returns how many fitted. */
size_t input_feed(struct input *in, const char *bytes, size_t len);
/*
 * The next key, or KEY_NONE. A lone ESC may be the start of a sequence: it
 * stays (input_waits is then true) until `flush` says that nothing followed in time.
 */
uint32_t input_next(struct input *in, bool flush);
bool input_waits(const struct input *in);

#define KEY_NAME_SIZE 16
char *key_label(char out[KEY_NAME_SIZE], uint32_t key);
/* Reads one key name from *text and moves behind it; KEY_NONE when it is not one. */
uint32_t key_parse(const char **text);

#endif
