#include "avo.h"
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

char *str_trim(char *s)
{
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	n = strlen(s);
	while (n && isspace((unsigned char)s[n - 1]))
		s[--n] = '\0';
	return s;
}

bool str_next_line(const char **cursor, const char *end, const char **line, size_t *len)
{
	const char *start = *cursor, *newline;

	if (start >= end)
		return false;
	newline = memchr(start, '\n', (size_t)(end - start));
	*line = start;
	*len = (size_t)((newline ? newline : end) - start);
	*cursor = newline ? newline + 1 : end;
	if (newline && *len && start[*len - 1] == '\r')
		--*len;
	return true;
}

bool str_to_long(long *out, const char *s, long min, long max)
{
	char *end;
	long n;

	if (!isdigit((unsigned char)*s) && *s != '-')
		return false;
	errno = 0;
	n = strtol(s, &end, 10);
	if (errno || end == s || *end || n < min || n > max)
		return false;
	*out = n;
	return true;
}

bool str_to_double(double *out, const char *s)
{
	char *end;
	double n;

	if (!*s || isspace((unsigned char)*s))
		return false;
	n = strtod(s, &end);
	if (end == s || *end || !isfinite(n))
		return false;
	*out = n;
	return true;
}

long str_to_id(const char *s, char letter)
{
	long n;

	if (s[0] != letter || !isdigit((unsigned char)s[1]) || !str_to_long(&n, s + 1, 0, 1000000000))
		return -1;
	return n;
}

uint64_t str_hash(const char *s, size_t len)
{
	uint64_t h = 0xcbf29ce484222325ULL;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3ULL;
	return h ? h : 1;
}

size_t str_utf8_decode(uint32_t *code, const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n, i;
	uint32_t c;

	if (!len)
		return 0;
	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	n = p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 0;
	if (!n || p[0] >= 0xf5 || len < n)
		return 0;
	c = p[0] & (0x7fu >> n);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*code = c;
	return n;
}

/* The length of the escape sequence at s (which starts with ESC), at least 1. */
static size_t escape_length(const char *s, size_t len)
{
	size_t i = 2;

	if (len < 2)
		return len;
	switch (s[1]) {
	case '[':
		while (i < len && (unsigned char)s[i] >= 0x20 && (unsigned char)s[i] < 0x40)
			i++;
		return i < len && (unsigned char)s[i] >= 0x40 && (unsigned char)s[i] < 0x7f ? i + 1 : i;
	case ']': case 'P': case 'X': case '^': case '_':
		/* strings, ended by BEL or ESC \; an unfinished one ends at its line */
		for (; i < len && s[i] != '\n'; i++) {
			if (s[i] == '\a')
				return i + 1;
			if (s[i] == '\033' && i + 1 < len && s[i + 1] == '\\')
				return i + 2;
		}
		return i;
	default:
		while (i <= len && (unsigned char)s[i - 1] >= 0x20 && (unsigned char)s[i - 1] < 0x30)
			i++;
		return i <= len ? i : len;
	}
}

static bool obeyed_by_terminals(uint32_t c)
{
	return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0) ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	       c == 0x200e || c == 0x200f || c == 0x61c || c == 0xfeff;
}

static void add_shown(struct buf *out, uint32_t c)
{
	static const char letters[] = { ['\t'] = 't', ['\n'] = 'n', ['\r'] = 'r' };

	if (c < sizeof(letters) && letters[c])
		buf_printf(out, "\\%c", letters[c]);
	else
		buf_printf(out, c < 0x80 ? "\\x%02x" : "\\u%04x", (unsigned)c);
}

void str_escape(struct buf *out, const char *text, size_t len)
{
	size_t i = 0;

	while (i < len) {
		uint32_t c;
		size_t n = str_utf8_decode(&c, text + i, len - i);

		if (!n)
			buf_printf(out, "\\x%02x", (unsigned)(unsigned char)text[i]);
		else if (c == '\n' || c == '\t' || obeyed_by_terminals(c))
			add_shown(out, c);
		else
			buf_add(out, text + i, n);
		i += n ? n : 1;
	}
}

void str_sanitize(struct buf *out, const char *text, size_t len)
{
	size_t i = 0;

	while (i < len) {
		uint32_t c;
		size_t n;

		if (text[i] == '\033') {
			i += escape_length(text + i, len - i);
			continue;
		}
		n = str_utf8_decode(&c, text + i, len - i);
		if (!n) {
			buf_addstr(out, "\xef\xbf\xbd");
			i++;
			continue;
		}
		if (!obeyed_by_terminals(c))
			buf_add(out, text + i, n);
		i += n;
	}
}
