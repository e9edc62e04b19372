#include "avo.h"
#include "base/mem.h"
#include "ui/chart.h"
#include "ui/format.h"
#include "ui/item.h"
#include "ui/views.h"

#include <math.h>

/* Scores: the trajectory over the versions, and the table of cases of the version under the cursor. */

struct scores_state {
	int version;		/* shown in the table */
};

/* The version under the lineage's cursor, else the best. */
static int chosen_version(struct view *v)
{
	struct view *lineage = screen_find(v->wb, &lineage_view);
	const struct line *l = lineage ? view_selected(lineage) : NULL;
	const struct version *best = state_newest(&v->wb->model->state);

	if (l && l->item == ITEM_VERSION && state_version(&v->wb->model->state, l->id))
		return l->id;
	return best ? best->id : -1;
}

/*
 * What the version was compared with, as it was measured then and there, side by
 * side: scores of two sessions differ by what the machine was doing, too.
 */
static bool incumbent_then(struct score *out, struct view *v, const struct version *ver)
{
	const struct attempt *a = state_attempt(&v->wb->model->state, ver->attempt);

	score_from_json(out, a ? json_obj(model_fetch(v->wb->model, a->scored), "incumbent_scores") : NULL);
	return out->count > 0;
}

static void scores_read(struct view *v)
{
	struct scores_state *state = v->state;
	const struct run_state *s = &v->wb->model->state;
	const struct version *ver;
	struct score base;
	char names[2][16];

	state->version = chosen_version(v);
	ver = state_version(s, state->version);
	if (!ver || v->wb->settings.chart == CHART_ALONE)
		return;
	snprintf(names[0], sizeof(names[0]), "v%d", ver->id);
	snprintf(names[1], sizeof(names[1]), "v%d", ver->parent);
	item_add_cases(v, &(struct case_table){ .score = &ver->score, .score_name = names[0], .state = s,
						.base = incumbent_then(&base, v, ver) ? &base : NULL, .base_name = names[1] });
}

/* y[i] of a case over the versions, NAN where it was not measured. */
static void case_values(double *y, const struct run_state *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->version_count; i++) {
		const struct case_score *c = score_case(&s->versions[i].score, name);

		y[i] = c ? c->value : NAN;
	}
}

static void running_best(double *y, const struct run_state *s)
{
	double best = NAN;
	size_t i;

	for (i = 0; i < s->version_count; i++) {
		double value = s->versions[i].score.geomean;

		if (s->versions[i].score.count && isfinite(value) && !(value <= best))
			best = value;
		y[i] = best;
	}
}

static void draw_trajectory(struct view *v, struct canvas *c, struct rect r)
{
	const struct run_state *s = &v->wb->model->state;
	const struct scores_state *state = v->state;
	const struct score *suite = s->version_count ? &s->versions[s->version_count - 1].score : NULL;
	size_t n = s->version_count, lines = 0, levels = 0, i;
	double *y = xcalloc((SCORE_MAX_CASES + 1) * (n ? n : 1), sizeof(*y));
	struct chart_line line[SCORE_MAX_CASES + 1], level[16];
	struct chart chart = { .count = (int)n, .lines = line, .levels = level, .cursor = state->version };

	for (i = 0; suite && v->wb->settings.cases && i < (size_t)suite->count; i++, lines++) {
		case_values(y + lines * n, s, suite->cases[i].name);
		line[lines] = (struct chart_line){ suite->cases[i].name, y + lines * n, STYLE_LINE_CASE };
	}
	running_best(y + lines * n, s);
	line[lines] = (struct chart_line){ "best", y + lines * n, STYLE_LINE_BEST };
	for (i = 0; v->wb->settings.peers && i < s->peer_count && levels < ARRAY_LEN(level); i++)
		if (isfinite(s->peers[i].score.geomean))
			level[levels++] = (struct chart_line){ s->peers[i].name, &s->peers[i].score.geomean, STYLE_LINE_PEER };
	chart.line_count = (int)lines + 1;
	chart.level_count = (int)levels;
	if (n)
		chart_draw(c, r, &chart);
	else
		canvas_text(c, r.x + 1, r.y, r.w - 1, STYLE_DIM, "nothing measured yet");
	free(y);
}

static int scores_head_rows(struct view *v, int width, int height)
{
	const struct version *best = state_newest(&v->wb->model->state);
	int table = best ? best->score.count + 2 : 0;

	switch (v->wb->settings.chart) {
	case CHART_ALONE: return height;
	case CHART_TABLE: return 0;
	default: break;
	}
	/* the chart gets what the table leaves, the whole pane where that is too little for both */
	if (height - table >= 7)
		return height - table;
	return height >= 20 ? height / 2 : height;
}

static enum request scores_request(struct view *v, enum request r, int argc, char **argv)
{
	struct settings *set = &v->wb->settings;

	if (r == REQ_CHART)
		set->chart = (set->chart + 1) % 3;
	else if (r == REQ_CASES)
		set->cases = !set->cases;
	else
		return r;
	view_invalidate(v);
	return REQ_NONE;
}

static void scores_revision(struct view *v, char out[24])
{
	int version = chosen_version(v);

	if (version >= 0)
		snprintf(out, 24, "v%d", version);
}

static void scores_title(struct view *v, struct buf *out)
{
	const struct run_state *s = &v->wb->model->state;
	int version = chosen_version(v);

	buf_addstr(out, "scores");
	if (s->unit[0])
		buf_printf(out, " · %s, %s", s->unit, v->wb->settings.cases ? "a line a case" : "geomean");
	if (version >= 0)
		buf_printf(out, " · v%d", version);
}

static void scores_summary(struct view *v, struct buf *out)
{
	static const char *const bars[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	const struct run_state *s = &v->wb->model->state;
	double lo = INFINITY, hi = -INFINITY;
	size_t i, from = s->version_count > 40 ? s->version_count - 40 : 0;

	for (i = from; i < s->version_count; i++)
		if (s->versions[i].score.count) {
			lo = fmin(lo, s->versions[i].score.geomean);
			hi = fmax(hi, s->versions[i].score.geomean);
		}
	for (i = from; i < s->version_count; i++)
		if (s->versions[i].score.count)
			buf_addstr(out, bars[hi > lo ? (int)((s->versions[i].score.geomean - lo) / (hi - lo) * 7.0) : 0]);
	if (s->peer_count && s->version_count && isfinite(s->peers[0].score.geomean)) {
		char text[FORMAT_SIZE];

		buf_printf(out, "  %s %s", format_gain(text, state_champion(s)->score.geomean / s->peers[0].score.geomean), s->peers[0].name);
	}
}

static const enum request scores_footer[] = { REQ_CHART, REQ_CASES, REQ_ZOOM, REQ_NONE };

const struct view_ops scores_view = {
	.name = "scores", .flags = VIEW_NO_CURSOR, .slot = SLOT_RIGHT, .number = 3, .state_size = sizeof(struct scores_state),
	.read = scores_read, .request = scores_request, .revision = scores_revision, .head_rows = scores_head_rows,
	.draw_rect = draw_trajectory, .title = scores_title, .summary = scores_summary, .footer = scores_footer,
};
