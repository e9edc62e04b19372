#include "avo.h"
#include "ui/format.h"
#include "ui/item.h"
#include "ui/views.h"

/* The journal, a line an event; unfolded, the event as it was written. */

struct events_state { uint64_t open; };		/* seq of the one unfolded */

/* cJSON indents with tabs and puts one behind each name: two blanks and one are enough here. */
static void add_whole_event(struct view *v, struct journal_ref ref)
{
	const cJSON *event = model_fetch(v->wb->model, ref);
	char *text = event ? cJSON_Print(event) : NULL, *s;
	struct buf out = BUF_INIT;

	for (s = text; s && *s; s++)
		buf_addstr(&out, *s != '\t' ? (char[]){ *s, '\0' } : s[-1] == ':' ? " " : "  ");
	view_add_wrapped(v, STYLE_DIM, 10, text ? buf_cstr(&out) : "the line cannot be read again");
	buf_release(&out);
	cJSON_free(text);
}

static void events_read(struct view *v)
{
	const struct events_state *state = v->state;
	const struct model *m = v->wb->model;
	size_t i;

	for (i = 0; i < m->event_count; i++) {
		struct line *l = view_add(v, ITEM_EVENT, (int)i, m->events[i].style, NULL);

		l->key = m->events[i].seq;
		if (state->open == l->key)
			add_whole_event(v, m->events[i].ref);
	}
}

static void events_draw(struct view *v, const struct line *l, struct row *row)
{
	const struct model_event *e = l->item == ITEM_EVENT ? &v->wb->model->events[l->id] : NULL;
	char text[FORMAT_SIZE];

	if (!e) {
		row_text(row, l->style, l->text ? l->text : "");
		return;
	}
	row_cell(row, 9, ALIGN_LEFT, STYLE_DIM, format_time(text, e->time_ms));
	if (row->w >= 60) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)e->seq);
		row_cell(row, 6, ALIGN_RIGHT, STYLE_DIM, text);
		row_gap(row, 1);
	}
	row_cell(row, row->w >= 60 ? 17 : 10, ALIGN_LEFT, STYLE_COLUMN, e->type);
	row_scrolled(row, e->style, e->text);
}

static void events_grep(struct view *v, const struct line *l, struct buf *out)
{
	const struct model_event *e = l->item == ITEM_EVENT ? &v->wb->model->events[l->id] : NULL;

	if (e)
		buf_printf(out, "%llu %s %s", (unsigned long long)e->seq, e->type, e->text);
	else
		buf_addstr(out, l->text ? l->text : "");
}

static enum request events_request(struct view *v, enum request r, int argc, char **argv)
{
	struct events_state *state = v->state;
	const struct line *l = view_selected(v);

	if ((r != REQ_ENTER && r != REQ_FOLD) || !l || l->item != ITEM_EVENT)
		return r;
	state->open = state->open == l->key ? 0 : l->key;
	v->follow = false;
	view_invalidate(v);
	return REQ_NONE;
}

static void events_summary(struct view *v, struct buf *out)
{
	const struct model *m = v->wb->model;

	if (m->event_count)
		buf_printf(out, "%s: %s", m->events[m->event_count - 1].type, m->events[m->event_count - 1].text);
}

static const enum request events_footer[] = { REQ_ENTER, REQ_FILTER, REQ_FOLLOW, REQ_NONE };

const struct view_ops events_view = {
	.name = "events", .flags = VIEW_NEWEST_LAST | VIEW_FOLLOWS, .slot = SLOT_BOTTOM, .number = 8,
	.state_size = sizeof(struct events_state), .read = events_read, .draw = events_draw, .grep = events_grep,
	.request = events_request, .summary = events_summary, .footer = events_footer,
};
