#include "avo.h"
#include "base/str.h"
#include "ui/chart.h"
#include "ui/format.h"
#include "ui/item.h"
#include "ui/views.h"

#include <math.h>

/* One attempt, and why it was or was not committed: the verdict in a sentence, then everything it rests on. */

#define STRIP_ROWS 7
#define MAX_PAIRS 512

enum { SHAPE_TEXT, SHAPE_STRIP };

struct attempt_state {
	int attempt;		/* -1: a version without an attempt, the seed */
	int version;		/* -1 */
	struct canvas strip;
};

int attempt_shown(const struct view *v)
{
	return ((const struct attempt_state *)v->state)->attempt;
}

static enum avo_status attempt_open(struct view *v, int argc, char **argv, struct error *err)
{
	struct attempt_state *state = v->state;
	const struct run_state *s = &v->wb->model->state;
	const char *name = argc > 1 ? argv[1] : "";
	const struct version *ver = state_version(s, (int)str_to_id(name, 'v'));
	const struct attempt *a = state_attempt(s, ver ? ver->attempt : (int)str_to_id(name, 'a'));

	if (argc < 2 && state->strip.cells)
		return AVO_OK;
	if (!ver && !a)
		return error_set(err, AVO_NEGATIVE, "'%s' is no version and no attempt of this run", name);
	state->attempt = a ? a->id : -1;
	state->version = ver ? ver->id : a->version;
	v->top = v->cursor = 0;
	view_invalidate(v);
	if (!state->strip.cells)
		canvas_init(&state->strip, 1, 1, v->wb->canvas.ascii);
	return AVO_OK;
}

/* --- the sentence --- */

static void decision_sentence(struct buf *out, const struct attempt *a)
{
	const struct comparison *c = &a->comparison;
	char interval[FORMAT_SIZE * 2];

	format_interval(interval, c);
	switch (c->decision) {
	case DECISION_IMPROVED:
		buf_printf(out, "It is faster than v%d: %s over %d pairs; the whole interval lies above 1.", a->incumbent, interval, c->pairs);
		break;
	case DECISION_MATCHED:
		buf_printf(out, "It is as fast as v%d: %s over %d pairs, within the tolerance.", a->incumbent, interval, c->pairs);
		break;
	case DECISION_REGRESSED:
		buf_printf(out, "It is slower than v%d: %s over %d pairs; the whole interval lies below 1.", a->incumbent, interval, c->pairs);
		break;
	case DECISION_INCONCLUSIVE:
		buf_printf(out, "No difference to v%d could be shown: %s after %d pairs.", a->incumbent, interval, c->pairs);
		break;
	default:
		buf_addstr(out, "It passed and was not compared with anything.");
	}
}

static void stage_sentence(struct buf *out, const struct attempt *a)
{
	switch (a->stage) {
	case ATTEMPT_STARTED: buf_printf(out, "a%d is being scored. ", a->id); break;
	case ATTEMPT_PENDING: buf_printf(out, "a%d waits for your approval. ", a->id); break;
	case ATTEMPT_COMMITTED: buf_printf(out, "a%d became v%d. ", a->id, a->version); break;
	case ATTEMPT_REJECTED: buf_printf(out, "a%d was rejected by hand%s%s. ", a->id, a->reason ? ": " : "", a->reason ? a->reason : ""); break;
	default: buf_printf(out, "a%d was not committed. ", a->id);
	}
}

static void add_sentence(struct view *v, const struct attempt *a, const cJSON *event)
{
	struct buf out = BUF_INIT;

	stage_sentence(&out, a);
	if (a->verdict == VERDICT_PASSED)
		decision_sentence(&out, a);
	else if (a->verdict != VERDICT_NONE)
		buf_printf(&out, "Its verdict is %s: %s", verdict_name(a->verdict), a->reason ? a->reason : json_str(event, "reason", "no reason was recorded"));
	view_add_wrapped(v, attempt_style(a), 0, buf_cstr(&out));
	if (a->verdict == VERDICT_CHEATED) {
		buf_clear(&out);
		buf_printf(&out, "rule: %s", json_str(event, "rule", "-"));
		view_add_wrapped(v, STYLE_BAD, 2, buf_cstr(&out));
		buf_clear(&out);
		buf_printf(&out, "evidence: %s", json_str(event, "evidence", "-"));
		view_add_wrapped(v, STYLE_BAD, 2, buf_cstr(&out));
	}
	buf_release(&out);
}

static void add_facts(struct view *v, const struct attempt *a)
{
	const struct direction *d = state_direction(&v->wb->model->state, a->direction);
	char ago[FORMAT_SIZE], took[FORMAT_SIZE];
	struct buf out = BUF_INIT;

	view_heading(v, "What was changed");
	view_add_wrapped(v, STYLE_DEFAULT, 0, a->title ? a->title : "-");
	buf_printf(&out, "on v%d, +%d -%d lines, by %s in s%d, commit %.7s, %s ago", a->parent, a->added, a->removed, a->author, a->step,
		   a->commit, format_ago(ago, a->started_ms, model_now_ms(v->wb->model)));
	if (a->ended_ms)
		buf_printf(&out, ", scored in %s", format_clock(took, a->ended_ms - a->started_ms));
	view_add_wrapped(v, STYLE_DIM, 0, buf_cstr(&out));
	buf_clear(&out);
	if (d) {
		buf_printf(&out, "d%d %s%s%s", d->id, d->title ? d->title : "", d->hypothesis ? ": " : "", d->hypothesis ? d->hypothesis : "");
		view_add_wrapped(v, STYLE_DIM, 0, buf_cstr(&out));
	}
	buf_release(&out);
}

/* --- the pairs --- */

static void add_pairs(struct view *v, const struct comparison *c, const cJSON *event)
{
	struct attempt_state *state = v->state;
	const cJSON *list = json_arr(event, "pair_ratios"), *item;
	double ratios[MAX_PAIRS];
	struct strip strip = { .ratios = ratios, .lo = c->lo, .hi = c->hi, .mean = c->ratio };
	int i;

	cJSON_ArrayForEach(item, list)
		if (cJSON_IsNumber(item) && strip.count < MAX_PAIRS)
			ratios[strip.count++] = item->valuedouble;
	if (!strip.count)
		return;
	view_heading(v, "Pairs: challenger over incumbent, and the interval");
	canvas_resize(&state->strip, v->width, STRIP_ROWS);
	chart_strip(&state->strip, (struct rect){ 0, 0, v->width, STRIP_ROWS }, &strip);
	for (i = 0; i < STRIP_ROWS; i++) {
		struct line *l = view_add(v, ITEM_NONE, 0, STYLE_DEFAULT, "");

		l->shape = SHAPE_STRIP;
		l->extra = i;
	}
}

/* Numbers of an object, a line each: telemetry, times, whatever the worker recorded. */
static void add_numbers(struct view *v, const char *heading, const char *unit, const cJSON *object)
{
	const cJSON *item;
	struct buf out = BUF_INIT;

	cJSON_ArrayForEach(item, object) {
		if (cJSON_IsNumber(item))
			buf_printf(&out, "%s%s %.6g%s", out.len ? ", " : "", item->string, item->valuedouble, unit);
		else if (cJSON_IsString(item) && item->valuestring[0])
			buf_printf(&out, "%s%s %s", out.len ? ", " : "", item->string, item->valuestring);
	}
	if (out.len) {
		view_heading(v, heading);
		view_add_wrapped(v, STYLE_DEFAULT, 0, buf_cstr(&out));
	}
	buf_release(&out);
}

static void add_build(struct view *v, const struct attempt *a, const cJSON *build)
{
	struct buf out = BUF_INIT;

	if (!build)
		return;
	view_heading(v, "Build");
	if (a->verdict == VERDICT_BUILD_FAILED)
		item_add_build_error(v, a->commit, build);
	buf_printf(&out, "%.0f ms%s", json_num(build, "ms", 0), json_bool(build, "cached", false) ? ", from the cache" : "");
	if (json_get(build, "registers"))
		buf_printf(&out, ", %d registers, %d spills, %d bytes shared", (int)json_int(build, "registers", 0),
			   (int)json_int(build, "spills", 0), (int)json_int(build, "shared_bytes", 0));
	view_add(v, ITEM_NONE, 0, STYLE_DIM, buf_cstr(&out));
	if (json_str(build, "warning", NULL))
		view_add_wrapped(v, STYLE_WARN, 0, json_str(build, "warning", ""));
	buf_release(&out);
}

static void add_scores(struct view *v, const struct attempt *a, const cJSON *event)
{
	struct score incumbent;
	char names[2][16];

	if (!a->score.count)
		return;
	score_from_json(&incumbent, json_obj(event, "incumbent_scores"));
	snprintf(names[0], sizeof(names[0]), "a%d", a->id);
	snprintf(names[1], sizeof(names[1]), "v%d", a->incumbent);
	view_heading(v, "Scores, measured side by side");
	item_add_cases(v, &(struct case_table){ .score = &a->score, .score_name = names[0], .state = &v->wb->model->state,
						.base = incumbent.count ? &incumbent : NULL, .base_name = names[1] });
}

static void add_seed(struct view *v, const struct version *ver)
{
	char name[16];

	snprintf(name, sizeof(name), "v%d", ver->id);
	view_addf(v, STYLE_DEFAULT, "v%d is the seed: every other version descends from it. Commit %.7s.", ver->id, ver->commit);
	view_heading(v, "Scores");
	item_add_cases(v, &(struct case_table){ .score = &ver->score, .score_name = name, .state = &v->wb->model->state });
}

static void attempt_read(struct view *v)
{
	struct attempt_state *state = v->state;
	const struct run_state *s = &v->wb->model->state;
	const struct attempt *a = state_attempt(s, state->attempt);
	const struct version *ver = state_version(s, state->version);
	const cJSON *event;

	if (!a) {
		if (ver)
			add_seed(v, ver);
		return;
	}
	event = model_fetch(v->wb->model, a->scored);
	add_sentence(v, a, event);
	add_facts(v, a);
	if (a->verdict == VERDICT_BUILD_FAILED)
		add_build(v, a, json_obj(event, "build"));
	add_pairs(v, &a->comparison, event);
	add_scores(v, a, event);
	if (json_arr(event, "checks")) {
		view_heading(v, "Checks");
		item_add_checks(v, json_arr(event, "checks"));
		item_add_sampled(v, event);
	}
	if (a->verdict != VERDICT_BUILD_FAILED)
		add_build(v, a, json_obj(event, "build"));
	add_numbers(v, "While it was timed", "", json_obj(event, "telemetry"));
	add_numbers(v, "Time spent", " ms", json_obj(event, "ms"));
}

static void attempt_draw(struct view *v, const struct line *l, struct row *row)
{
	const struct attempt_state *state = v->state;
	int x;

	if (l->shape != SHAPE_STRIP) {
		row_scrolled(row, l->style, l->text ? l->text : "");
		return;
	}
	for (x = 0; x < state->strip.cols && x < row->w; x++)
		row->c->cells[(size_t)row->y * (size_t)row->c->cols + (size_t)(row->x + x)] = *canvas_cell(&state->strip, x, l->extra);
}

static enum request attempt_request(struct view *v, enum request r, int argc, char **argv)
{
	struct attempt_state *state = v->state;
	int to = state->attempt + (r == REQ_NEXT ? 1 : -1);

	if ((r != REQ_NEXT && r != REQ_PREVIOUS) || state->attempt < 0)
		return r;
	if (!state_attempt(&v->wb->model->state, to)) {
		wb_note(v->wb, STYLE_DIM, "there is none %s this one", r == REQ_NEXT ? "behind" : "before");
		return REQ_NONE;
	}
	state->attempt = to;
	state->version = state_attempt(&v->wb->model->state, to)->version;
	v->top = v->cursor = 0;
	view_invalidate(v);
	return REQ_NONE;
}

static void attempt_revision(struct view *v, char out[24])
{
	const struct attempt_state *state = v->state;

	if (state->attempt > 0)
		snprintf(out, 24, "a%d", state->attempt);
	else
		snprintf(out, 24, "v%d", state->version);
}

static void attempt_title(struct view *v, struct buf *out)
{
	const struct attempt_state *state = v->state;
	const struct attempt *a = state_attempt(&v->wb->model->state, state->attempt);

	if (!a) {
		buf_printf(out, "v%d", state->version);
		return;
	}
	buf_printf(out, "a%d", a->id);
	if (a->version >= 0)
		buf_printf(out, " → v%d", a->version);
	buf_printf(out, " · %s", attempt_word(a));
}

static void attempt_done(struct view *v)
{
	struct attempt_state *state = v->state;

	canvas_release(&state->strip);
}

static const enum request attempt_footer[] = { REQ_DIFF, REQ_PREVIOUS, REQ_NEXT, REQ_CLOSE, REQ_NONE };

const struct view_ops attempt_view = {
	.name = "attempt", .flags = VIEW_NO_CURSOR, .slot = SLOT_RIGHT, .state_size = sizeof(struct attempt_state),
	.open = attempt_open, .read = attempt_read, .draw = attempt_draw, .request = attempt_request,
	.revision = attempt_revision, .title = attempt_title, .done = attempt_done, .footer = attempt_footer,
};
