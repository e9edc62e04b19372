#include "avo.h"
#include "ui/format.h"
#include "ui/item.h"
#include "ui/views.h"

/* Directions: the ideas that were explored, newest first; unfolded, what was hoped and what came of it. */

struct directions_state { int open; };		/* the one unfolded, 0: none */

static int state_look(enum direction_state s)
{
	switch (s) {
	case DIRECTION_OPEN: return STYLE_LIVE;
	case DIRECTION_MERGED: return STYLE_GOOD;
	case DIRECTION_FAILED: case DIRECTION_DROPPED: return STYLE_BAD;
	default: return STYLE_WARN;
	}
}

static void add_part(struct view *v, const char *label, const char *text)
{
	char line[1024];

	if (!text || !text[0])
		return;
	snprintf(line, sizeof(line), "%s %s", label, text);
	view_add_wrapped(v, STYLE_DIM, 6, line);
}

static void directions_read(struct view *v)
{
	const struct directions_state *state = v->state;
	const struct run_state *s = &v->wb->model->state;
	size_t i;

	for (i = s->direction_count; i-- > 0;) {
		const struct direction *d = &s->directions[i];

		view_add(v, ITEM_DIRECTION, d->id, STYLE_DEFAULT, NULL);
		if (state->open != d->id)
			continue;
		add_part(v, "why:", d->hypothesis);
		add_part(v, "expected:", d->expected);
		add_part(v, "outcome:", d->outcome);
	}
	if (!s->direction_count)
		view_add(v, ITEM_NONE, 0, STYLE_DIM, " no direction yet");
}

static void directions_draw(struct view *v, const struct line *l, struct row *row)
{
	const struct direction *d = l->item == ITEM_DIRECTION ? state_direction(&v->wb->model->state, l->id) : NULL;
	char text[FORMAT_SIZE], name[16];

	if (!d) {
		row_text(row, l->style, l->text ? l->text : "");
		return;
	}
	snprintf(name, sizeof(name), " d%d", d->id);
	row_cell(row, 7, ALIGN_LEFT, STYLE_VERSION, name);
	row_cell(row, 8, ALIGN_LEFT, state_look(d->state), direction_state_name(d->state));
	snprintf(name, sizeof(name), "%d", d->attempts);
	row_cell(row, 4, ALIGN_RIGHT, STYLE_DEFAULT, name);
	row_gap(row, 2);
	if (row_left(row) > 8)
		row_cell(row, row_left(row) - 8, ALIGN_LEFT, STYLE_DEFAULT, d->title ? d->title : "");
	row_cell(row, 7, ALIGN_RIGHT, STYLE_DIM, format_ago(text, d->opened_ms, model_now_ms(v->wb->model)));
}

static enum request directions_request(struct view *v, enum request r, int argc, char **argv)
{
	struct directions_state *state = v->state;
	const struct line *l = view_selected(v);

	if ((r != REQ_ENTER && r != REQ_FOLD) || !l || l->item != ITEM_DIRECTION)
		return r;
	state->open = state->open == l->id ? 0 : l->id;
	view_invalidate(v);
	return REQ_NONE;
}

static void directions_summary(struct view *v, struct buf *out)
{
	const struct run_state *s = &v->wb->model->state;

	if (s->direction_count)
		buf_printf(out, "d%d %s", s->directions[s->direction_count - 1].id, s->directions[s->direction_count - 1].title);
}

static const enum request directions_footer[] = { REQ_ENTER, REQ_NONE };

const struct view_ops directions_view = {
	.name = "directions", .flags = VIEW_NEWEST_FIRST | VIEW_FOLLOWS, .slot = SLOT_LEFT, .number = 5,
	.state_size = sizeof(struct directions_state), .read = directions_read, .draw = directions_draw,
	.request = directions_request, .summary = directions_summary, .footer = directions_footer,
};
