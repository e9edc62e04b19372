#include "avo.h"
#include "base/str.h"
#include "knowledge/split.h"

#include <ctype.h>

#define MAX_DEPTH 6

struct splitter {
	enum text_kind kind;
	struct buf *title;
	section_fn *fn;
	void *arg;
	struct buf headings[MAX_DEPTH];	/* the chain of headings above this line */
	struct buf path;		/* the chain as text */
	struct buf symbols;
	struct buf body;
	int line, first_line;		/* of the document; where the section began */
	bool in_fence;			/* ``` : a # in there is a comment */
};

static bool has_words(const struct buf *b)
{
	size_t i;

	for (i = 0; i < b->len; i++)
		if (isalnum((unsigned char)b->data[i]))
			return true;
	return false;
}

static void emit(struct splitter *s)
{
	struct section sec = { buf_cstr(&s->path), buf_cstr(&s->symbols), buf_cstr(&s->body), s->body.len, s->first_line };

	if (has_words(&s->body))
		s->fn(s->arg, &sec);
	buf_clear(&s->body);
	buf_clear(&s->symbols);
	s->first_line = s->line;
}

static void set_heading(struct splitter *s, int depth, const char *text, size_t len)
{
	int i;

	emit(s);
	for (i = depth; i < MAX_DEPTH; i++)
		buf_clear(&s->headings[i]);
	while (len && (text[len - 1] == '#' || isspace((unsigned char)text[len - 1])))
		len--;
	buf_add(&s->headings[depth], text, len < 200 ? len : 200);
	buf_clear(&s->path);
	for (i = 0; i < MAX_DEPTH; i++) {
		if (!s->headings[i].len)
			continue;
		buf_printf(&s->path, "%s%s", s->path.len ? " > " : "", s->headings[i].data);
	}
	if (!s->title->len)
		buf_add(s->title, text, len < 200 ? len : 200);
}

static bool markdown_heading(struct splitter *s, const char *line, size_t len)
{
	size_t depth = 0;

	if (len >= 3 && (memcmp(line, "```", 3) == 0 || memcmp(line, "~~~", 3) == 0))
		s->in_fence = !s->in_fence;
	while (depth < len && line[depth] == '#')
		depth++;
	if (s->in_fence || depth == 0 || depth > MAX_DEPTH || depth == len || line[depth] != ' ')
		return false;
	set_heading(s, (int)depth - 1, line + depth + 1, len - depth - 1);
	return true;
}

/* A name that a line at the left margin defines: the last identifier before '(' or the one behind class, struct, def, #define. */
static bool defined_name(const char **name, size_t *name_len, const char *line, size_t len)
{
	static const char *const words[] = { "#define ", "class ", "struct ", "def ", "enum ", "namespace ", "__global__ " };
	const char *paren = memchr(line, '(', len), *at = NULL, *end = line + len;
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++) {
		size_t n = strlen(words[i]);

		if (len > n && memcmp(line, words[i], n) == 0 && i != 6)
			at = line + n;
	}
	if (!at && paren) {
		at = paren;
		while (at > line && (isalnum((unsigned char)at[-1]) || at[-1] == '_'))
			at--;
	}
	if (!at || at >= end || !(isalpha((unsigned char)*at) || *at == '_'))
		return false;
	*name = at;
	while (at < end && (isalnum((unsigned char)*at) || *at == '_'))
		at++;
	*name_len = (size_t)(at - *name);
	return true;
}

static void note_symbol(struct splitter *s, const char *line, size_t len)
{
	const char *name;
	size_t n;

	if (!len || isspace((unsigned char)*line) || strchr("/*}#@", *line) || !defined_name(&name, &n, line, len)) {
		if (len < 8 || memcmp(line, "#define ", 8) != 0 || !defined_name(&name, &n, line, len))
			return;
	}
	if (!s->symbols.len) {
		buf_clear(&s->path);
		buf_add(&s->path, name, n);
	} else {
		buf_addch(&s->symbols, ' ');
	}
	buf_add(&s->symbols, name, n);
}

/* Code is cut at a left margin behind an empty line, once enough has come together. */
static bool good_place_to_cut(const struct splitter *s, const char *line, size_t len)
{
	bool margin = len && !isspace((unsigned char)*line) && *line != '}';
	bool after_blank = s->body.len >= 2 && s->body.data[s->body.len - 2] == '\n';

	if (s->kind == TEXT_CODE)
		return s->body.len > 1200 && margin && after_blank;
	return s->body.len > SECTION_MAX_BYTES / 2 && len && after_blank && !s->in_fence;
}

static void take_line(struct splitter *s, const char *line, size_t len)
{
	s->line++;
	if (s->kind == TEXT_MARKDOWN && markdown_heading(s, line, len))
		return;
	if (s->body.len + len > SECTION_MAX_BYTES || good_place_to_cut(s, line, len))
		emit(s);
	if (s->kind == TEXT_CODE)
		note_symbol(s, line, len);
	/* a line longer than a section is data, not text: its beginning is enough to be found */
	buf_add(&s->body, line, len < SECTION_MAX_BYTES ? len : SECTION_MAX_BYTES);
	buf_addch(&s->body, '\n');
}

static void split_pages(struct splitter *s, const char *text, const char *end)
{
	int page = 1;

	while (text < end) {
		const char *stop = memchr(text, '\f', (size_t)(end - text));
		const char *line, *page_end = stop ? stop : end;
		size_t len;

		buf_clear(&s->path);
		buf_printf(&s->path, "page %d", page);
		s->line = s->first_line = page;
		while (str_next_line(&text, page_end, &line, &len)) {
			if (s->body.len + len > SECTION_MAX_BYTES)
				emit(s);
			s->first_line = page;
			buf_add(&s->body, line, len < SECTION_MAX_BYTES ? len : SECTION_MAX_BYTES);
			buf_addch(&s->body, '\n');
		}
		emit(s);
		text = page_end + (stop ? 1 : 0);
		page++;
	}
}

void split_document(enum text_kind kind, const char *text, size_t len, struct buf *title, section_fn *fn, void *arg)
{
	struct splitter s = { .kind = kind, .title = title, .fn = fn, .arg = arg, .first_line = 1 };
	const char *end = text + len, *line;
	size_t n;
	int i;

	if (kind == TEXT_PAGES) {
		split_pages(&s, text, end);
	} else {
		while (str_next_line(&text, end, &line, &n))
			take_line(&s, line, n);
		emit(&s);
	}
	for (i = 0; i < MAX_DEPTH; i++)
		buf_release(&s.headings[i]);
	buf_release(&s.path);
	buf_release(&s.symbols);
	buf_release(&s.body);
}
