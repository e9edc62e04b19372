#include "avo.h"
#include "ui/format.h"
#include "ui/item.h"
#include "ui/views.h"

/* Every attempt, newest first, with what came of it. */

static void attempts_read(struct view *v)
{
	const struct run_state *s = &v->wb->model->state;
	size_t i;

	for (i = s->attempt_count; i-- > 0;)
		view_add(v, ITEM_ATTEMPT, s->attempts[i].id, STYLE_DEFAULT, NULL);
	if (!s->attempt_count)
		view_add(v, ITEM_NONE, 0, STYLE_DIM, " no attempt yet");
}

static void attempts_draw(struct view *v, const struct line *l, struct row *row)
{
	const struct attempt *a = state_attempt(&v->wb->model->state, l->id);
	char text[FORMAT_SIZE], name[16], lines[48];
	bool wide = row->w >= 72;

	if (!a) {
		row_text(row, l->style, l->text ? l->text : "");
		return;
	}
	snprintf(name, sizeof(name), "a%d", a->id);
	row_cell(row, 1, ALIGN_LEFT, STYLE_MARKED, strcmp(v->wb->mark, name) == 0 ? "▸" : "");
	row_cell(row, 6, ALIGN_LEFT, strcmp(v->wb->mark, name) == 0 ? STYLE_MARKED : STYLE_VERSION, name);
	row_cell(row, 13, ALIGN_LEFT, attempt_style(a), attempt_word(a));
	row_cell(row, 8, ALIGN_RIGHT, decision_style(a->comparison.decision), a->comparison.decision ? format_gain(text, a->comparison.ratio) : "-");
	row_gap(row, 1);
	if (wide) {
		row_cell(row, 6, ALIGN_LEFT, STYLE_DIM, a->comparison.decision ? format_margin(text, &a->comparison) : "");
		row_cell(row, 9, ALIGN_RIGHT, STYLE_DEFAULT, format_number(text, a->score.geomean, format_decimals(a->score.geomean)));
		row_gap(row, 1);
		snprintf(lines, sizeof(lines), "+%d -%d", a->added, a->removed);
		row_cell(row, 9, ALIGN_LEFT, STYLE_DIM, lines);
	}
	snprintf(name, sizeof(name), a->version >= 0 ? "→v%d" : "v%d", a->version >= 0 ? a->version : a->parent);
	row_cell(row, 5, ALIGN_LEFT, STYLE_DIM, name);
	if (row_left(row) > 7)
		row_cell(row, row_left(row) - 7, ALIGN_LEFT, STYLE_DEFAULT, a->title ? a->title : "");
	row_cell(row, 6, ALIGN_RIGHT, STYLE_DIM, format_ago(text, a->started_ms, model_now_ms(v->wb->model)));
}

static int attempts_head_rows(struct view *v, int width, int height)
{
	return height >= 5 && width >= 34;
}

static void attempts_draw_rect(struct view *v, struct canvas *c, struct rect r)
{
	struct row row = { .c = c, .x = r.x, .y = r.y, .w = r.w };

	row_cell(&row, 7, ALIGN_LEFT, STYLE_COLUMN, "");
	row_cell(&row, 13, ALIGN_LEFT, STYLE_COLUMN, "outcome");
	row_cell(&row, 8, ALIGN_RIGHT, STYLE_COLUMN, "gain");
	row_gap(&row, 1);
	if (r.w >= 72) {
		row_cell(&row, 6, ALIGN_LEFT, STYLE_COLUMN, "95% ci");
		row_cell(&row, 9, ALIGN_RIGHT, STYLE_COLUMN, v->wb->model->state.unit[0] ? v->wb->model->state.unit : "geomean");
		row_gap(&row, 1);
		row_cell(&row, 9, ALIGN_LEFT, STYLE_COLUMN, "lines");
	}
	row_cell(&row, 5, ALIGN_LEFT, STYLE_COLUMN, "on");
	if (row_left(&row) > 7)
		row_cell(&row, row_left(&row) - 7, ALIGN_LEFT, STYLE_COLUMN, "change");
	row_cell(&row, 6, ALIGN_RIGHT, STYLE_COLUMN, "age");
}

static void attempts_summary(struct view *v, struct buf *out)
{
	const struct run_state *s = &v->wb->model->state;
	const struct attempt *a = s->attempt_count ? &s->attempts[s->attempt_count - 1] : NULL;

	if (a)
		buf_printf(out, "a%d %s  %s", a->id, attempt_word(a), a->title ? a->title : "");
}

static const enum request attempts_footer[] = { REQ_ENTER, REQ_DIFF, REQ_MARK, REQ_NONE };

const struct view_ops attempts_view = {
	.name = "attempts", .flags = VIEW_NEWEST_FIRST | VIEW_FOLLOWS, .slot = SLOT_LEFT, .number = 4,
	.read = attempts_read, .draw = attempts_draw, .head_rows = attempts_head_rows, .draw_rect = attempts_draw_rect,
	.summary = attempts_summary, .footer = attempts_footer,
};
