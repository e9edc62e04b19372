#include "avo.h"
#include "base/str.h"
#include "journal/record.h"
#include "task/sampled.h"
#include "ui/format.h"
#include "ui/item.h"

#include <math.h>

const char *attempt_word(const struct attempt *a)
{
	switch (a->stage) {
	case ATTEMPT_STARTED: return "being scored";
	case ATTEMPT_PENDING: return "waiting";
	case ATTEMPT_COMMITTED: return "committed";
	case ATTEMPT_REJECTED: return "rejected";
	default: break;
	}
	if (a->verdict == VERDICT_PASSED && a->comparison.decision != DECISION_NONE)
		return decision_name(a->comparison.decision);
	return verdict_name(a->verdict);
}

int decision_style(enum decision d)
{
	return d == DECISION_IMPROVED ? STYLE_GOOD : d == DECISION_REGRESSED ? STYLE_BAD : STYLE_DIM;
}

int attempt_style(const struct attempt *a)
{
	switch (a->stage) {
	case ATTEMPT_STARTED: return STYLE_LIVE;
	case ATTEMPT_PENDING: return STYLE_WARN;
	case ATTEMPT_COMMITTED: return STYLE_GOOD;
	case ATTEMPT_REJECTED: return STYLE_BAD;
	default: break;
	}
	if (a->verdict == VERDICT_PASSED)
		return decision_style(a->comparison.decision);
	return a->verdict == VERDICT_CANCELLED || a->verdict == VERDICT_EVALUATOR_FAULT ? STYLE_DIM : STYLE_BAD;
}

/* --- tables of cases: made as text, aligned by hand, so that they can be searched and saved --- */

static double largest_value(const struct score *s)
{
	double largest = 0;
	int i;

	for (i = 0; i < s->count; i++)
		if (s->cases[i].value > largest)
			largest = s->cases[i].value;
	return largest;
}

/* Pads a text that may hold characters beyond ASCII to a display width. */
static void add_column(struct view *v, struct buf *out, int width, bool right, const char *text)
{
	int need = canvas_width(&v->wb->canvas, text), pad = width > need ? width - need : 0;

	buf_printf(out, "%*s%s%*s", right ? pad : 0, "", text, right ? 0 : pad, "");
}

static void add_std(struct buf *out, const struct case_score *c, int decimals)
{
	if (c->n > 1 && isfinite(c->std))
		buf_printf(out, "±%.*f", decimals, c->std);
}

/* Peer columns that fit beside the rest. */
static int peer_room(const struct view *v, const struct case_table *t)
{
	int used = 12 + 8 + 8 + (t->base ? 16 : 0), n = (v->width - used) / 10, count;

	count = t->state ? (int)t->state->peer_count : 0;
	return n < 0 ? 0 : n < count ? n : count;
}

static void add_case_line(struct view *v, const struct case_table *t, const struct case_score *c, int decimals, int peers)
{
	const struct case_score *base = t->base ? score_case(t->base, c->name) : NULL;
	char text[FORMAT_SIZE];
	struct buf row = BUF_INIT, std = BUF_INIT;
	int i;

	add_column(v, &row, 12, false, c->name);
	if (t->base) {
		add_column(v, &row, 8, true, format_number(text, base ? base->value : NAN, decimals));
	}
	add_column(v, &row, 8, true, format_number(text, c->value, decimals));
	add_std(&std, c, decimals);
	buf_addch(&row, ' ');
	add_column(v, &row, 7, false, buf_cstr(&std));
	if (t->base)
		add_column(v, &row, 8, true, format_gain(text, base ? c->value / base->value : NAN));
	for (i = 0; i < peers; i++) {
		const struct case_score *p = score_case(&t->state->peers[i].score, c->name);

		add_column(v, &row, 10, true, format_gain(text, p ? c->value / p->value : NAN));
	}
	view_add(v, ITEM_NONE, 0, STYLE_DEFAULT, buf_cstr(&row));
	buf_release(&row);
	buf_release(&std);
}

static void add_table_head(struct view *v, const struct case_table *t, int peers)
{
	struct buf row = BUF_INIT;
	int i;

	add_column(v, &row, 12, false, t->score->unit);
	if (t->base)
		add_column(v, &row, 8, true, t->base_name);
	add_column(v, &row, 8, true, t->score_name);
	add_column(v, &row, 8, false, " std");
	if (t->base)
		add_column(v, &row, 8, true, "ratio");
	for (i = 0; i < peers; i++) {
		char name[11];

		snprintf(name, sizeof(name), "%.9s", t->state->peers[i].name);
		add_column(v, &row, 10, true, name);
	}
	view_add(v, ITEM_HEADING, 0, STYLE_COLUMN, buf_cstr(&row));
	buf_release(&row);
}

void item_add_cases(struct view *v, const struct case_table *t)
{
	int decimals = format_decimals(largest_value(t->score)), peers = peer_room(v, t), i;
	struct case_score mean = { .name = "geomean", .value = t->score->geomean, .std = NAN };
	struct case_table means = *t;
	struct score base_mean;

	if (!t->score->count) {
		view_add(v, ITEM_NONE, 0, STYLE_DIM, "not measured");
		return;
	}
	add_table_head(v, t, peers);
	for (i = 0; i < t->score->count; i++)
		add_case_line(v, t, &t->score->cases[i], decimals, peers);
	if (t->base) {		/* the means are no case of the suite: give them a line of the same form */
		memset(&base_mean, 0, sizeof(base_mean));
		base_mean.count = 1;
		snprintf(base_mean.cases[0].name, sizeof(base_mean.cases[0].name), "geomean");
		base_mean.cases[0].value = t->base->geomean;
		means.base = &base_mean;
	}
	add_case_line(v, &means, &mean, decimals, 0);
	v->lines[v->count - 1].style = STYLE_STRONG;
	for (i = 0; i < peers; i++) {
		struct line *l = &v->lines[v->count - 1];
		struct buf row = BUF_INIT;
		char text[FORMAT_SIZE];

		buf_addstr(&row, l->text);
		add_column(v, &row, 10, true, format_gain(text, t->score->geomean / t->state->peers[i].score.geomean));
		free(l->text);
		l->text = buf_detach(&row);
	}
}

/* --- why a build failed --- */

/* "kernel.c:412:5: error: ..." at the start of a line: the file and the line it names. */
static bool parse_place(const char *line, size_t len, char file[128], long *number)
{
	const char *colon = memchr(line, ':', len);
	char digits[16];
	size_t n = 0;

	if (!colon || colon == line || (size_t)(colon - line) >= 128)
		return false;
	snprintf(file, 128, "%.*s", (int)(colon - line), line);
	for (colon++; colon < line + len && *colon >= '0' && *colon <= '9' && n < sizeof(digits) - 1; colon++)
		digits[n++] = *colon;
	digits[n] = '\0';
	return n && str_to_long(number, digits, 1, 10000000);
}

static void add_source_around(struct view *v, const char *commit, const char *file, long number)
{
	struct error err;
	struct lineage *l = model_lineage(v->wb->model, &err);
	struct buf text = BUF_INIT;
	const char *cursor, *line, *slash = strrchr(file, '/');
	size_t len;
	long at = 0;

	if (!l || lineage_read_file(&text, l, commit, slash ? slash + 1 : file, &err) != AVO_OK) {
		buf_release(&text);
		return;
	}
	cursor = buf_cstr(&text);
	while (str_next_line(&cursor, text.data + text.len, &line, &len))
		if (++at >= number - 2 && at <= number + 2)
			view_addf(v, at == number ? STYLE_STRONG : STYLE_DIM, "%s %5ld  %.*s", at == number ? "▸" : " ", at, (int)len, line);
	buf_release(&text);
}

void item_add_build_error(struct view *v, const char *commit, const cJSON *build)
{
	const char *text = json_str(build, "error", NULL), *cursor, *line, *end;
	char file[128];
	size_t len;
	long number;

	if (!text)
		text = json_str(build, "log", "");
	cursor = text;
	end = text + strlen(text);
	while (str_next_line(&cursor, end, &line, &len)) {
		char *copy;

		if (!memmem(line, len, "error", 5) && text == json_str(build, "log", ""))
			continue;
		copy = strndup(line, len);
		view_add_wrapped(v, STYLE_BAD, 0, copy ? copy : "");
		free(copy);
		if (parse_place(line, len, file, &number))
			add_source_around(v, commit, file, number);
		return;
	}
}

/* --- checks --- */

static void add_failed_check(struct view *v, const cJSON *check)
{
	struct buf b = BUF_INIT;
	double error = json_num(check, "max_error", NAN), tolerance = json_num(check, "tolerance", NAN);

	buf_printf(&b, "%s %s", json_str(check, "case", "?"), json_str(check, "kind", "check"));
	if (isfinite(error))
		buf_printf(&b, ": off by %.3g, %.3g allowed", error, tolerance);
	view_add(v, ITEM_NONE, 0, STYLE_BAD, buf_cstr(&b));
	buf_clear(&b);
	if (record_worst_element(&b, check))
		view_addf(v, STYLE_DEFAULT, "  worst at %s", buf_cstr(&b));
	buf_release(&b);
}

void item_add_checks(struct view *v, const cJSON *checks)
{
	const cJSON *check;
	int passed = 0, count = 0;

	cJSON_ArrayForEach(check, checks) {
		count++;
		if (json_bool(check, "ok", false))
			passed++;
		else
			add_failed_check(v, check);
	}
	if (count)
		view_addf(v, passed == count ? STYLE_GOOD : STYLE_DEFAULT, "%d of %d checks passed", passed, count);
}

static void add_words(struct view *v, const char *what, const cJSON *scored, void (*words)(struct buf *, const cJSON *))
{
	struct buf out = BUF_INIT;
	size_t before;

	buf_addstr(&out, what);
	before = out.len;
	words(&out, scored);
	if (out.len > before)
		view_add_wrapped(v, STYLE_DIM, 0, buf_cstr(&out));
	buf_release(&out);
}

void item_add_sampled(struct view *v, const cJSON *scored)
{
	add_words(v, "sampled: ", scored, sampled_words);
	add_words(v, "worst case: ", scored, sampled_worst_words);
}
