/*
 * Where everything stands: a pure function of the size of the screen and what
 * is to be shown. Any size gives a layout; small ones show one pane and its
 * neighbours as one line each, the smallest only the pane.
 */
#ifndef AVO_UI_LAYOUT_H
#define AVO_UI_LAYOUT_H

#include <stdbool.h>

#include "ui/canvas.h"

enum slot { SLOT_LEFT, SLOT_RIGHT, SLOT_BOTTOM, SLOT_COUNT };

enum preset { PRESET_WATCH, PRESET_COLUMNS, PRESET_READ, PRESET_STACK, PRESET_COUNT };

enum pane_form {
	PANE_HIDDEN,
	PANE_SUMMARY,		/* one line */
	PANE_PLAIN,		/* a title line, then the body over the whole width */
	PANE_FRAMED,
};

struct layout_in {
	int cols, rows;
	enum preset preset;
	bool present[SLOT_COUNT];
	enum slot focus;	/* one that is present */
	bool zoom;
};

struct pane_place {
	enum pane_form form;
	struct rect area;	/* with title and frame */
	struct rect body;	/* what the view draws in */
};

struct layout {
	struct rect status;	/* 0 to 2 lines */
	struct rect footer;	/* 0 or 1 */
	struct pane_place panes[SLOT_COUNT];
};

void layout_compute(struct layout *out, const struct layout_in *in);

#endif
