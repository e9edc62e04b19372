/*
 * A view: a list of lines about something, in a pane. The framework owns what
 * is the same in all of them: the selection, which stays on its item when lines
 * come and go; scrolling, following, searching, filtering, copying, dumping.
 * A view is one file with a state struct, some <view>_<op> functions and one
 * struct view_ops; adding one also takes a line in the table in view.c.
 */
#ifndef AVO_UI_VIEW_H
#define AVO_UI_VIEW_H

#include "base/error.h"
#include "ui/draw.h"
#include "ui/layout.h"
#include "ui/request.h"

struct workbench;
struct view;

/* What a line is about. */
enum item_kind { ITEM_NONE, ITEM_VERSION, ITEM_ATTEMPT, ITEM_DIRECTION, ITEM_EVENT, ITEM_FOLD, ITEM_HUNK, ITEM_HEADING };

struct line {
	uint64_t key;		/* the same for the same item at every reading; 0: not an item */
	uint8_t item;		/* enum item_kind */
	uint8_t style;		/* of text, and of the default drawing */
	uint8_t shape;		/* the view's own: how draw() shows it */
	int id;			/* of the item */
	int extra;		/* the view's own */
	char *text;		/* owned; may be NULL */
};

enum view_flag {
	VIEW_NEWEST_FIRST = 1,	/* following keeps the first line in sight */
	VIEW_NEWEST_LAST = 2,	/* following keeps the last line in sight */
	VIEW_FOLLOWS = 4,	/* follows from the start */
	VIEW_STATIC = 8,	/* does not change with the run */
	VIEW_NO_CURSOR = 16,	/* a page to read: the selection is not shown */
	VIEW_WHOLE = 32,	/* takes the whole screen while it has the focus */
};

struct view_ops {
	const char *name;		/* context of its keys, argument of "view" */
	unsigned flags;			/* enum view_flag */
	enum slot slot;			/* where it opens */
	int number;			/* the key that shows it; 0: none */
	size_t state_size;		/* zeroed, at v->state */
	/* Takes the arguments of "view NAME ..."; called again when an open view is asked for something else. */
	enum avo_status (*open)(struct view *v, int argc, char **argv, struct error *err);
	/* Makes the lines anew from the model (view_add). */
	void (*read)(struct view *v);
	/* Draws one line; NULL: its text in its style. */
	void (*draw)(struct view *v, const struct line *l, struct row *row);
	/* Returns the request when it did not handle it. argv[0] is the request's name. */
	enum request (*request)(struct view *v, enum request r, int argc, char **argv);
	/* The text a search looks at; NULL: what draw() shows. */
	void (*grep)(struct view *v, const struct line *l, struct buf *out);
	void (*select)(struct view *v, const struct line *l);	/* the selection moved; may be NULL */
	void (*done)(struct view *v);
	/* Rows above the lines that it wants of a body of this size, and drawing them. */
	int (*head_rows)(struct view *v, int width, int height);
	void (*draw_rect)(struct view *v, struct canvas *c, struct rect r);
	void (*title)(struct view *v, struct buf *out);
	/* The revision it is about, for diff and mark; NULL: that of the selected line. */
	void (*revision)(struct view *v, char out[24]);
	void (*summary)(struct view *v, struct buf *out);	/* one line, when there is no room for more */
	const enum request *footer;	/* up to REQ_NONE: what to advertise here */
};

struct view {
	const struct view_ops *ops;
	struct workbench *wb;
	struct view *below;		/* what shows again when this one is closed */
	enum slot came_from;		/* the pane that had the focus when it was opened */
	void *state;
	struct line *lines;
	size_t count, cap;
	size_t *shown;			/* indexes of the lines that pass the filter */
	size_t shown_count, shown_cap;
	size_t cursor, top;		/* indexes into shown */
	int xoff;			/* columns scrolled sideways */
	bool follow;
	bool stale;			/* must be read again whatever the model says */
	char filter[128];
	uint64_t generation;		/* of the model at the last reading */
	int width, height;		/* of the lines' area, as last laid out */
};

const struct view_ops *view_find(const char *name);
const struct view_ops *view_by_number(int number);
const struct view_ops *view_at(size_t i);		/* NULL behind the last */

struct view *view_new(const struct view_ops *ops, struct workbench *wb);
void view_free(struct view *v);

/* For read(): appends a line; text may be NULL, is copied and made harmless. */
struct line *view_add(struct view *v, enum item_kind item, int id, int style, const char *text);
void view_addf(struct view *v, int style, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void view_heading(struct view *v, const char *text);
/* Text of several lines, wrapped at words to the view's width less `indent`. */
void view_add_wrapped(struct view *v, int style, int indent, const char *text);
const struct line *view_selected(const struct view *v);
void view_select_key(struct view *v, uint64_t key);
void view_select_index(struct view *v, size_t shown_index);
/* The lines are gone; read again at the next painting. */
void view_invalidate(struct view *v);

/* Brings the lines up to date for an area of this size. */
void view_refresh(struct view *v, int width, int height);
void view_paint(struct view *v, struct canvas *c, struct rect body, bool focused);
/* What every view can do; returns the request when it is none of that. */
enum request view_request(struct view *v, enum request r, int argc, char **argv);
/* "12/340", filter and follow: the right end of the title. */
void view_position(struct view *v, struct buf *out);
void view_set_filter(struct view *v, const char *text);
/* Moves to the next line that matches; false when none does. direction: 1 or -1. */
bool view_search(struct view *v, const char *needle, int direction, bool from_here);
/* The text of a line as searched and copied. */
void view_line_text(struct view *v, const struct line *l, struct buf *out);
void view_dump(struct view *v, struct buf *out);

#endif
