#include "avo.h"
#include "base/glyph.h"
#include "base/mem.h"
#include "base/str.h"
#include "ui/canvas.h"
#include "ui/theme.h"

#include <wctype.h>

void canvas_init(struct canvas *c, int cols, int rows, bool ascii)
{
	memset(c, 0, sizeof(*c));
	c->ascii = ascii;
	canvas_resize(c, cols, rows);
}

void canvas_release(struct canvas *c)
{
	free(c->cells);
	memset(c, 0, sizeof(*c));
}

void canvas_resize(struct canvas *c, int cols, int rows)
{
	c->cols = cols > 0 ? cols : 1;
	c->rows = rows > 0 ? rows : 1;
	free(c->cells);
	c->cells = xcalloc((size_t)c->cols * (size_t)c->rows, sizeof(*c->cells));
	canvas_clear(c);
}

void canvas_clear(struct canvas *c)
{
	size_t i, n = (size_t)c->cols * (size_t)c->rows;

	for (i = 0; i < n; i++)
		c->cells[i] = (struct cell){ .ch = L' ' };
	c->cursor_x = c->cursor_y = -1;
}

static struct cell *cell_at(struct canvas *c, int x, int y)
{
	return &c->cells[(size_t)y * (size_t)c->cols + (size_t)x];
}

const struct cell *canvas_cell(const struct canvas *c, int x, int y)
{
	return &c->cells[(size_t)y * (size_t)c->cols + (size_t)x];
}

static void put(struct canvas *c, int x, int y, wchar_t ch, int width, int style)
{
	struct cell *at = cell_at(c, x, y);

	/* half of a wide character that is overwritten leaves a blank, never half a glyph */
	if (!at->ch && x > 0)
		at[-1].ch = L' ';
	if (x + width < c->cols && !at[width].ch)
		at[width].ch = L' ';
	*at = (struct cell){ .ch = ch, .style = (uint8_t)style };
	if (width == 2)
		at[1] = (struct cell){ .ch = 0, .style = (uint8_t)style };
}

/* The pen of one call: where the text stands and how much of it is to be seen. */
struct pen {
	struct canvas *c;	/* NULL: only measures */
	bool ascii;
	int x, y, left;		/* columns that may still be used */
	int skip;		/* columns still to be left out */
	int column;		/* of the text, whether seen or not: where tabs count from */
	int used;
	int style;
};

static bool pen_put(struct pen *p, wchar_t ch, int width)
{
	if (width == 0) {
		if (p->c && p->used > 0 && p->x > 0)
			p->c->cells[(size_t)p->y * (size_t)p->c->cols + (size_t)p->x - 1].mark = ch;
		return true;
	}
	p->column += width;
	if (p->skip >= width) {
		p->skip -= width;
		return true;
	}
	if (p->skip > 0) {		/* a wide character cut in the middle */
		p->skip = 0;
		ch = L' ';
		width = 1;
	}
	if (width > p->left)
		return false;
	if (p->c)
		put(p->c, p->x, p->y, ch, width, p->style);
	p->x += width;
	p->used += width;
	p->left -= width;
	return true;
}

static bool pen_code(struct pen *p, uint32_t code)
{
	const char *s;
	int width;

	if (code == '\t') {
		do
			if (!pen_put(p, L' ', 1))
				return false;
		while (p->column % 8);
		return true;
	}
	if (code == '\n')
		code = ' ';
	if (code < 0x80)
		return pen_put(p, (wchar_t)code, 1);
	if (!p->ascii) {
		width = wcwidth((wchar_t)code);
		return width < 0 ? pen_put(p, 0xfffd, 1) : pen_put(p, (wchar_t)code, width);
	}
	if (wcwidth((wchar_t)code) == 0)
		return true;
	for (s = glyph_ascii(code); *s; s++)
		if (!pen_put(p, (wchar_t)*s, 1))
			return false;
	return true;
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
			return false;
	return true;
}

static void pen_write(struct pen *p, const char *text)
{
	struct buf clean = BUF_INIT;
	const char *s = text;
	size_t len, n;
	uint32_t code;

	if (!is_plain(text)) {
		str_sanitize(&clean, text, strlen(text));
		s = buf_cstr(&clean);
	}
	for (len = strlen(s); len; s += n, len -= n) {
		n = str_utf8_decode(&code, s, len);
		if (!n || !pen_code(p, code))
			break;
	}
	buf_release(&clean);
}

int canvas_text_from(struct canvas *c, int x, int y, int width, int skip, int style, const char *text)
{
	struct pen p = { .c = c, .ascii = c->ascii, .x = x, .y = y, .left = width, .skip = skip, .style = style };

	if (y < 0 || y >= c->rows || x < 0 || x >= c->cols)
		return 0;
	if (p.left > c->cols - x)
		p.left = c->cols - x;
	pen_write(&p, text);
	return p.used;
}

int canvas_text(struct canvas *c, int x, int y, int width, int style, const char *text)
{
	return canvas_text_from(c, x, y, width, 0, style, text);
}

int canvas_width(const struct canvas *c, const char *text)
{
	struct pen p = { .ascii = c->ascii, .left = 1 << 20 };

	if (is_plain(text))
		return (int)strlen(text);
	pen_write(&p, text);
	return p.used;
}

void canvas_fill(struct canvas *c, int x, int y, int width, int style, const char *glyph)
{
	while (width > 0) {
		int used = canvas_text(c, x, y, width, style, glyph);

		if (!used)
			return;
		x += used;
		width -= used;
	}
}

void canvas_flag(struct canvas *c, int x, int y, int width, enum cell_flag flag)
{
	if (y < 0 || y >= c->rows)
		return;
	for (; width > 0 && x < c->cols; x++, width--)
		if (x >= 0)
			cell_at(c, x, y)->flags |= (uint8_t)flag;
}

static bool same_letter(wchar_t a, wchar_t b, bool exact)
{
	return a == b || (!exact && towlower((wint_t)a) == towlower((wint_t)b));
}

/* Columns that needle covers at (x, y), 0 when it does not stand there. */
static int match_width(struct canvas *c, int x, int y, int end, const wchar_t *needle, size_t len, bool exact)
{
	int at = x;
	size_t i;

	for (i = 0; i < len; i++) {
		while (at < end && !cell_at(c, at, y)->ch && at > x)
			at++;
		if (at >= end || !same_letter(cell_at(c, at, y)->ch, needle[i], exact))
			return 0;
		at++;
	}
	return at - x;
}

int canvas_flag_matches(struct canvas *c, int x, int y, int width, const char *needle)
{
	wchar_t wide[128];
	size_t len = 0, left = strlen(needle), n;
	bool exact = false;
	uint32_t code;
	int found = 0, end = x + width > c->cols ? c->cols : x + width;

	for (; left && len < ARRAY_LEN(wide); needle += n, left -= n) {
		n = str_utf8_decode(&code, needle, left);
		if (!n)
			return 0;
		wide[len++] = (wchar_t)code;
		exact |= iswupper((wint_t)code) != 0;
	}
	while (len && y >= 0 && y < c->rows && x < end) {
		int w = match_width(c, x, y, end, wide, len, exact);

		if (w) {
			canvas_flag(c, x, y, w, CELL_MATCH);
			found++;
		}
		x += w ? w : 1;
	}
	return found;
}

static void add_code(struct buf *out, wchar_t ch)
{
	uint32_t c = (uint32_t)ch;

	if (c < 0x80) {
		buf_addch(out, (char)c);
	} else if (c < 0x800) {
		buf_addch(out, (char)(0xc0 | c >> 6));
		buf_addch(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_addch(out, (char)(0xe0 | c >> 12));
		buf_addch(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_addch(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_addch(out, (char)(0xf0 | c >> 18));
		buf_addch(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_addch(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_addch(out, (char)(0x80 | (c & 0x3f)));
	}
}

void canvas_row_text(struct buf *out, const struct canvas *c, int y)
{
	int x, end = c->cols;

	while (end > 0 && canvas_cell(c, end - 1, y)->ch == L' ')
		end--;
	for (x = 0; x < end; x++) {
		const struct cell *cell = canvas_cell(c, x, y);

		if (cell->ch)
			add_code(out, cell->ch);
		if (cell->mark)
			add_code(out, cell->mark);
	}
}

void canvas_dump(struct buf *out, const struct canvas *c)
{
	int y;

	for (y = 0; y < c->rows; y++) {
		canvas_row_text(out, c, y);
		buf_addch(out, '\n');
	}
}
