#include "avo.h"
#include "base/str.h"
#include "ui/counters.h"
#include "ui/format.h"
#include "ui/item.h"
#include "ui/views.h"

/* The approval screen's left side: scores, counters and evidence of an attempt that waits. The diff stands at its right. */

#define MOVERS 6

struct review_state { int attempt; };		/* 0: none */

int review_attempt(const struct view *v)
{
	return ((const struct review_state *)v->state)->attempt;
}

static void show(struct view *v, const struct attempt *a)
{
	struct review_state *state = v->state;
	struct view *diff = v->wb->screens[SCREEN_REVIEW].panes[SLOT_RIGHT];
	char from[24], to[24];

	state->attempt = a ? a->id : 0;
	v->top = v->cursor = 0;
	view_invalidate(v);
	while (diff && diff->ops != &diff_view)
		diff = diff->below;
	if (!a || !diff)
		return;
	snprintf(from, sizeof(from), "v%d", a->parent);
	snprintf(to, sizeof(to), "a%d", a->id);
	diff_set(diff, from, to);
}

static enum avo_status review_open(struct view *v, int argc, char **argv, struct error *err)
{
	const struct run_state *s = &v->wb->model->state;
	const struct attempt *a = argc > 1 ? state_attempt(s, (int)str_to_id(argv[1], 'a')) : state_pending(s);

	if (argc > 1 && !a)
		return error_set(err, AVO_NEGATIVE, "'%s' is no attempt of this run", argv[1]);
	show(v, a);
	return AVO_OK;
}

static int count_passed(const cJSON *checks, const char *kind, int *count)
{
	const cJSON *check;
	int passed = 0;

	*count = 0;
	cJSON_ArrayForEach(check, checks)
		if (strcmp(json_str(check, "kind", ""), kind) == 0) {
			++*count;
			passed += json_bool(check, "ok", false);
		}
	return passed;
}

/* "checks: random 6/6, adversarial 5/5": by kind, in the order in which the kinds come. */
static void add_check_kinds(struct view *v, const cJSON *checks)
{
	struct buf out = BUF_INIT;
	const cJSON *check;
	bool all = true;

	cJSON_ArrayForEach(check, checks) {
		const char *kind = json_str(check, "kind", "check"), *seen = strstr(buf_cstr(&out), kind);
		int count, passed;

		if (seen)
			continue;
		passed = count_passed(checks, kind, &count);
		all &= passed == count;
		buf_printf(&out, "%s%s %d/%d", out.len ? ", " : "checks: ", kind, passed, count);
	}
	if (out.len)
		view_add_wrapped(v, all ? STYLE_GOOD : STYLE_BAD, 0, buf_cstr(&out));
	buf_release(&out);
}

static void add_build_line(struct view *v, const cJSON *event)
{
	const cJSON *build = json_obj(event, "build"), *telemetry = json_obj(event, "telemetry"), *item;
	struct buf out = BUF_INIT;

	if (json_get(build, "registers"))
		buf_printf(&out, "%d registers, %d spills", (int)json_int(build, "registers", 0), (int)json_int(build, "spills", 0));
	else if (build)
		buf_printf(&out, "built in %.0f ms", json_num(build, "ms", 0));
	cJSON_ArrayForEach(item, telemetry)
		if (cJSON_IsNumber(item))
			buf_printf(&out, "%s%s %.6g", out.len ? " · " : "", item->string, item->valuedouble);
	if (out.len)
		view_add_wrapped(v, STYLE_DEFAULT, 0, buf_cstr(&out));
	if (json_str(build, "warning", NULL))
		view_add_wrapped(v, STYLE_WARN, 0, json_str(build, "warning", ""));
	buf_release(&out);
}

/* Beside the incumbent, on the case that was profiled. */
static void add_movers(struct view *v, const struct attempt *a)
{
	char from[24], to[24];
	struct counters c;

	snprintf(from, sizeof(from), "v%d", a->parent);
	snprintf(to, sizeof(to), "a%d", a->id);
	counters_load(&c, v->wb->model, a->parent >= 0 ? from : "", to);
	view_heading(v, "Counters, biggest movers");
	if (c.profiled[0] && c.profiled[1])
		counters_add_movers(v, &c, MOVERS);
	counters_add_absent(v, &c);
}

static void add_verdict(struct view *v, const struct attempt *a)
{
	char interval[FORMAT_SIZE * 2];
	struct buf out = BUF_INIT;
	int style = STYLE_WARN;

	if (a->stage == ATTEMPT_PENDING) {
		style = STYLE_STRONG;
		buf_printf(&out, "%s %s over %d pairs against v%d", decision_name(a->comparison.decision),
			   format_interval(interval, &a->comparison), a->comparison.pairs, a->incumbent);
	} else if (a->stage == ATTEMPT_COMMITTED) {
		style = STYLE_GOOD;
		buf_printf(&out, "a%d became v%d: nothing is left to decide here", a->id, a->version);
	} else {
		buf_printf(&out, "a%d does not wait for approval any more: %s", a->id, attempt_word(a));
	}
	view_add_wrapped(v, style, 0, buf_cstr(&out));
	buf_release(&out);
}

static void review_read(struct view *v)
{
	struct review_state *state = v->state;
	struct model *m = v->wb->model;
	const struct attempt *a = state_attempt(&m->state, state->attempt);
	const struct direction *d = a ? state_direction(&m->state, a->direction) : NULL;
	struct score incumbent;
	char names[2][16];
	const cJSON *event;

	if (!a) {
		view_add(v, ITEM_NONE, 0, STYLE_DIM, "no attempt waits for approval");
		return;
	}
	event = model_fetch(m, a->scored);
	add_verdict(v, a);
	view_add_wrapped(v, STYLE_DEFAULT, 0, a->title ? a->title : "");
	if (d)
		view_addf(v, STYLE_DIM, "d%d %s", d->id, d->title ? d->title : "");
	score_from_json(&incumbent, json_obj(event, "incumbent_scores"));
	snprintf(names[0], sizeof(names[0]), "a%d", a->id);
	snprintf(names[1], sizeof(names[1]), "v%d", a->incumbent);
	view_heading(v, "Scores");
	item_add_cases(v, &(struct case_table){ .score = &a->score, .score_name = names[0], .state = &m->state,
						.base = incumbent.count ? &incumbent : NULL, .base_name = names[1] });
	view_heading(v, "Evidence");
	add_check_kinds(v, json_arr(event, "checks"));
	item_add_sampled(v, event);
	add_build_line(v, event);
	add_movers(v, a);
}

/* The next or previous attempt that waits. */
static const struct attempt *next_waiting(const struct run_state *s, int from, int by)
{
	int id;

	for (id = from + by; state_attempt(s, id); id += by)
		if (state_attempt(s, id)->stage == ATTEMPT_PENDING)
			return state_attempt(s, id);
	return NULL;
}

static enum request review_request(struct view *v, enum request r, int argc, char **argv)
{
	struct review_state *state = v->state;
	const struct attempt *a;

	if (r != REQ_NEXT && r != REQ_PREVIOUS)
		return r;
	a = next_waiting(&v->wb->model->state, state->attempt, r == REQ_NEXT ? 1 : -1);
	if (a)
		show(v, a);
	else
		wb_note(v->wb, STYLE_DIM, "no other attempt waits %s this one", r == REQ_NEXT ? "behind" : "before");
	return REQ_NONE;
}

static void review_revision(struct view *v, char out[24])
{
	if (review_attempt(v))
		snprintf(out, 24, "a%d", review_attempt(v));
}

static void review_title(struct view *v, struct buf *out)
{
	const struct run_state *s = &v->wb->model->state;
	const struct attempt *a = state_attempt(s, review_attempt(v));
	const struct version *parent = a ? state_version(s, a->parent) : NULL;

	if (!a) {
		buf_addstr(out, "review");
		return;
	}
	if (a->version >= 0)
		buf_printf(out, "REVIEW a%d → v%d", a->id, a->version);
	else if (a->stage == ATTEMPT_PENDING)
		buf_printf(out, "REVIEW a%d → v%zu?", a->id, s->version_count);
	else
		buf_printf(out, "REVIEW a%d", a->id);
	if (parent)
		buf_printf(out, "   parent v%d %.7s", parent->id, parent->commit);
}

static const enum request review_footer[] = { REQ_APPROVE, REQ_REJECT, REQ_EDIT, REQ_NEXT_PANE, REQ_PREVIOUS, REQ_NEXT, REQ_BACK, REQ_NONE };

const struct view_ops review_view = {
	.name = "review", .flags = VIEW_NO_CURSOR, .slot = SLOT_LEFT, .number = 9, .state_size = sizeof(struct review_state),
	.open = review_open, .read = review_read, .request = review_request, .revision = review_revision, .title = review_title,
	.footer = review_footer,
};
