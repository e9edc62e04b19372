#include "avo.h"
#include "base/path.h"
#include "ui/format.h"
#include "ui/views.h"
#include "ui/wb.h"

#include <math.h>

/* The two lines at the top, which answer: what is it doing, does it get better, does it need me. And the footer. */

static int state_style(enum engine_state s)
{
	switch (s) {
	case ENGINE_RUNNING: case ENGINE_STEPPING: return STYLE_RUNNING;
	case ENGINE_FAILED: return STYLE_FAILED;
	case ENGINE_AWAITING: return STYLE_NEEDS_YOU;
	default: return STYLE_PAUSED;
	}
}

static void add_upper(struct row *r, int style, const char *word)
{
	char text[32];
	size_t i;

	snprintf(text, sizeof(text), " %s ", word);
	for (i = 0; text[i]; i++)
		if (text[i] >= 'a' && text[i] <= 'z')
			text[i] = (char)(text[i] - 'a' + 'A');
	row_text(r, style, text);
}

static bool engine_acts(const struct run_state *s)
{
	return s->state == ENGINE_RUNNING || s->state == ENGINE_STEPPING;
}

static bool engine_gone(struct workbench *wb);

/* "s41 · a512 checking 5/8 · 00:41" */
static void add_doing(struct workbench *wb, struct row *r)
{
	const struct run_state *s = &wb->model->state;
	const struct step *step = s->step_count ? &s->steps[s->step_count - 1] : NULL;
	const struct attempt *last = s->attempt_count ? &s->attempts[s->attempt_count - 1] : NULL;
	const struct action *action = s->action_count ? &s->actions[s->action_count - 1] : NULL;
	const struct model_live *live = &wb->model->live;
	int64_t since = 0;
	char text[FORMAT_SIZE];

	if (!step || (!engine_acts(s) && s->state != ENGINE_AWAITING))
		return;
	row_printf(r, STYLE_STATUS, "  s%d", step->id);
	if (live->attempt >= 0) {
		row_printf(r, STYLE_STATUS, " · a%d %s", live->attempt, live->stage);
		if (live->total > 0)
			row_printf(r, STYLE_STATUS, " %d/%d", live->done, live->total);
	} else if (last && !last->ended_ms) {
		row_printf(r, STYLE_STATUS, " · a%d being scored", last->id);
	} else if (live->waiting[0]) {
		row_text(r, STYLE_STATUS, " · waiting for the model");
	} else if (action && !action->ended_ms) {
		row_printf(r, STYLE_STATUS, " · %s", action->kind);
	}
	if (last && !last->ended_ms)
		since = last->started_ms;
	else if (action && !action->ended_ms)
		since = action->started_ms;
	if (since && engine_acts(s) && !engine_gone(wb))
		row_printf(r, STYLE_STATUS, " · %s", format_clock(text, model_now_ms(wb->model) - since));
}

static void add_part(struct workbench *wb, struct buf *out, int width, double ratio, const char *name)
{
	char part[96], gain[FORMAT_SIZE];

	/* a peer's first word is its name, the rest its version */
	snprintf(part, sizeof(part), "   %s %.*s", format_gain(gain, ratio), (int)strcspn(name, " "), name);
	if (isfinite(ratio) && canvas_width(&wb->canvas, buf_cstr(out)) + canvas_width(&wb->canvas, part) + 3 <= width)
		buf_addstr(out, part);
}

/* "best v40 741.3 TFLOPS   +98.1% seed   +17.1% cuDNN": as much of it as there is room for. */
static void best_text(struct workbench *wb, struct buf *out, int width)
{
	const struct run_state *s = &wb->model->state;
	const struct version *best = state_champion(s), *seed = state_version(s, 0);
	char text[FORMAT_SIZE];
	size_t i;

	if (!best || !best->score.count)
		return;
	buf_printf(out, "best v%d %s %s", best->id, format_number(text, best->score.geomean, format_decimals(best->score.geomean)), best->score.unit);
	if (seed && seed != best && seed->score.count)
		add_part(wb, out, width, best->score.geomean / seed->score.geomean, "seed");
	for (i = 0; i < s->peer_count; i++)
		add_part(wb, out, width, best->score.geomean / s->peers[i].score.geomean, s->peers[i].name);
	buf_addch(out, ' ');
}

/* Right-aligned, as much of it as fits behind what stands on the left. */
static void add_right(struct row *r, const char *text)
{
	int need = canvas_width(r->c, text);

	if (need + 2 <= row_left(r))
		row_gap(r, row_left(r) - need);
	else
		row_gap(r, 2);
	row_text(r, STYLE_STATUS, text);
}

/* The record says that it runs, and nobody is there. */
static bool engine_gone(struct workbench *wb)
{
	return wb->model->loaded && !wb->model->connected && !wb->options->replay && engine_acts(&wb->model->state);
}

static void paint_first(struct workbench *wb, struct rect r)
{
	const struct run_state *s = &wb->model->state;
	struct row row = { .c = &wb->canvas, .x = r.x, .y = r.y, .w = r.w };
	struct buf text = BUF_INIT;

	row_printf(&row, STYLE_STATUS, " %s ", s->name[0] ? s->name : "avo");
	if (!wb->model->loaded)
		add_upper(&row, STYLE_PAUSED, "reading");
	else if (wb->model->held)
		add_upper(&row, STYLE_NEEDS_YOU, wb->model->announced > wb->held_seq ? "held, there is more" : "held");
	else if (wb->options->replay)
		add_upper(&row, STYLE_PAUSED, "replay");
	if (wb->model->gone)
		add_upper(&row, STYLE_FAILED, "run gone");
	else if (engine_gone(wb))
		add_upper(&row, STYLE_FAILED, "engine gone");
	else if (s->state != ENGINE_NONE)
		add_upper(&row, state_style(s->state), engine_state_name(s->state));
	add_doing(wb, &row);
	best_text(wb, &text, row_left(&row));
	add_right(&row, buf_cstr(&text));
	buf_release(&text);
}

static void add_waiting(struct workbench *wb, struct row *r, const struct attempt *a)
{
	char gain[FORMAT_SIZE], margin[FORMAT_SIZE], waiting[FORMAT_SIZE];

	row_text(r, STYLE_NEEDS_YOU, " NEEDS YOU ");
	row_printf(r, STYLE_STATUS, "  a%d %s %s %s   waiting %s   ", a->id, decision_name(a->comparison.decision),
		   format_gain(gain, a->comparison.ratio), format_margin(margin, &a->comparison),
		   format_clock(waiting, model_now_ms(wb->model) - a->ended_ms));
	row_text(r, STYLE_STATUS_KEY, "A");
	row_text(r, STYLE_STATUS, " review");
}

static void facts_text(struct workbench *wb, struct buf *out)
{
	const struct run_state *s = &wb->model->state;
	int64_t now = model_now_ms(wb->model), acted = engine_gone(wb) ? s->last_ms : now;
	const struct version *best = state_newest(s);
	char text[FORMAT_SIZE];

	if (best)
		buf_printf(out, "   last version %s ago", format_ago(text, best->time_ms, now));
	buf_printf(out, "   %s", format_count(text, (long)s->attempt_count, "attempt"));
	if (s->direction_count)
		buf_printf(out, "   %s", format_count(text, (long)s->direction_count, "direction"));
	buf_printf(out, "   active %s", format_clock(text, state_active_ms(s, acted)));
	if (s->cost_usd > 0)
		buf_printf(out, "   %s", format_cost(text, s->cost_usd));
}

static void paint_second(struct workbench *wb, struct rect r)
{
	const struct run_state *s = &wb->model->state;
	struct row row = { .c = &wb->canvas, .x = r.x, .y = r.y + r.h - 1, .w = r.w };
	const struct attempt *waiting = state_pending(s);
	char word[PATH_WORD_SIZE];
	struct buf text = BUF_INIT;

	if (wb->model->gone) {
		row_printf(&row, STYLE_FAILED, " %s was deleted or moved away; what was read of it is shown. Q quits", model_run_dir(wb->model));
		return;
	}
	if (wb->model->trouble[0]) {
		row_text(&row, STYLE_FAILED, " JOURNAL ");
		row_printf(&row, STYLE_STATUS, " %s", wb->model->trouble);
		return;
	}
	if (waiting) {
		add_waiting(wb, &row, waiting);
		return;
	}
	if (engine_gone(wb)) {
		row_printf(&row, STYLE_STATUS, " no engine answers; to go on where it was: avo run %s", path_word(word, model_run_dir(wb->model)));
		return;
	}
	if (s->state == ENGINE_WAITING) {
		row_printf(&row, STYLE_STATUS, " %s%s%s ", wb->model->live.waiting, wb->model->live.waiting[0] ? ": " : "", s->state_reason);
		return;
	}
	if ((s->state == ENGINE_FAILED || s->state == ENGINE_STOPPED || s->state == ENGINE_FINISHED) && s->state_reason[0])
		row_printf(&row, s->state == ENGINE_FAILED ? STYLE_FAILED : STYLE_STATUS, " %s ", s->state_reason);
	else
		row_printf(&row, STYLE_STATUS, " %s", s->device[0] ? s->device : s->suite);
	facts_text(wb, &text);
	row_text(&row, STYLE_STATUS, buf_cstr(&text));
	buf_clear(&text);
	buf_printf(&text, "engine %s ", wb->model->connected ? "●" : wb->options->replay ? "replayed" : "not running");
	if (canvas_width(&wb->canvas, buf_cstr(&text)) + 2 <= row_left(&row))
		add_right(&row, buf_cstr(&text));
	buf_release(&text);
}

void status_paint(struct workbench *wb, struct rect r)
{
	int i;

	for (i = 0; i < r.h; i++)
		canvas_fill(&wb->canvas, r.x, r.y + i, r.w, STYLE_STATUS, " ");
	if (!r.h)
		return;
	if (r.h > 1 || !state_pending(&wb->model->state))
		paint_first(wb, r);
	if (r.h > 1 || state_pending(&wb->model->state))
		paint_second(wb, r);
}

static void add_hint(struct workbench *wb, struct row *row, const char *context, enum request r)
{
	const struct request_info *info = request_info(r);
	uint32_t key = keymap_key(&wb->keys, context, r);
	char name[KEY_NAME_SIZE];

	if (!key || (info->flags & REQ_COMMANDS && wb->options->read_only))
		return;
	key_label(name, key);
	/* a hint that does not fit whole is left out: half of one only puzzles */
	if (canvas_width(row->c, name) + canvas_width(row->c, info->footer) + 2 > row_left(row))
		return;
	row_text(row, STYLE_KEY, name);
	row_printf(row, STYLE_DIM, " %s  ", info->footer);
}

void footer_paint(struct workbench *wb, struct rect r)
{
	static const enum request always[] = { REQ_STEP, REQ_ACTION, REQ_CONTINUE, REQ_PAUSE, REQ_MESSAGE, REQ_QUIT, REQ_NONE };
	const struct view_ops *ops = wb_focused(wb)->ops;
	struct row row = { .c = &wb->canvas, .x = r.x + 1, .y = r.y, .w = r.w - 1 };
	int i;

	if (!r.h)
		return;
	if (wb->prompt.kind != PROMPT_CLOSED) {
		prompt_draw(&wb->prompt, &wb->canvas, r);
		return;
	}
	if (wb->note[0]) {
		canvas_fill(&wb->canvas, r.x, r.y, r.w, wb->note_style == STYLE_ERROR ? STYLE_ERROR : STYLE_DEFAULT, " ");
		row_text(&row, wb->note_style, wb->note);
		return;
	}
	/* where help is must be seen whatever else has no room */
	row.w -= 9;
	for (i = 0; ops->footer && ops->footer[i] != REQ_NONE; i++)
		add_hint(wb, &row, ops->name, ops->footer[i]);
	for (i = 0; always[i] != REQ_NONE; i++)
		add_hint(wb, &row, ops->name, always[i]);
	row.w += 9;
	add_hint(wb, &row, ops->name, REQ_HELP);
}
