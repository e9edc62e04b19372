/* Drawing on a canvas: a row written from left to right, and the frame of a pane. */
#ifndef AVO_UI_DRAW_H
#define AVO_UI_DRAW_H

#include "ui/canvas.h"
#include "ui/theme.h"

/* A row being written; whatever does not fit is cut at its end. */
struct row {
	struct canvas *c;
	int x, y, w;
	int pos;		/* columns used */
	int skip;		/* columns of row_scrolled() text to leave out (scrolling sideways) */
};

enum align { ALIGN_LEFT, ALIGN_RIGHT };

int row_left(const struct row *r);
void row_text(struct row *r, int style, const char *text);
void row_printf(struct row *r, int style, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A cell of fixed width; a text that is cut ends in an ellipsis. */
void row_cell(struct row *r, int width, enum align align, int style, const char *text);
void row_gap(struct row *r, int columns);
/* The rest of the row, from the view's sideways position on. */
void row_scrolled(struct row *r, int style, const char *text);

struct frame {
	struct rect area;
	bool framed;		/* else a title line only */
	bool focused;
	int number;		/* the key that shows it; 0: none */
	const char *title;
	const char *right;	/* at the right end of the title line: position, filter; may be NULL */
};
void draw_frame(struct canvas *c, const struct frame *f);

#endif
