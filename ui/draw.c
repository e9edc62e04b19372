#include "avo.h"
#include "base/buf.h"
#include "ui/draw.h"

#include <stdarg.h>

int row_left(const struct row *r)
{
	return r->w > r->pos ? r->w - r->pos : 0;
}

void row_text(struct row *r, int style, const char *text)
{
	r->pos += canvas_text(r->c, r->x + r->pos, r->y, row_left(r), style, text);
}

void row_printf(struct row *r, int style, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	row_text(r, style, buf_cstr(&b));
	buf_release(&b);
}

void row_gap(struct row *r, int columns)
{
	r->pos += columns;
}

void row_cell(struct row *r, int width, enum align align, int style, const char *text)
{
	int need = canvas_width(r->c, text), x = r->x + r->pos, room = width;

	if (room > row_left(r))
		room = row_left(r);
	if (need > room) {
		int dots = canvas_width(r->c, "…");

		if (room > dots + 1) {
			int used = canvas_text(r->c, x, r->y, room - dots, style, text);

			canvas_text(r->c, x + used, r->y, dots, style, "…");
		} else {
			canvas_text(r->c, x, r->y, room, style, text);
		}
	} else {
		canvas_text(r->c, align == ALIGN_RIGHT ? x + room - need : x, r->y, room, style, text);
	}
	r->pos += width;
}

void row_scrolled(struct row *r, int style, const char *text)
{
	if (row_left(r))
		r->pos += canvas_text_from(r->c, r->x + r->pos, r->y, row_left(r), r->skip, style, text);
}

static void draw_box(struct canvas *c, struct rect a, int style)
{
	int y, right = a.x + a.w - 1, bottom = a.y + a.h - 1;

	canvas_text(c, a.x, a.y, 1, style, "┌");
	canvas_fill(c, a.x + 1, a.y, a.w - 2, style, "─");
	canvas_text(c, right, a.y, 1, style, "┐");
	for (y = a.y + 1; y < bottom; y++) {
		canvas_text(c, a.x, y, 1, style, "│");
		canvas_text(c, right, y, 1, style, "│");
	}
	canvas_text(c, a.x, bottom, 1, style, "└");
	canvas_fill(c, a.x + 1, bottom, a.w - 2, style, "─");
	canvas_text(c, right, bottom, 1, style, "┘");
}

void draw_frame(struct canvas *c, const struct frame *f)
{
	int border = f->focused ? STYLE_BORDER_FOCUS : STYLE_BORDER, title = f->focused ? STYLE_TITLE_FOCUS : STYLE_TITLE;
	struct row r = { .c = c, .x = f->area.x + 1, .y = f->area.y, .w = f->area.w - 2 };
	int need = f->right ? canvas_width(c, f->right) : 0;

	if (f->framed)
		draw_box(c, f->area, border);
	else
		canvas_fill(c, f->area.x, f->area.y, f->area.w, border, "─");
	if (need && need + 24 < r.w) {
		canvas_text(c, r.x + r.w - need - 2, r.y, 1, border, " ");
		canvas_text(c, r.x + r.w - need - 1, r.y, need, STYLE_DIM, f->right);
		canvas_text(c, r.x + r.w - 1, r.y, 1, border, " ");
		r.w -= need + 3;
	}
	row_text(&r, border, " ");
	if (f->number)
		row_printf(&r, STYLE_KEY, "%d ", f->number);
	row_text(&r, title, f->title);
	row_text(&r, border, " ");
}
