/*
 * A grid of character cells: what the next frame shall look like. Everything
 * that draws, draws here; display.c brings the grid to the terminal. So a
 * screen can be tested, saved and searched without a terminal.
 *
 * Text given to a canvas may be foreign: escape sequences and control characters
 * are taken out, invalid bytes become U+FFFD, and columns are counted by
 * display width. On an ASCII canvas the glyphs of theme.c are spelled in ASCII
 * and other letters become '?'.
 */
#ifndef AVO_UI_CANVAS_H
#define AVO_UI_CANVAS_H

#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>

#include "base/buf.h"

struct rect { int x, y, w, h; };

enum cell_flag {
	CELL_SELECTED = 1,	/* the line the cursor is on, in the focused pane */
	CELL_CURRENT = 2,	/* the same in a pane without the focus */
	CELL_MATCH = 4,		/* matches the search */
};

struct cell {
	wchar_t ch;		/* 0: covered by the wide character on its left */
	wchar_t mark;		/* one combining mark, or 0 */
	uint8_t style;		/* enum style, theme.h */
	uint8_t flags;		/* enum cell_flag */
};

struct canvas {
	int cols, rows;
	bool ascii;
	int cursor_x, cursor_y;	/* where the terminal's cursor shall stand; x < 0: hidden */
	struct cell *cells;	/* rows * cols; owned */
};

void canvas_init(struct canvas *c, int cols, int rows, bool ascii);
void canvas_release(struct canvas *c);
void canvas_resize(struct canvas *c, int cols, int rows);	/* contents are lost */
void canvas_clear(struct canvas *c);

/* Draws at most width columns, cut at the edge; returns the columns used. */
int canvas_text(struct canvas *c, int x, int y, int width, int style, const char *text);
/* The same, leaving out the first `skip` columns of the text. */
int canvas_text_from(struct canvas *c, int x, int y, int width, int skip, int style, const char *text);
/* Repeats one glyph over width columns. */
void canvas_fill(struct canvas *c, int x, int y, int width, int style, const char *glyph);
void canvas_flag(struct canvas *c, int x, int y, int width, enum cell_flag flag);
/* Flags every occurrence of `needle` (case-insensitive unless it holds a capital) in these cells; returns how many. */
int canvas_flag_matches(struct canvas *c, int x, int y, int width, const char *needle);

/* Columns that canvas_text would use for the whole text. */
int canvas_width(const struct canvas *c, const char *text);
/* One row, or all of them, as UTF-8 with trailing spaces cut. */
void canvas_row_text(struct buf *out, const struct canvas *c, int y);
void canvas_dump(struct buf *out, const struct canvas *c);
const struct cell *canvas_cell(const struct canvas *c, int x, int y);

#endif
