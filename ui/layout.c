#include "avo.h"
#include "ui/layout.h"

#define WIDE_COLS 96		/* two panes beside each other need this much */
#define TALL_ROWS 16		/* two above each other this */
#define STACK_ROWS 34		/* three this */

static void place(struct pane_place *p, int x, int y, int w, int h)
{
	p->area = (struct rect){ x, y, w, h };
	if (w <= 0 || h <= 0) {
		*p = (struct pane_place){ .form = PANE_HIDDEN };
	} else if (w >= 44 && h >= 6) {
		p->form = PANE_FRAMED;
		p->body = (struct rect){ x + 2, y + 1, w - 4, h - 2 };
	} else {
		int title = h >= 3;

		p->form = PANE_PLAIN;
		p->body = (struct rect){ x, y + title, w, h - title };
	}
}

static void place_summary(struct pane_place *p, int y, int w)
{
	p->form = PANE_SUMMARY;
	p->area = p->body = (struct rect){ 0, y, w, 1 };
}

/* The focused pane, and its neighbours as a line each above or below it, in their order. */
static void one_pane(struct layout *out, const struct layout_in *in, struct rect all)
{
	int others = 0, y = all.y, left = all.h, i;

	for (i = 0; i < SLOT_COUNT; i++)
		others += in->present[i] && i != (int)in->focus;
	if (in->zoom || all.h < 6 + others)
		others = 0;
	for (i = 0; i < SLOT_COUNT; i++) {
		if (i == (int)in->focus) {
			place(&out->panes[i], 0, y, all.w, left - others);
			y += left - others;
		} else if (in->present[i] && others) {
			place_summary(&out->panes[i], y++, all.w);
		}
	}
}

static void stack(struct layout *out, const struct layout_in *in, struct rect all)
{
	int count = 0, y = all.y, i, n = 0;

	for (i = 0; i < SLOT_COUNT; i++)
		count += in->present[i];
	for (i = 0; i < SLOT_COUNT; i++) {
		int end;

		if (!in->present[i])
			continue;
		end = all.y + all.h * ++n / count;
		place(&out->panes[i], 0, y, all.w, end - y);
		y = end;
	}
}

/* Left and right beside each other, in a part of the width given in percent. */
static void pair(struct layout *out, const struct layout_in *in, struct rect r, int percent)
{
	int w = r.w * percent / 100;

	if (in->present[SLOT_LEFT] && in->present[SLOT_RIGHT]) {
		place(&out->panes[SLOT_LEFT], r.x, r.y, w, r.h);
		place(&out->panes[SLOT_RIGHT], r.x + w, r.y, r.w - w, r.h);
	} else {
		place(&out->panes[in->present[SLOT_LEFT] ? SLOT_LEFT : SLOT_RIGHT], r.x, r.y, r.w, r.h);
	}
}

static void watch(struct layout *out, const struct layout_in *in, struct rect all)
{
	int bottom = in->present[SLOT_BOTTOM] ? all.h * 2 / 5 : 0;

	pair(out, in, (struct rect){ 0, all.y, all.w, all.h - bottom }, 49);
	place(&out->panes[SLOT_BOTTOM], 0, all.y + all.h - bottom, all.w, bottom);
}

static void columns(struct layout *out, const struct layout_in *in, struct rect all)
{
	int w = all.w * 45 / 100, h = in->present[SLOT_BOTTOM] ? all.h / 2 : all.h;

	place(&out->panes[SLOT_LEFT], 0, all.y, w, all.h);
	place(&out->panes[SLOT_RIGHT], w, all.y, all.w - w, h);
	place(&out->panes[SLOT_BOTTOM], w, all.y + h, all.w - w, all.h - h);
}

static void reading(struct layout *out, const struct layout_in *in, struct rect all)
{
	int bottom = in->present[SLOT_BOTTOM];

	pair(out, in, (struct rect){ 0, all.y, all.w, all.h - bottom }, 34);
	if (bottom)
		place_summary(&out->panes[SLOT_BOTTOM], all.y + all.h - 1, all.w);
}

void layout_compute(struct layout *out, const struct layout_in *in)
{
	int status = in->rows >= 8 ? 2 : in->rows >= 4 ? 1 : 0, footer = in->rows >= 3;
	struct rect all = { 0, status, in->cols, in->rows - status - footer };
	bool both = in->present[SLOT_LEFT] && in->present[SLOT_RIGHT];

	memset(out, 0, sizeof(*out));
	out->status = (struct rect){ 0, 0, in->cols, status };
	out->footer = (struct rect){ 0, in->rows - footer, in->cols, footer };
	if (in->zoom || (in->cols < WIDE_COLS && all.h < STACK_ROWS) || all.h < TALL_ROWS)
		one_pane(out, in, all);
	else if (in->cols < WIDE_COLS || in->preset == PRESET_STACK)
		stack(out, in, all);
	else if (in->preset == PRESET_COLUMNS && both)
		columns(out, in, all);
	else if (in->preset == PRESET_READ && both)
		reading(out, in, all);
	else
		watch(out, in, all);
}
