#include "avo.h"
#include "ui/views.h"
#include "ui/wb.h"

/* The screens, their panes, and which of them has the focus. */

struct screen *wb_screen(struct workbench *wb)
{
	return &wb->screens[wb->screen];
}

struct view *wb_focused(struct workbench *wb)
{
	struct screen *s = wb_screen(wb);

	return s->panes[s->focus];
}

static void push(struct screen *s, struct view *v, enum slot slot)
{
	v->below = s->panes[slot];
	v->came_from = s->focus;
	s->panes[slot] = v;
}

void screen_open(struct workbench *wb)
{
	struct screen *watch = &wb->screens[SCREEN_WATCH], *review = &wb->screens[SCREEN_REVIEW];

	push(watch, view_new(&lineage_view, wb), SLOT_LEFT);
	push(watch, view_new(&scores_view, wb), SLOT_RIGHT);
	push(watch, view_new(&agent_view, wb), SLOT_BOTTOM);
	push(review, view_new(&review_view, wb), SLOT_LEFT);
	push(review, view_new(&diff_view, wb), SLOT_RIGHT);
	watch->preset = (enum preset)wb->settings.layout;
}

void screen_release(struct workbench *wb)
{
	int i, slot;

	for (i = 0; i < SCREEN_COUNT; i++)
		for (slot = 0; slot < SLOT_COUNT; slot++)
			while (wb->screens[i].panes[slot]) {
				struct view *v = wb->screens[i].panes[slot];

				wb->screens[i].panes[slot] = v->below;
				view_free(v);
			}
}

struct view *screen_find(struct workbench *wb, const struct view_ops *ops)
{
	struct screen *s = wb_screen(wb);
	struct view *v;
	int slot;

	for (slot = 0; slot < SLOT_COUNT; slot++)
		for (v = s->panes[slot]; v; v = v->below)
			if (v->ops == ops)
				return v;
	return NULL;
}

/* Takes an open view out of its pile and puts it on top. */
static void raise_view(struct screen *s, struct view *v, enum slot slot)
{
	struct view **at = &s->panes[slot];

	while (*at && *at != v)
		at = &(*at)->below;
	if (!*at || at == &s->panes[slot])
		return;
	*at = v->below;
	v->below = s->panes[slot];
	s->panes[slot] = v;
}

static enum slot slot_of(const struct screen *s, const struct view_ops *ops)
{
	return s->panes[ops->slot] ? ops->slot : SLOT_LEFT;
}

enum avo_status screen_view(struct workbench *wb, const struct view_ops *ops, int argc, char **argv, struct error *err)
{
	struct screen *s;
	struct view *v;
	enum slot slot;
	enum avo_status st = AVO_OK;

	if (ops == &review_view)
		wb->screen = SCREEN_REVIEW;
	else if (ops != &diff_view && ops != &help_view)
		wb->screen = SCREEN_WATCH;
	s = wb_screen(wb);
	slot = slot_of(s, ops);
	v = screen_find(wb, ops);
	if (!v) {
		v = view_new(ops, wb);
		if (ops->open)
			st = ops->open(v, argc, argv, err);
		if (st != AVO_OK) {
			view_free(v);
			return st;
		}
		push(s, v, slot);
	} else {
		if (ops->open)
			st = ops->open(v, argc, argv, err);
		if (st != AVO_OK)
			return st;
		if (s->panes[slot] != v || s->focus != slot)
			v->came_from = s->focus;
		raise_view(s, v, slot);
	}
	s->focus = slot;
	return AVO_OK;
}

bool screen_close_top(struct workbench *wb)
{
	struct screen *s = wb_screen(wb);
	struct view *v = s->panes[s->focus];

	if (v->below) {
		s->panes[s->focus] = v->below;
		if (s->panes[v->came_from])
			s->focus = v->came_from;
		view_free(v);
		return true;
	}
	if (wb->screen == SCREEN_REVIEW) {
		wb->screen = SCREEN_WATCH;
		return true;
	}
	return false;
}

void screen_focus_next(struct workbench *wb, int direction)
{
	struct screen *s = wb_screen(wb);
	int i, at = (int)s->focus;

	for (i = 0; i < SLOT_COUNT; i++) {
		at = (at + direction + SLOT_COUNT) % SLOT_COUNT;
		if (s->panes[at])
			break;
	}
	s->focus = (enum slot)at;
}

void screen_focus_side(struct workbench *wb, int direction)
{
	struct screen *s = wb_screen(wb);
	enum slot to = direction < 0 ? SLOT_LEFT : SLOT_RIGHT;

	if (s->panes[to])
		s->focus = to;
}

/* --- painting --- */

static void title_of(struct view *v, struct buf *out)
{
	if (v->ops->title)
		v->ops->title(v, out);
	else
		buf_addstr(out, v->ops->name);
}

static void paint_summary(struct workbench *wb, struct view *v, struct rect r)
{
	struct row row = { .c = &wb->canvas, .x = r.x, .y = r.y, .w = r.w };
	struct buf text = BUF_INIT;

	if (v->ops->number)
		row_printf(&row, STYLE_KEY, " %d ", v->ops->number);
	title_of(v, &text);
	row_printf(&row, STYLE_TITLE, "%s  ", buf_cstr(&text));
	buf_clear(&text);
	if (v->ops->summary)
		v->ops->summary(v, &text);
	row_text(&row, STYLE_DIM, buf_cstr(&text));
	buf_release(&text);
}

static void paint_pane(struct workbench *wb, struct view *v, const struct pane_place *p, bool focused)
{
	struct buf title = BUF_INIT, position = BUF_INIT;
	struct frame frame = { .area = p->area, .framed = p->form == PANE_FRAMED, .focused = focused, .number = v->ops->number };

	if (p->form == PANE_HIDDEN)
		return;
	if (p->form == PANE_SUMMARY) {
		paint_summary(wb, v, p->area);
		return;
	}
	/* the view comes first: what its title says may depend on what it read */
	view_paint(v, &wb->canvas, p->body, focused);
	if (p->area.h > p->body.h) {
		title_of(v, &title);
		view_position(v, &position);
		frame.title = buf_cstr(&title);
		frame.right = position.len ? buf_cstr(&position) : NULL;
		draw_frame(&wb->canvas, &frame);
	}
	buf_release(&title);
	buf_release(&position);
}

void screen_paint(struct workbench *wb)
{
	struct screen *s = wb_screen(wb);
	struct layout_in in = { .cols = wb->canvas.cols, .rows = wb->canvas.rows, .preset = s->preset, .focus = s->focus };
	int slot;

	in.zoom = s->zoom || wb_focused(wb)->ops->flags & VIEW_WHOLE;
	for (slot = 0; slot < SLOT_COUNT; slot++)
		in.present[slot] = s->panes[slot] != NULL;
	layout_compute(&s->layout, &in);
	for (slot = 0; slot < SLOT_COUNT; slot++)
		if (s->panes[slot])
			paint_pane(wb, s->panes[slot], &s->layout.panes[slot], slot == (int)s->focus);
	status_paint(wb, s->layout.status);
	footer_paint(wb, s->layout.footer);
}
