#include "avo.h"
#include "base/mem.h"
#include "ui/format.h"
#include "ui/item.h"
#include "ui/views.h"

#include <math.h>

/* The lineage: versions, newest first, and between them what was tried on each and led nowhere. */

enum { KINDS = VERDICT_COUNT + DECISION_COUNT };

struct lineage_state {
	size_t room;			/* versions there is room for */
	unsigned char *open;		/* by version: its attempts are unfolded */
	int (*tally)[KINDS + 1];	/* by version: attempts by outcome; the last counts them all */
};

static int kind_of(const struct attempt *a)
{
	return a->verdict == VERDICT_PASSED ? VERDICT_COUNT + (int)a->comparison.decision : (int)a->verdict;
}

static bool led_nowhere(const struct attempt *a)
{
	return a->version < 0 && a->parent >= 0;
}

static void make_room(struct lineage_state *state, size_t versions)
{
	size_t old = state->room;

	if (versions <= old)
		return;
	state->room = versions * 2;
	state->open = xrealloc(state->open, state->room);
	memset(state->open + old, 0, state->room - old);
	state->tally = xrealloc(state->tally, state->room * sizeof(*state->tally));
}

static void count_attempts(struct lineage_state *state, const struct run_state *s)
{
	size_t i;

	make_room(state, s->version_count + 1);
	memset(state->tally, 0, state->room * sizeof(*state->tally));
	for (i = 0; i < s->attempt_count; i++) {
		const struct attempt *a = &s->attempts[i];

		if (!led_nowhere(a) || (size_t)a->parent >= s->version_count)
			continue;
		state->tally[a->parent][kind_of(a)]++;
		state->tally[a->parent][KINDS]++;
	}
}

static void lineage_read(struct view *v)
{
	struct lineage_state *state = v->state;
	const struct run_state *s = &v->wb->model->state;
	size_t i, k;

	count_attempts(state, s);
	for (i = s->version_count; i-- > 0;) {
		view_add(v, ITEM_VERSION, (int)i, STYLE_DEFAULT, NULL);
		if (!state->tally[i][KINDS])
			continue;
		view_add(v, ITEM_FOLD, (int)i, STYLE_DIM, NULL);
		for (k = s->attempt_count; state->open[i] && k-- > 0;)
			if (s->attempts[k].parent == (int)i && led_nowhere(&s->attempts[k]))
				view_add(v, ITEM_ATTEMPT, s->attempts[k].id, STYLE_DEFAULT, NULL);
	}
	if (!s->version_count)
		view_add(v, ITEM_NONE, 0, STYLE_DIM, v->wb->model->loaded ? " no version yet" : " reading the journal");
}

static void draw_fold(struct view *v, int version, struct row *row)
{
	const struct lineage_state *state = v->state;
	const int *tally = state->tally[version];
	struct buf words = BUF_INIT;
	char text[FORMAT_SIZE];
	int i;

	row_printf(row, STYLE_BORDER, " %s", version > 0 ? "│  " : "   ");
	buf_printf(&words, "%s %s:", state->open[version] ? "▾" : "╰", format_count(text, tally[KINDS], "attempt"));
	for (i = 0; i < KINDS; i++) {
		const char *word = i == VERDICT_NONE ? "being scored" : i < VERDICT_COUNT ? verdict_name((enum verdict)i) :
				   i == VERDICT_COUNT ? "passed" : decision_name((enum decision)(i - VERDICT_COUNT));

		if (tally[i])
			buf_printf(&words, "  %d %s", tally[i], word);
	}
	row_cell(row, row_left(row), ALIGN_LEFT, STYLE_DIM, buf_cstr(&words));
	buf_release(&words);
}

static void draw_attempt(struct view *v, int id, struct row *row)
{
	const struct attempt *a = state_attempt(&v->wb->model->state, id);
	char text[FORMAT_SIZE], name[24];

	if (!a)
		return;
	snprintf(name, sizeof(name), "a%d", a->id);
	row_printf(row, STYLE_BORDER, " │    ");
	row_cell(row, 7, ALIGN_LEFT, strcmp(v->wb->mark, name) == 0 ? STYLE_MARKED : STYLE_VERSION, name);
	row_cell(row, 13, ALIGN_LEFT, attempt_style(a), attempt_word(a));
	row_cell(row, 8, ALIGN_RIGHT, STYLE_DEFAULT, a->comparison.decision ? format_gain(text, a->comparison.ratio) : "");
	row_gap(row, 2);
	row_text(row, STYLE_DEFAULT, a->title ? a->title : "");
}

static double largest_geomean(const struct run_state *s)
{
	double largest = 0;
	size_t i;

	for (i = 0; i < s->version_count; i++)
		if (s->versions[i].score.geomean > largest)
			largest = s->versions[i].score.geomean;
	return largest;
}

static void draw_version(struct view *v, const struct version *ver, struct row *row)
{
	const struct run_state *s = &v->wb->model->state;
	char text[FORMAT_SIZE], name[16];
	bool best = ver->id == (int)s->version_count - 1, ci = v->width >= 46;
	int age = 7;

	snprintf(name, sizeof(name), "v%d", ver->id);
	row_printf(row, best ? STYLE_LINE_BEST : STYLE_BORDER, "%s● ", strcmp(v->wb->mark, name) == 0 ? "▸" : " ");
	row_cell(row, 5, ALIGN_LEFT, strcmp(v->wb->mark, name) == 0 ? STYLE_MARKED : STYLE_VERSION, name);
	row_cell(row, 8, ALIGN_RIGHT, best ? STYLE_STRONG : STYLE_DEFAULT, format_number(text, ver->score.geomean, format_decimals(largest_geomean(s))));
	row_gap(row, 1);
	row_cell(row, 8, ALIGN_RIGHT, decision_style(ver->comparison.decision), ver->comparison.decision ? format_gain(text, ver->comparison.ratio) : ver->id ? "-" : "seed");
	row_gap(row, 1);
	if (ci)
		row_cell(row, 6, ALIGN_LEFT, STYLE_DIM, ver->comparison.decision ? format_margin(text, &ver->comparison) : "");
	row_gap(row, 1);
	if (row_left(row) > age) {
		int width = row_left(row) - age;
		const char *title = ver->title ? ver->title : "";

		if (ver->direction > 0) {
			char both[160];

			snprintf(both, sizeof(both), "d%d %.150s", ver->direction, title);
			row_cell(row, width, ALIGN_LEFT, STYLE_DEFAULT, both);
		} else {
			row_cell(row, width, ALIGN_LEFT, STYLE_DEFAULT, title);
		}
	}
	row_cell(row, age, ALIGN_RIGHT, STYLE_DIM, format_ago(text, ver->time_ms, model_now_ms(v->wb->model)));
}

static void lineage_draw(struct view *v, const struct line *l, struct row *row)
{
	const struct version *ver = state_version(&v->wb->model->state, l->id);

	if (l->item == ITEM_VERSION && ver)
		draw_version(v, ver, row);
	else if (l->item == ITEM_FOLD)
		draw_fold(v, l->id, row);
	else if (l->item == ITEM_ATTEMPT)
		draw_attempt(v, l->id, row);
	else
		row_text(row, l->style, l->text ? l->text : "");
}

static int lineage_head_rows(struct view *v, int width, int height)
{
	return height >= 5 && width >= 34;
}

static void lineage_draw_rect(struct view *v, struct canvas *c, struct rect r)
{
	struct row row = { .c = c, .x = r.x, .y = r.y, .w = r.w };

	row_cell(&row, 3, ALIGN_LEFT, STYLE_COLUMN, "");
	row_cell(&row, 5, ALIGN_LEFT, STYLE_COLUMN, "ver");
	row_cell(&row, 8, ALIGN_RIGHT, STYLE_COLUMN, v->wb->model->state.unit[0] ? v->wb->model->state.unit : "geomean");
	row_gap(&row, 1);
	row_cell(&row, 8, ALIGN_RIGHT, STYLE_COLUMN, "gain");
	row_gap(&row, 1);
	if (r.w >= 46)
		row_cell(&row, 6, ALIGN_LEFT, STYLE_COLUMN, "95% ci");
	row_gap(&row, 1);
	if (row_left(&row) > 7)
		row_cell(&row, row_left(&row) - 7, ALIGN_LEFT, STYLE_COLUMN, "change");
	row_cell(&row, 7, ALIGN_RIGHT, STYLE_COLUMN, "age");
}

static enum request lineage_request(struct view *v, enum request r, int argc, char **argv)
{
	struct lineage_state *state = v->state;
	const struct line *l = view_selected(v);

	if (!l || (r != REQ_FOLD && !(r == REQ_ENTER && l->item == ITEM_FOLD)))
		return r;
	if (l->item == ITEM_FOLD || l->item == ITEM_VERSION)
		state->open[l->id] ^= 1;
	view_invalidate(v);
	return REQ_NONE;
}

static void lineage_select(struct view *v, const struct line *l)
{
	struct view *scores = screen_find(v->wb, &scores_view);

	/* the scores follow the version under the cursor */
	if (scores && l->item == ITEM_VERSION)
		view_invalidate(scores);
}

static void lineage_summary(struct view *v, struct buf *out)
{
	const struct run_state *s = &v->wb->model->state;
	const struct version *best = state_newest(s);
	char number[FORMAT_SIZE], gain[FORMAT_SIZE], count[FORMAT_SIZE];

	if (!best)
		return;
	buf_printf(out, "%s, v%d %s %s", format_count(count, (long)s->version_count, "version"), best->id,
		   format_number(number, best->score.geomean, format_decimals(best->score.geomean)), best->score.unit);
	if (best->comparison.decision)
		buf_printf(out, " %s  %s", format_gain(gain, best->comparison.ratio), best->title ? best->title : "");
}

static void lineage_title(struct view *v, struct buf *out)
{
	buf_addstr(out, "lineage");
	if (v->wb->model->state.suite[0])
		buf_printf(out, " · %s", v->wb->model->state.suite);
}

static void lineage_done(struct view *v)
{
	struct lineage_state *state = v->state;

	free(state->open);
	free(state->tally);
}

static const enum request lineage_footer[] = { REQ_DIFF, REQ_MARK, REQ_FOLD, REQ_NONE };

const struct view_ops lineage_view = {
	.name = "lineage", .flags = VIEW_NEWEST_FIRST | VIEW_FOLLOWS, .slot = SLOT_LEFT, .number = 1,
	.state_size = sizeof(struct lineage_state), .read = lineage_read, .draw = lineage_draw, .request = lineage_request,
	.select = lineage_select, .done = lineage_done, .head_rows = lineage_head_rows, .draw_rect = lineage_draw_rect,
	.title = lineage_title, .summary = lineage_summary, .footer = lineage_footer,
};
