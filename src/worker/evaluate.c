/*
 * The scoring function: build, check, time (in pairs with the incumbent), check
 * again. The first thing that is wrong decides the verdict.
 */
#include "avo.h"
#include "base/clock.h"
#include "base/path.h"
#include "score/stats.h"
#include "worker/checks.h"
#include "worker/job.h"

#include <math.h>

#define SAMPLES_ALONE 10		/* of each case, when there is nothing to compare with */
#define IMPOSSIBLE_TIMES 3		/* in a row before a candidate is accused of them */
#define DISTURBED 0.03			/* samples of one side that differ by more were disturbed by other load */
#define ROWS_FEW 16			/* of a run, once the rows due are done */
#define MAX_SAMPLES (2 * SEQUENTIAL_MAX_PAIRS)

enum side { CHALLENGER, INCUMBENT, SIDES };

struct samples {
	double value[SCORE_MAX_CASES][MAX_SAMPLES];	/* throughput */
	int count;					/* the same for all cases */
};

struct evaluation {
	struct job *job;
	const struct backend_ops *ops;
	struct backend *b;
	struct job_progress *progress;
	cJSON *result, *checks;
	struct build *build[SIDES];
	struct candidate *candidate[SIDES];
	struct samples samples[SIDES];
	struct sequential pairs;
	struct run_outcome fault;	/* what decided the verdict; PASSED while nothing has */
	int blocks, disturbed;		/* ABBA blocks of a case; those that were measured again */
	long rows;			/* of the suite's cases, compared so far */
	int64_t started_ns;
	cJSON *ms;
};

static bool going(const struct evaluation *e)
{
	return e->fault.verdict == VERDICT_PASSED;
}

static void end_stage(struct evaluation *e, const char *stage)
{
	int64_t now = clock_mono_ns();

	json_set_num(e->ms, stage, json_num(e->ms, stage, 0) + round((double)(now - e->started_ns) * 1e-4) / 100);
	e->started_ns = now;
}

static void report_build(cJSON *result, const struct build_report *r)
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
	if (r->shared_bytes >= 0)
		json_set_int(o, "shared_bytes", r->shared_bytes);
	json_set(result, "build", o);
}

static void blame_build(struct run_outcome *fault, const struct build_report *r)
{
	fault->verdict = r->verdict;
	snprintf(fault->reason, sizeof(fault->reason), "%.250s", r->verdict == VERDICT_CHEATED ? r->evidence : r->error);
	snprintf(fault->rule, sizeof(fault->rule), "%s", r->rule);
	snprintf(fault->evidence, sizeof(fault->evidence), "%s", r->evidence);
}

/* What goes wrong with the incumbent is not the challenger's fault. */
static void blame_incumbent(struct run_outcome *fault, const char *what)
{
	char reason[sizeof(fault->reason)];

	snprintf(reason, sizeof(reason), "the incumbent failed beside the challenger: %.200s", what);
	memset(fault, 0, sizeof(*fault));
	fault->verdict = VERDICT_EVALUATOR_FAULT;
	snprintf(fault->reason, sizeof(fault->reason), "%s", reason);
}

static enum avo_status build_side(struct evaluation *e, enum side side, struct error *err)
{
	const char *dir = side == CHALLENGER ? e->job->candidate : e->job->incumbent;
	struct build_report report;
	enum avo_status st;

	build_report_init(&report);
	st = e->ops->build(&e->build[side], &report, e->b, dir, e->job->cache, err);
	if (st == AVO_OK && side == CHALLENGER)
		report_build(e->result, &report);
	if (st == AVO_OK && report.verdict != VERDICT_PASSED)
		blame_build(&e->fault, &report);
	if (st == AVO_OK && side == INCUMBENT && !going(e))
		blame_incumbent(&e->fault, e->fault.reason);
	build_report_release(&report);
	return st;
}

static void widen(struct extents *x, const struct task_case *c)
{
	size_t q = case_q_elements(c), kv = case_kv_elements(c);

	x->q_elements = q > x->q_elements ? q : x->q_elements;
	x->kv_elements = kv > x->kv_elements ? kv : x->kv_elements;
}

/* Room for the suite's cases and for the largest hidden shape. */
static struct extents extents_of(const struct suite *s)
{
	struct task_case hidden = { .batch = 2, .q_len = 256, .kv_len = 256, .q_heads = 8, .kv_heads = 2, .head_dim = 256 };
	struct extents x = { 0 };
	int i;

	widen(&x, &hidden);
	for (i = 0; i < s->count; i++)
		widen(&x, &s->cases[i]);
	return x;
}

static enum avo_status load_side(struct evaluation *e, enum side side, struct error *err)
{
	struct extents x = extents_of(&e->job->suite);
	struct run_outcome outcome;
	enum avo_status st = e->ops->load(&e->candidate[side], &outcome, e->b, e->build[side], &x, err);

	if (st == AVO_OK && outcome.verdict != VERDICT_PASSED)
		e->fault = outcome;
	if (st == AVO_OK && side == INCUMBENT && !going(e))
		blame_incumbent(&e->fault, e->fault.reason);
	return st;
}

static void report_check(struct evaluation *e, const struct run_spec *spec, const char *kind, const struct run_outcome *o)
{
	cJSON *c = cJSON_CreateObject();
	bool failed = o->verdict == VERDICT_INCORRECT;
	struct buf name = BUF_INIT;

	if (strcmp(spec->c->name, "hidden") == 0)
		buf_printf(&name, "hidden b%d q%d k%d h%d/%d d%d%s", spec->c->batch, spec->c->q_len, spec->c->kv_len,
			   spec->c->q_heads, spec->c->kv_heads, spec->c->head_dim, spec->c->causal ? " causal" : "");
	else
		buf_addstr(&name, spec->c->name);
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

static enum avo_status check_once(struct evaluation *e, struct run_outcome *out, const struct run_spec *spec,
				  const char *kind, struct error *err)
{
	enum avo_status st = e->ops->run(out, e->b, &e->candidate[CHALLENGER], 1, spec, err);

	if (st != AVO_OK)
		return st;
	report_check(e, spec, kind, out);
	if (out->verdict != VERDICT_PASSED)
		e->fault = *out;
	return AVO_OK;
}

static void blame_difference(struct run_outcome *fault, const struct run_spec *spec)
{
	fault->verdict = VERDICT_INCORRECT;
	snprintf(fault->reason, sizeof(fault->reason),
		 "two runs on the same values differ in their bits (%d x %d, head_dim %d): a race, or memory read before it was written",
		 spec->c->q_len, spec->c->kv_len, spec->c->head_dim);
}

static enum avo_status check_hidden(struct evaluation *e, bool few, int *done, int total, struct error *err)
{
	struct check list[CHECKS_MAX];
	int n = checks_draw(list, &e->job->suite, &e->job->seeds, few), i;
	struct run_outcome out, first = { 0 };
	enum avo_status st = AVO_OK;
	uint64_t seed = 0;

	for (i = 0; st == AVO_OK && going(e) && i < n; i++) {
		struct run_spec spec = { .c = &list[i].c, .fill = list[i].fill, .changed = list[i].kind == CHECK_CHANGED };
		char kind[48];

		if (list[i].kind == CHECK_FRESH)
			seed = random_seed(&e->job->seeds);
		spec.seed = seed;
		snprintf(kind, sizeof(kind), "%s %s", fill_name(spec.fill), check_kind_name(list[i].kind));
		st = check_once(e, &out, &spec, kind, err);
		if (st == AVO_OK && list[i].kind == CHECK_FRESH)
			first = out;
		if (st == AVO_OK && going(e) && list[i].kind == CHECK_AGAIN && out.digest != first.digest)
			blame_difference(&e->fault, &spec);
		job_progress(e->progress, "check", ++*done, total);
	}
	return st;
}

static enum avo_status check_suite(struct evaluation *e, int rows, int *done, int total, struct error *err)
{
	const struct suite *s = &e->job->suite;
	enum avo_status st = AVO_OK;
	struct run_outcome out;
	int i;

	for (i = 0; st == AVO_OK && going(e) && i < s->count; i++) {
		struct run_spec spec = { .c = &s->cases[i], .seed = random_seed(&e->job->seeds), .rows = rows };

		st = check_once(e, &out, &spec, "normal sampled", err);
		if (st == AVO_OK)
			e->rows += out.rows;
		job_progress(e->progress, "check", ++*done, total);
	}
	return st;
}

static enum avo_status check_before(struct evaluation *e, struct error *err)
{
	int done = 0, total = CHECKS_MAX + e->job->suite.count;
	enum avo_status st = check_hidden(e, false, &done, total, err);

	if (st == AVO_OK && going(e))
		st = check_suite(e, 4 * ROWS_FEW, &done, total, err);
	return st;
}

/* New hidden shapes, and as many rows of the suite's cases as are still due. */
static enum avo_status check_after(struct evaluation *e, struct error *err)
{
	long due = CHECKS_ROWS - e->rows;
	int count = e->job->suite.count, done = 0, total = 4 + count;
	enum avo_status st = check_hidden(e, true, &done, total, err);

	if (st == AVO_OK && going(e))
		st = check_suite(e, due > 0 ? (int)(due / count) + 1 : ROWS_FEW, &done, total, err);
	return st;
}

static void accuse_of_speed(struct evaluation *e, const struct task_case *c, double seconds, double floor)
{
	struct run_outcome *f = &e->fault;

	f->verdict = VERDICT_CHEATED;
	snprintf(f->rule, sizeof(f->rule), "faster-than-physics");
	snprintf(f->reason, sizeof(f->reason), "case %s took less time than its arithmetic and its bytes need at the device's peak", c->name);
	snprintf(f->evidence, sizeof(f->evidence), "%s: %.6g s measured, %.6g s at least (%.4g FLOP, %.4g bytes, peak %.5g GFLOPS)",
		 c->name, seconds, floor, case_flops(c), case_bytes(c), e->ops->peak(e->b, "GFLOPS"));
}

static bool too_fast(const struct evaluation *e, const struct task_case *c, const struct run_outcome *o)
{
	return o->verdict == VERDICT_PASSED && o->seconds < e->ops->floor_seconds(e->b, c, false);
}

static void judge_timed(struct evaluation *e, enum side side, const struct task_case *c, const struct run_outcome *o)
{
	if (!going(e))
		return;
	if (o->verdict != VERDICT_PASSED)
		e->fault = *o;
	else if (too_fast(e, c, o) && o->seconds < e->ops->floor_seconds(e->b, c, true))
		accuse_of_speed(e, c, o->seconds, e->ops->floor_seconds(e->b, c, false));
	if (side == INCUMBENT && !going(e))
		blame_incumbent(&e->fault, e->fault.reason);
}

static double throughput(const struct evaluation *e, const struct task_case *c, double seconds)
{
	double unit = strcmp(e->job->suite.unit, "TFLOPS") == 0 ? 1e12 : 1e9;

	return case_flops(c) / seconds / unit;
}

/* How many rows of a timed run are compared: the rows due, spread over the runs of the shortest measurement. */
static int timed_rows(const struct evaluation *e, int runs)
{
	return e->rows < CHECKS_ROWS ? CHECKS_ROWS / runs + 1 : ROWS_FEW;
}

/* One sample of each side named in order, on the same values. */
static enum avo_status time_once(struct evaluation *e, int index, const enum side *order, int count, int rows,
				 double *seconds, struct error *err)
{
	const struct task_case *c = &e->job->suite.cases[index];
	struct run_spec spec = { .c = c, .rows = rows };
	struct candidate *who[SIDES];
	struct run_outcome out[SIDES];
	enum avo_status st = AVO_OK;
	bool again = true;
	int i, tries;

	for (i = 0; i < count; i++)
		who[i] = e->candidate[order[i]];
	/* one impossible time is a clock that was read badly; several in a row are the candidate's */
	for (tries = 0; st == AVO_OK && again && tries < IMPOSSIBLE_TIMES; tries++) {
		spec.seed = random_seed(&e->job->seeds);
		st = e->ops->run(out, e->b, who, count, &spec, err);
		for (again = false, i = 0; st == AVO_OK && i < count; i++)
			again = again || too_fast(e, c, &out[i]);
	}
	for (i = 0; st == AVO_OK && i < count; i++) {
		judge_timed(e, order[i], c, &out[i]);
		seconds[order[i]] = out[i].seconds;
		if (order[i] == CHALLENGER)
			e->rows += out[i].rows;
	}
	return st;
}

static void keep(struct evaluation *e, enum side side, int index, int at, double seconds)
{
	struct samples *s = &e->samples[side];

	s->value[index][at] = throughput(e, &e->job->suite.cases[index], seconds);
	if (at >= s->count)
		s->count = at + 1;
}

static enum avo_status time_alone(struct evaluation *e, struct error *err)
{
	static const enum side order[] = { CHALLENGER };
	const struct suite *s = &e->job->suite;
	enum avo_status st = AVO_OK;
	double seconds[SIDES];
	int n, i;

	for (n = 0; st == AVO_OK && going(e) && n < SAMPLES_ALONE; n++) {
		for (i = 0; st == AVO_OK && going(e) && i < s->count; i++) {
			st = time_once(e, i, order, 1, timed_rows(e, SAMPLES_ALONE * s->count), seconds, err);
			if (st == AVO_OK && going(e))
				keep(e, CHALLENGER, i, n, seconds[CHALLENGER]);
		}
		job_progress(e->progress, "time", n + 1, SAMPLES_ALONE);
	}
	return st;
}

/* One case of a round, A B B A. */
struct block {
	double seconds[2][SIDES];
};

/* How much the two samples of one side disagree, as a log ratio; says nothing about which side is faster. */
static double disagreement(const struct block *b)
{
	return fmax(fabs(log(b->seconds[0][CHALLENGER] / b->seconds[1][CHALLENGER])),
		    fabs(log(b->seconds[0][INCUMBENT] / b->seconds[1][INCUMBENT])));
}

static enum avo_status time_halves(struct block *out, struct evaluation *e, int index, struct error *err)
{
	static const enum side orders[2][SIDES] = { { CHALLENGER, INCUMBENT }, { INCUMBENT, CHALLENGER } };
	int rows = timed_rows(e, 2 * e->pairs.plan.min_pairs * e->job->suite.count), half;
	enum avo_status st = AVO_OK;

	for (half = 0; st == AVO_OK && going(e) && half < 2; half++)
		st = time_once(e, index, orders[half], SIDES, rows, out->seconds[half], err);
	return st;
}

/* *log_ratio is positive when the challenger is faster. A block that was disturbed is measured once more, and the calmer one counts. */
static enum avo_status time_block(struct evaluation *e, int index, double *log_ratio, struct error *err)
{
	int at = 2 * e->pairs.count, half;
	struct block block, second;
	enum avo_status st = time_halves(&block, e, index, err);

	*log_ratio = 0;
	e->blocks++;
	/* where most are disturbed, repeating only takes time */
	if (st == AVO_OK && going(e) && disagreement(&block) > DISTURBED && 4 * e->disturbed <= e->blocks) {
		e->disturbed++;
		st = time_halves(&second, e, index, err);
		if (st == AVO_OK && going(e) && disagreement(&second) < disagreement(&block))
			block = second;
	}
	for (half = 0; st == AVO_OK && going(e) && half < 2; half++) {
		keep(e, CHALLENGER, index, at + half, block.seconds[half][CHALLENGER]);
		keep(e, INCUMBENT, index, at + half, block.seconds[half][INCUMBENT]);
		*log_ratio += 0.5 * log(block.seconds[half][INCUMBENT] / block.seconds[half][CHALLENGER]);
	}
	return st;
}

static enum avo_status time_pairs(struct evaluation *e, struct error *err)
{
	const struct suite *s = &e->job->suite;
	enum decision decision = DECISION_NONE;
	enum avo_status st = AVO_OK;

	sequential_init(&e->pairs, &e->job->plan);
	while (st == AVO_OK && going(e) && decision == DECISION_NONE) {
		double sum = 0, log_ratio;
		int i;

		for (i = 0; st == AVO_OK && going(e) && i < s->count; i++) {
			st = time_block(e, i, &log_ratio, err);
			sum += log_ratio;
		}
		if (st == AVO_OK && going(e))
			decision = sequential_add(&e->pairs, sum / s->count);
		job_progress(e->progress, "compare", e->pairs.count, e->pairs.plan.max_pairs);
	}
	return st;
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
		json_push(ratios, cJSON_CreateNumber(exp(e->pairs.logs[i])));
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
}

static void report_verdict(struct evaluation *e)
{
	const struct run_outcome *f = &e->fault;

	json_set_str(e->result, "verdict", verdict_name(f->verdict));
	if (f->reason[0])
		json_set_str(e->result, "reason", f->reason);
	if (f->verdict == VERDICT_CHEATED) {
		json_set_str(e->result, "rule", f->rule);
		json_set_str(e->result, "evidence", f->evidence);
	}
	if (going(e))
		report_score(e);
}

static enum avo_status stages(struct evaluation *e, struct error *err)
{
	bool compare = e->job->incumbent;
	enum avo_status st;

	job_progress(e->progress, "build", 0, 0);
	st = build_side(e, CHALLENGER, err);
	if (st == AVO_OK && going(e) && compare)
		st = build_side(e, INCUMBENT, err);
	end_stage(e, "build");
	/* known before the first measurement, so that it does not disturb one */
	e->ops->peak(e->b, e->job->suite.unit);
	if (st == AVO_OK && going(e))
		st = load_side(e, CHALLENGER, err);
	if (st == AVO_OK && going(e))
		st = check_before(e, err);
	if (st == AVO_OK && going(e) && compare)
		st = load_side(e, INCUMBENT, err);
	end_stage(e, "check");
	if (st == AVO_OK && going(e))
		st = compare ? time_pairs(e, err) : time_alone(e, err);
	end_stage(e, compare ? "compare" : "time");
	if (st == AVO_OK && going(e))
		st = check_after(e, err);
	end_stage(e, "check");
	return st;
}

enum avo_status evaluate(cJSON *result, struct backend *b, struct job *job, struct job_progress *progress, struct error *err)
{
	static struct evaluation state;		/* a worker runs one job at a time; the samples are large */
	struct evaluation *e = &state;
	enum avo_status st;
	char device[160];
	int side;

	memset(e, 0, sizeof(*e));
	e->job = job;
	e->ops = job->ops;
	e->b = b;
	e->progress = progress;
	e->result = result;
	e->checks = cJSON_CreateArray();
	e->ms = cJSON_CreateObject();
	e->fault.verdict = VERDICT_PASSED;
	e->started_ns = clock_mono_ns();
	st = stages(e, err);
	for (side = 0; side < SIDES; side++) {
		e->ops->unload(e->candidate[side]);
		e->ops->build_free(e->build[side]);
	}
	json_set(result, "checks", e->checks);
	json_set(result, "ms", e->ms);
	if (e->ops->probe(device, sizeof(device)))
		json_set_str(result, "device", device);
	if (e->ops->telemetry) {
		cJSON *t = cJSON_CreateObject();

		e->ops->telemetry(t, b);
		if (job->incumbent)
			json_set_int(t, "disturbed_blocks", e->disturbed);
		json_set(result, "telemetry", t);
	}
	if (st == AVO_OK)
		report_verdict(e);
	return st;
}
