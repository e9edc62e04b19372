/* An evaluation as JSON: ARCHITECTURE.md, "Worker protocol". */
#include "avo.h"
#include "score/stats.h"
#include "worker/evaluation.h"

#include <math.h>

void evaluation_report_build(cJSON *result, const struct build_report *r)
{
	cJSON *o = cJSON_CreateObject();

	json_set_num(o, "ms", round(r->ms * 100) / 100);
	json_set_bool(o, "cached", r->cached);
	json_set_str(o, "log", buf_cstr(&r->log));
	if (r->error[0])
		json_set_str(o, "error", r->error);
	if (r->registers >= 0)
		json_set_int(o, "registers", r->registers);
	if (r->spills >= 0)
		json_set_int(o, "spills", r->spills);
	if (r->stack_bytes >= 0)
		json_set_int(o, "stack_bytes", r->stack_bytes);
	if (r->warning[0])
		json_set_str(o, "warning", r->warning);
	if (r->shared_bytes >= 0)
		json_set_int(o, "shared_bytes", r->shared_bytes);
	json_set(result, "build", o);
}

/* Another run of what the last line is about, right as that one was: it keeps the one that came closer to its tolerance. */
static bool add_to_last(cJSON *checks, const char *name, const char *kind, const struct run_outcome *o)
{
	cJSON *last = cJSON_GetArrayItem(checks, cJSON_GetArraySize(checks) - 1);

	if (!last || o->verdict != VERDICT_PASSED || !json_bool(last, "ok", false) || strcmp(json_str(last, "case", ""), name) != 0 ||
	    strcmp(json_str(last, "kind", ""), kind) != 0)
		return false;
	json_set_int(last, "runs", json_int(last, "runs", 1) + 1);
	if (o->max_error * json_num(last, "tolerance", 0) > json_num(last, "max_error", 0) * o->tolerance) {
		json_set_num(last, "max_error", o->max_error);
		json_set_num(last, "tolerance", o->tolerance);
	}
	return true;
}

void evaluation_report_check(struct evaluation *e, const struct run_spec *spec, const char *kind, const struct run_outcome *o)
{
	bool failed = o->verdict == VERDICT_INCORRECT;
	struct buf name = BUF_INIT;
	cJSON *c;

	if (strcmp(spec->c->name, "hidden") == 0)
		buf_printf(&name, "hidden b%d q%d k%d h%d/%d d%d%s", spec->c->batch, spec->c->q_len, spec->c->kv_len,
			   spec->c->q_heads, spec->c->kv_heads, spec->c->head_dim, spec->c->causal ? " causal" : "");
	else
		buf_addstr(&name, spec->c->name);
	if (add_to_last(e->checks, buf_cstr(&name), kind, o)) {
		buf_release(&name);
		return;
	}
	c = cJSON_CreateObject();
	json_set_str(c, "case", buf_cstr(&name));
	json_set_str(c, "kind", kind);
	json_set_bool(c, "ok", o->verdict == VERDICT_PASSED);
	json_set_num(c, "max_error", o->max_error);
	json_set_num(c, "tolerance", o->tolerance);
	if (failed) {
		json_set_int(c, "batch", o->worst.batch);
		json_set_int(c, "head", o->worst.head);
		json_set_int(c, "row", o->worst.row);
		json_set_int(c, "element", o->worst.dim);
		json_set_num(c, "expected", o->worst.expected);
		json_set_num(c, "got", o->worst.got);
	}
	json_push(e->checks, c);
	buf_release(&name);
}

static void make_score(struct score *out, const struct evaluation *e, enum side side)
{
	const struct suite *s = &e->job->suite;
	const struct samples *from = &e->samples[side];
	int i;

	memset(out, 0, sizeof(*out));
	snprintf(out->unit, sizeof(out->unit), "%s", s->unit);
	out->count = from->count ? s->count : 0;
	for (i = 0; i < out->count; i++) {
		struct case_score *c = &out->cases[i];

		snprintf(c->name, sizeof(c->name), "%s", s->cases[i].name);
		c->value = stats_median(from->value[i], from->count);
		c->std = stats_std(from->value[i], from->count);
		c->n = from->count;
	}
	score_set_geomean(out);
}

static void report_comparison(struct evaluation *e)
{
	cJSON *ratios = cJSON_CreateArray(), *beside = cJSON_CreateObject();
	struct comparison c;
	struct score score;
	int i;

	sequential_comparison(&c, &e->pairs);
	comparison_to_json(e->result, &c);
	for (i = 0; i < e->pairs.count; i++)
		json_push(ratios, cJSON_CreateNumber(exp((e->pairs.logs[2 * i] + e->pairs.logs[2 * i + 1]) / 2)));
	json_set(e->result, "pair_ratios", ratios);
	make_score(&score, e, INCUMBENT);
	score_to_json(beside, &score);
	json_set(e->result, "incumbent_scores", beside);
}

static void report_score(struct evaluation *e)
{
	struct score score;

	make_score(&score, e, CHALLENGER);
	score_to_json(e->result, &score);
	json_set_num(e->result, "peak_fraction", score.geomean / e->ops->peak(e->b, e->job->suite.unit));
	if (e->job->incumbent)
		report_comparison(e);
	evaluation_report_others(e);
	evaluation_report_sampled(e);
}

/* What found the fault; the rule of a cheat says it itself. */
static const char *found_by(const struct run_outcome *f)
{
	switch (f->verdict) {
	case VERDICT_CHEATED: return f->rule;
	case VERDICT_INCORRECT: return f->check[0] ? f->check : "values";
	case VERDICT_BUILD_FAILED: return "build";
	case VERDICT_CRASHED: return "crash";
	case VERDICT_TIMED_OUT: return "deadline";
	default: return NULL;
	}
}

static void report_finder(struct evaluation *e)
{
	const char *what = found_by(&e->fault);
	char text[128];

	if (!what)
		return;
	snprintf(text, sizeof(text), "%s@%s", what, e->place);
	json_set_str(e->result, "caught_by", text);
}

void evaluation_report_verdict(struct evaluation *e)
{
	const struct run_outcome *f = &e->fault;

	json_set_str(e->result, "verdict", verdict_name(f->verdict));
	if (f->reason[0])
		json_set_str(e->result, "reason", f->reason);
	if (f->verdict == VERDICT_CHEATED) {
		json_set_str(e->result, "rule", f->rule);
		json_set_str(e->result, "evidence", f->evidence);
	}
	report_finder(e);
	if (evaluation_going(e))
		report_score(e);
}
