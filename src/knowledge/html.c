#include "avo.h"
#include "knowledge/split.h"

#include <ctype.h>
#include <strings.h>

static bool tag_is(const char *tag, size_t len, const char *name)
{
	size_t n = strlen(name);

	return len >= n && strncasecmp(tag, name, n) == 0 && (len == n || !isalnum((unsigned char)tag[n]));
}

/* The end of <script>...</script> and the like, whose contents are not text. */
static const char *skip_element(const char *at, const char *end, const char *name)
{
	size_t n = strlen(name);

	for (; at + n + 2 < end; at++)
		if (at[0] == '<' && at[1] == '/' && strncasecmp(at + 2, name, n) == 0)
			return at;
	return end;
}

static void put_code_point(struct buf *out, unsigned long c)
{
	if (c < 0x80) {
		buf_addch(out, c < 32 ? ' ' : (char)c);
	} else if (c < 0x800) {
		buf_addch(out, (char)(0xc0 | c >> 6));
		buf_addch(out, (char)(0x80 | (c & 63)));
	} else if (c < 0x10000 && (c < 0xd800 || c > 0xdfff)) {
		buf_addch(out, (char)(0xe0 | c >> 12));
		buf_addch(out, (char)(0x80 | (c >> 6 & 63)));
		buf_addch(out, (char)(0x80 | (c & 63)));
	}
}

static const char *put_entity(struct buf *out, const char *at, const char *end)
{
	static const struct { const char *name; const char *text; } named[] = {
		{ "amp;", "&" }, { "lt;", "<" }, { "gt;", ">" }, { "quot;", "\"" }, { "apos;", "'" },
		{ "nbsp;", " " }, { "mdash;", "-" }, { "ndash;", "-" }, { "times;", "x" }, { "le;", "<=" }, { "ge;", ">=" },
	};
	size_t i, left = (size_t)(end - at) - 1;
	unsigned long code = 0;
	const char *s = at + 2;

	for (i = 0; i < ARRAY_LEN(named); i++) {
		size_t n = strlen(named[i].name);

		if (left >= n && memcmp(at + 1, named[i].name, n) == 0) {
			buf_addstr(out, named[i].text);
			return at + 1 + n;
		}
	}
	if (left >= 3 && at[1] == '#') {
		bool hex = *s == 'x' || *s == 'X';

		for (s += hex; s < end && (hex ? isxdigit((unsigned char)*s) : isdigit((unsigned char)*s)) && code < 0x110000; s++)
			code = code * (hex ? 16 : 10) + (unsigned long)(isdigit((unsigned char)*s) ? *s - '0' : tolower((unsigned char)*s) - 'a' + 10);
		if (s < end && *s == ';') {
			put_code_point(out, code);
			return s + 1;
		}
	}
	buf_addch(out, '&');
	return at + 1;
}

static void put_tag(struct buf *out, const char *tag, size_t len, bool *pre)
{
	static const char *const breaking[] = { "p", "div", "br", "li", "tr", "ul", "ol", "table", "section", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "pre" };
	bool closing = len && *tag == '/';
	size_t i;

	if (closing) {
		tag++;
		len--;
	}
	for (i = 0; i < ARRAY_LEN(breaking); i++)
		if (tag_is(tag, len, breaking[i]))
			buf_addch(out, '\n');
	if (tag_is(tag, len, "pre"))
		*pre = !closing;
	if (!closing && len >= 2 && (*tag == 'h' || *tag == 'H') && tag[1] >= '1' && tag[1] <= '6' &&
	    (len == 2 || !isalnum((unsigned char)tag[2])))
		buf_printf(out, "%.*s ", tag[1] - '0', "######");
	if (!closing && tag_is(tag, len, "li"))
		buf_addstr(out, "- ");
	if (tag_is(tag, len, "td") || tag_is(tag, len, "th"))
		buf_addch(out, ' ');
}

void html_to_text(struct buf *out, const char *html, size_t len)
{
	static const char *const hidden[] = { "script", "style", "noscript", "svg", "nav", "template" };
	const char *at = html, *end = html + len;
	bool pre = false;
	size_t i;

	while (at < end) {
		if (*at == '<' && end - at >= 4 && memcmp(at, "<!--", 4) == 0) {
			const char *close = memmem(at, (size_t)(end - at), "-->", 3);

			at = close ? close + 3 : end;
		} else if (*at == '<' && at + 1 < end && (isalpha((unsigned char)at[1]) || at[1] == '/' || at[1] == '!')) {
			const char *close = memchr(at, '>', (size_t)(end - at));
			size_t n = (size_t)((close ? close : end) - at) - 1;
			const char *tag = at + 1;

			put_tag(out, tag, n, &pre);
			at = close ? close + 1 : end;
			for (i = 0; i < ARRAY_LEN(hidden); i++)
				if (tag_is(tag, n, hidden[i]))
					at = skip_element(at, end, hidden[i]);
		} else if (*at == '&') {
			at = put_entity(out, at, end);
		} else if (isspace((unsigned char)*at) && !pre) {
			if (out->len && !isspace((unsigned char)out->data[out->len - 1]))
				buf_addch(out, ' ');
			at++;
		} else {
			buf_addch(out, *at++);
		}
	}
}
