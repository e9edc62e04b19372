#include "avo.h"
#include "base/str.h"
#include "ui/counters.h"
#include "ui/format.h"
#include "ui/views.h"
#include "ui/wb.h"

/* Counters of a version or an attempt beside those of its parent, or of any two: the biggest movers, then all by group. */

#define MOVERS 8

struct counters_state {
	char from[24];			/* "": the predecessor */
	char to[24];			/* "": the newest version that was profiled */
};

static void show(struct view *v, const char *from, const char *to)
{
	struct counters_state *state = v->state;

	snprintf(state->from, sizeof(state->from), "%s", from);
	snprintf(state->to, sizeof(state->to), "%s", to);
	v->top = v->cursor = 0;
	view_invalidate(v);
}

static bool known(const struct run_state *s, const char *what)
{
	return state_version(s, (int)str_to_id(what, 'v')) || state_attempt(s, (int)str_to_id(what, 'a')) || strcmp(what, "work") == 0;
}

/* With a mark on one and the cursor on another, these two; the newest version is followed. */
static enum avo_status counters_open(struct view *v, int argc, char **argv, struct error *err)
{
	const struct run_state *s = &v->wb->model->state;
	const struct version *best = state_newest(s);
	char revision[24], newest[24] = "";
	int i;

	for (i = 1; i < argc; i++)
		if (!known(s, argv[i]))
			return error_set(err, AVO_USAGE, "'%s' is no version or attempt of this run", argv[i]);
	if (argc > 3)
		return error_set(err, AVO_USAGE, "counters are of one or of two: view counters v3 v7");
	if (argc > 1) {
		show(v, argc > 2 ? argv[1] : "", argv[argc - 1]);
		return AVO_OK;
	}
	wb_revision(v->wb, revision);
	if (best)
		snprintf(newest, sizeof(newest), "v%d", best->id);
	if (v->wb->mark[0] && revision[0] && strcmp(v->wb->mark, revision) != 0)
		show(v, v->wb->mark, revision);
	else
		show(v, "", strcmp(revision, newest) == 0 ? "" : revision);
	return AVO_OK;
}

/* What the pane is about now: while it follows, the newest version with a profile, else the newest. */
static const char *subject(const struct view *v, char out[24])
{
	const struct counters_state *state = v->state;
	const struct run_state *s = &v->wb->model->state;
	const struct version *best = state_newest(s);
	size_t i;

	snprintf(out, 24, "%s", state->to);
	if (out[0] || !best)
		return out;
	for (i = s->version_count; i > 0; i--) {
		snprintf(out, 24, "v%d", s->versions[i - 1].id);
		if (state_profile(s, out, NULL))
			return out;
	}
	snprintf(out, 24, "v%d", best->id);
	return out;
}

static void add_groups(struct view *v, struct counters *c)
{
	int i, first;

	profile_sort_groups(&c->table);
	for (i = first = 0; i < c->table.count; i++) {
		const struct profile_row *r = &c->table.rows[i];
		bool last = i + 1 == c->table.count || strcmp(r->group, r[1].group) != 0;

		if (!last)
			continue;
		view_heading(v, profile_group_title(r->group));
		counters_add_rows(v, c, first, i + 1 - first);
		first = i + 1;
	}
}

/* When and on what: numbers of two devices are no comparison. */
static void add_origin(struct view *v, const struct counters *c)
{
	char time[FORMAT_SIZE], text[256];
	bool apart = c->profiled[0] && strcmp(c->device[0], c->device[1]) != 0;
	int side;

	for (side = 1; side >= 0; side--) {
		if (!c->profiled[side])
			continue;
		snprintf(text, sizeof(text), "%s measured %s%s%s%s", c->what[side], format_time(time, c->time_ms[side]),
			 c->device[side][0] ? " on " : "", c->device[side], apart && side == 0 ? ": another device" : "");
		view_add_wrapped(v, apart ? STYLE_WARN : STYLE_DIM, 0, text);
	}
}

static void counters_read(struct view *v)
{
	const struct counters_state *state = v->state;
	struct counters c;
	char to[24];

	if (!*subject(v, to)) {
		view_add(v, ITEM_NONE, 0, STYLE_DIM, "there is no version yet");
		return;
	}
	counters_load(&c, v->wb->model, state->from, to);
	counters_add_absent(v, &c);
	if (!c.table.count)
		return;
	if (c.profiled[0] && c.profiled[1]) {
		view_heading(v, "biggest movers");
		counters_add_movers(v, &c, MOVERS);
	} else {
		counters_add_heading(v, &c);
	}
	add_groups(v, &c);
	view_heading(v, "measured");
	add_origin(v, &c);
}

/* Along the lineage; a comparison of two keeps its distance. */
static enum request counters_request(struct view *v, enum request r, int argc, char **argv)
{
	const struct counters_state *state = v->state;
	const struct run_state *s = &v->wb->model->state;
	int by = r == REQ_NEXT ? 1 : -1;
	long from = str_to_id(state->from, 'v'), id;
	char to[24], other[24] = "";

	if ((r != REQ_NEXT && r != REQ_PREVIOUS) || v->wb->screen == SCREEN_REVIEW)
		return r;
	id = str_to_id(subject(v, to), 'v');
	if (id < 0 || !state_version(s, (int)id + by) || (from >= 0 && !state_version(s, (int)from + by))) {
		wb_note(v->wb, STYLE_DIM, "there is none %s this one", by > 0 ? "behind" : "before");
		return REQ_NONE;
	}
	if (from >= 0)
		snprintf(other, sizeof(other), "v%ld", from + by);
	snprintf(to, sizeof(to), "v%ld", id + by);
	show(v, other, to);
	return REQ_NONE;
}

static void counters_revision(struct view *v, char out[24])
{
	subject(v, out);
}

static void counters_title(struct view *v, struct buf *out)
{
	const struct counters_state *state = v->state;
	char to[24], from[24];

	subject(v, to);
	if (state->from[0])
		snprintf(from, sizeof(from), "%s", state->from);
	else
		profile_predecessor(from, &v->wb->model->state, to);
	buf_printf(out, "counters %s%s%s", from, from[0] ? ".." : "", to);
}

static const enum request counters_footer[] = { REQ_PREVIOUS, REQ_NEXT, REQ_CLOSE, REQ_NONE };

const struct view_ops counters_view = {
	.name = "counters", .slot = SLOT_RIGHT, .number = 7, .state_size = sizeof(struct counters_state), .open = counters_open,
	.read = counters_read, .request = counters_request, .revision = counters_revision, .title = counters_title,
	.footer = counters_footer,
};
