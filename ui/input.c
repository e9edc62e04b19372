#include "avo.h"
#include "base/str.h"
#include "ui/input.h"

#include <ctype.h>

size_t input_feed(struct input *in, const char *bytes, size_t len)
{
	size_t n = sizeof(in->bytes) - in->len;

	if (n > len)
		n = len;
	memcpy(in->bytes + in->len, bytes, n);
	in->len += n;
	return n;
}

static void drop(struct input *in, size_t n)
{
	memmove(in->bytes, in->bytes + n, in->len - n);
	in->len -= n;
}

/* Sequences that terminals send whatever their description says. */
static const struct { const char *bytes; uint32_t key; } common[] = {
	{ "\033[A", KEY_ARROW_UP }, { "\033[B", KEY_ARROW_DOWN }, { "\033[C", KEY_ARROW_RIGHT }, { "\033[D", KEY_ARROW_LEFT },
	{ "\033OA", KEY_ARROW_UP }, { "\033OB", KEY_ARROW_DOWN }, { "\033OC", KEY_ARROW_RIGHT }, { "\033OD", KEY_ARROW_LEFT },
	{ "\033[H", KEY_TO_HOME }, { "\033[F", KEY_TO_END }, { "\033OH", KEY_TO_HOME }, { "\033OF", KEY_TO_END },
	{ "\033[1~", KEY_TO_HOME }, { "\033[4~", KEY_TO_END }, { "\033[5~", KEY_PAGE_UP }, { "\033[6~", KEY_PAGE_DOWN },
	{ "\033[2~", KEY_INSERT }, { "\033[3~", KEY_DEL }, { "\033[Z", KEY_SHIFT_TAB },
};

enum fit { FIT_NONE, FIT_PART, FIT_WHOLE };

static enum fit fits(const struct input *in, const char *sequence)
{
	size_t len = strlen(sequence), n = in->len < len ? in->len : len;

	if (!len || memcmp(in->bytes, sequence, n) != 0)
		return FIT_NONE;
	return n == len ? FIT_WHOLE : FIT_PART;
}

static enum fit find_sequence(const struct input *in, uint32_t *key, size_t *len)
{
	enum fit best = FIT_NONE;
	size_t i;

	for (i = 0; i < ARRAY_LEN(in->sequences) + ARRAY_LEN(common); i++) {
		bool own = i < ARRAY_LEN(in->sequences);
		const char *s = own ? in->sequences[i] : common[i - ARRAY_LEN(in->sequences)].bytes;
		enum fit fit = s && s[0] == '\033' ? fits(in, s) : FIT_NONE;

		if (fit == FIT_WHOLE) {
			*key = own ? KEY_FIRST_SPECIAL + (uint32_t)i : common[i - ARRAY_LEN(in->sequences)].key;
			*len = strlen(s);
			return FIT_WHOLE;
		}
		if (fit == FIT_PART)
			best = FIT_PART;
	}
	return best;
}

/* A control sequence nobody knows is swallowed whole, so that it does not type its tail as keys. */
static enum fit unknown_sequence(const struct input *in, size_t *len)
{
	size_t i = 2;

	if (in->len < 2 || (in->bytes[1] != '[' && in->bytes[1] != 'O'))
		return FIT_NONE;
	if (in->bytes[1] == 'O') {
		*len = 3;
		return in->len >= 3 ? FIT_WHOLE : FIT_PART;
	}
	while (i < in->len && (unsigned char)in->bytes[i] >= 0x20 && (unsigned char)in->bytes[i] < 0x40)
		i++;
	*len = i + 1;
	return i < in->len ? FIT_WHOLE : FIT_PART;
}

static uint32_t take_escape(struct input *in, bool flush)
{
	uint32_t key = KEY_UNKNOWN;
	size_t len = 1;
	enum fit fit = find_sequence(in, &key, &len);

	if (fit == FIT_NONE)
		fit = unknown_sequence(in, &len);
	if (fit == FIT_WHOLE) {
		drop(in, len);
		return key;
	}
	if (!flush && in->len < sizeof(in->bytes) && (fit == FIT_PART || in->len == 1))
		return KEY_NONE;
	/* nothing followed in time, or something that is no sequence: the key ESC itself */
	drop(in, 1);
	return KEY_ESCAPE;
}

static bool incomplete_utf8(const struct input *in)
{
	unsigned char first = (unsigned char)in->bytes[0];
	size_t need = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;

	return in->len < need;
}

uint32_t input_next(struct input *in, bool flush)
{
	uint32_t code;
	size_t n;

	if (!in->len)
		return KEY_NONE;
	if (in->bytes[0] == '\033')
		return take_escape(in, flush);
	if (in->bytes[0] == '\0') {
		drop(in, 1);
		return KEY_UNKNOWN;
	}
	n = str_utf8_decode(&code, in->bytes, in->len);
	if (!n && incomplete_utf8(in) && !flush)
		return KEY_NONE;
	drop(in, n ? n : 1);
	if (!n)
		return KEY_UNKNOWN;
	return code == '\n' ? KEY_RETURN : code == '\b' ? KEY_RUBOUT : code;
}

bool input_waits(const struct input *in)
{
	return in->len > 0;
}

static const struct { const char *name; uint32_t key; } names[] = {
	{ "Up", KEY_ARROW_UP }, { "Down", KEY_ARROW_DOWN }, { "Left", KEY_ARROW_LEFT }, { "Right", KEY_ARROW_RIGHT },
	{ "PageUp", KEY_PAGE_UP }, { "PageDown", KEY_PAGE_DOWN }, { "Home", KEY_TO_HOME }, { "End", KEY_TO_END },
	{ "Tab", KEY_TAB }, { "S-Tab", KEY_SHIFT_TAB }, { "Enter", KEY_RETURN }, { "Esc", KEY_ESCAPE },
	{ "Space", ' ' }, { "BS", KEY_RUBOUT }, { "Del", KEY_DEL }, { "Insert", KEY_INSERT }, { "lt", '<' },
};

char *key_label(char out[KEY_NAME_SIZE], uint32_t key)
{
	struct buf b;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].key == key) {
			if (key == ' ' || key >= KEY_FIRST_SPECIAL || key < 0x20 || key == KEY_RUBOUT)
				snprintf(out, KEY_NAME_SIZE, "%s", names[i].name);
			else
				snprintf(out, KEY_NAME_SIZE, "%c", (int)key);
			return out;
		}
	if (key < 0x20) {
		snprintf(out, KEY_NAME_SIZE, "^%c", (int)key + '@');
	} else if (key < 0x7f) {
		snprintf(out, KEY_NAME_SIZE, "%c", (int)key);
	} else {
		buf_init(&b, KEY_NAME_SIZE);
		buf_printf(&b, "U+%04X", (unsigned)key);
		snprintf(out, KEY_NAME_SIZE, "%s", buf_cstr(&b));
		buf_release(&b);
	}
	return out;
}

static uint32_t parse_bracketed(const char *name, size_t len)
{
	size_t i;

	if (len == 3 && (name[0] == 'C' || name[0] == 'c') && name[1] == '-' && isalpha((unsigned char)name[2]))
		return (uint32_t)(toupper((unsigned char)name[2]) - '@');
	for (i = 0; i < ARRAY_LEN(names); i++)
		if (strlen(names[i].name) == len && strncasecmp(names[i].name, name, len) == 0)
			return names[i].key;
	return KEY_NONE;
}

uint32_t key_parse(const char **text)
{
	const char *s = *text, *close;
	uint32_t key;
	size_t n;

	if (s[0] == '<' && (close = strchr(s, '>')) != NULL) {
		key = parse_bracketed(s + 1, (size_t)(close - s - 1));
		*text = close + 1;
		return key;
	}
	n = str_utf8_decode(&key, s, strlen(s));
	if (!n)
		return KEY_NONE;
	*text = s + n;
	return key;
}
