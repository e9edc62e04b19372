#include "avo.h"
#include "ui/format.h"
#include "ui/item.h"
#include "ui/views.h"

/* The operator at work: its actions with what came of them, its words, and what it is doing now. */

#define RECENT 800		/* events looked at; the event view has them all */

/* Ids count without gaps as a rule, which makes finding one cheap; a record that was put together may have some. */
static const struct action *find_action(const struct run_state *s, int id)
{
	size_t at = s->action_count && id >= s->actions[0].id ? (size_t)(id - s->actions[0].id) : 0;

	if (at < s->action_count && s->actions[at].id == id)
		return &s->actions[at];
	for (at = s->action_count; at-- > 0;)
		if (s->actions[at].id == id)
			return &s->actions[at];
	return NULL;
}

static void add_action(struct view *v, const struct model_event *e)
{
	const struct action *a = find_action(&v->wb->model->state, e->action);
	struct line *l = view_add(v, ITEM_EVENT, e->action, STYLE_DEFAULT, a ? NULL : e->text);

	l->shape = a != NULL;
	l->key = e->seq;
}

/* A message in full; the record keeps a line of it, the journal all. */
static void add_message(struct view *v, const struct model_event *e)
{
	const cJSON *event = model_fetch(v->wb->model, e->ref);
	const char *role = json_str(event, "role", "agent"), *text = json_str(event, "text", e->text);

	if (strcmp(role, "assistant") != 0 && strcmp(role, "agent") != 0)
		view_addf(v, STYLE_DIM, "%s:", role);
	view_add_wrapped(v, strcmp(role, "tool") == 0 ? STYLE_DIM : STYLE_DEFAULT, 0, text);
}

static void add_event(struct view *v, const struct model_event *e)
{
	static const char *const shown[] = {
		"step-started", "step-ended", "direction-opened", "direction-closed", "version", "pending", "approved",
		"rejected", "intervention", "hint", "warning", "budget", "state", "peer",
	};
	size_t i;

	if (strcmp(e->type, "action-started") == 0) {
		add_action(v, e);
		return;
	}
	if (strcmp(e->type, "message") == 0) {
		add_message(v, e);
		return;
	}
	for (i = 0; i < ARRAY_LEN(shown); i++)
		if (strcmp(e->type, shown[i]) == 0) {
			char line[4200];

			snprintf(line, sizeof(line), "%s%s", strcmp(e->type, "state") == 0 ? "the run is " : strcmp(e->type, "version") == 0 ? "● " :
				 strcmp(e->type, "warning") == 0 ? "warning: " : strcmp(e->type, "hint") == 0 ? "message from " : "", e->text);
			view_add_wrapped(v, e->style, 0, line);
			return;
		}
}

static void agent_read(struct view *v)
{
	const struct model *m = v->wb->model;
	size_t i = m->event_count > RECENT ? m->event_count - RECENT : 0;

	for (; i < m->event_count; i++)
		add_event(v, &m->events[i]);
	if (m->live.text.len)
		view_add_wrapped(v, STYLE_LIVE, 0, buf_cstr(&m->live.text));
	if (m->live.waiting[0])
		view_add_wrapped(v, STYLE_WARN, 0, m->live.waiting);
	if (!v->count)
		view_add(v, ITEM_NONE, 0, STYLE_DIM, m->loaded ? " nothing has happened yet; c lets the run go" : " reading the journal");
}

static void draw_progress(struct view *v, const struct action *a, struct row *row)
{
	const struct model_live *live = &v->wb->model->live;
	char text[FORMAT_SIZE];

	if (a->attempt >= 0 && live->attempt == a->attempt && live->stage[0]) {
		row_printf(row, STYLE_LIVE, "%s ", live->stage);
		if (live->total > 0)
			row_printf(row, STYLE_LIVE, "%d/%d ", live->done, live->total);
	}
	row_text(row, STYLE_LIVE, format_clock(text, model_now_ms(v->wb->model) - a->started_ms));
}

/* "▸ evaluate a511   build-failed: kernel.cu:412: ...   1.4s" */
static void agent_draw(struct view *v, const struct line *l, struct row *row)
{
	const struct action *a = l->shape ? find_action(&v->wb->model->state, l->id) : NULL;
	const struct attempt *attempt;
	char text[FORMAT_SIZE];
	int result_at = row->w > 70 ? 34 : row->w / 2;

	if (!a) {
		row_scrolled(row, l->style, l->text ? l->text : "");
		return;
	}
	attempt = state_attempt(&v->wb->model->state, a->attempt);
	row_printf(row, a->ended_ms ? STYLE_DIM : STYLE_LIVE, "%s ", a->ended_ms ? "▸" : "▾");
	row_printf(row, a->ended_ms ? STYLE_DEFAULT : STYLE_LIVE, "%s ", a->kind);
	if (attempt)
		row_printf(row, STYLE_VERSION, "a%d ", attempt->id);
	if (row->pos < result_at)	/* "evaluate a17" is said already */
		row_cell(row, result_at - row->pos, ALIGN_LEFT, STYLE_DEFAULT, a->text && !attempt ? a->text : "");
	row_gap(row, 1);
	if (!a->ended_ms) {
		draw_progress(v, a, row);
		return;
	}
	if (row_left(row) > 9)
		row_cell(row, row_left(row) - 9, ALIGN_LEFT, !a->ok ? STYLE_BAD : attempt ? attempt_style(attempt) : STYLE_DEFAULT,
			 a->result ? a->result : a->ok ? "done" : "failed");
	snprintf(text, sizeof(text), "%.1fs", (double)(a->ended_ms - a->started_ms) / 1000);
	row_cell(row, 8, ALIGN_RIGHT, STYLE_DIM, text);
}

static void agent_revision(struct view *v, char out[24])
{
	const struct line *l = view_selected(v);
	const struct action *a = l && l->shape ? find_action(&v->wb->model->state, l->id) : NULL;

	if (a && a->attempt >= 0)
		snprintf(out, 24, "a%d", a->attempt);
}

static void agent_title(struct view *v, struct buf *out)
{
	const struct run_state *s = &v->wb->model->state;
	const struct direction *d = s->direction_count ? &s->directions[s->direction_count - 1] : NULL;

	buf_addstr(out, s->operator[0] ? s->operator : "operator");
	if (s->step_count)
		buf_printf(out, " · s%d", s->steps[s->step_count - 1].id);
	if (d && d->state == DIRECTION_OPEN)
		buf_printf(out, " · d%d \"%s\"", d->id, d->title ? d->title : "");
}

static void agent_summary(struct view *v, struct buf *out)
{
	const struct run_state *s = &v->wb->model->state;
	const struct action *a = s->action_count ? &s->actions[s->action_count - 1] : NULL;

	if (a && a->attempt >= 0)
		buf_printf(out, "%s a%d  %s", a->kind, a->attempt, a->result ? a->result : "");
	else if (a)
		buf_printf(out, "%s %s  %s", a->kind, a->text ? a->text : "", a->result ? a->result : "");
}

static const enum request agent_footer[] = { REQ_FOLLOW, REQ_ENTER, REQ_DIFF, REQ_NONE };

const struct view_ops agent_view = {
	.name = "agent", .flags = VIEW_NEWEST_LAST | VIEW_FOLLOWS, .slot = SLOT_BOTTOM, .number = 2,
	.read = agent_read, .draw = agent_draw, .revision = agent_revision, .title = agent_title, .summary = agent_summary,
	.footer = agent_footer,
};
