/* How fast is the candidate? Samples by itself, or A B B A beside the incumbent on the same values. */
#include "avo.h"
#include "base/clock.h"
#include "worker/evaluation.h"

#include <math.h>

#define SAMPLES 10			/* of each case that a score rests on, at least, unless the challenger is given up */
#define IMPOSSIBLE_TIMES 3		/* in a row before a candidate is accused of them */
#define DISTURBED 0.03			/* samples of one side that differ by more were disturbed by other load */

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

/* A time that cannot be is the candidate's when it stays after a longer look at the peak. */
static void judge_time(struct evaluation *e, enum side side, const struct task_case *c, const struct run_outcome *o)
{
	if (!evaluation_going(e) || !too_fast(e, c, o) || o->seconds >= e->ops->floor_seconds(e->b, c, true))
		return;
	accuse_of_speed(e, c, o->seconds, e->ops->floor_seconds(e->b, c, false));
	if (side == INCUMBENT)
		evaluation_blame_incumbent(&e->fault, e->fault.reason);
}

double evaluation_throughput(const struct evaluation *e, const struct task_case *c, double seconds)
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
	struct run_spec spec = { .c = c, .deal = fill_deal_one(FILL_NORMAL), .rows = rows };
	enum avo_status st = evaluation_time_others(e, index, order, count, err);
	struct run_outcome out[SIDES];
	bool again = true;
	int i, tries;

	/* one impossible time is a clock that was read badly; several in a row are the candidate's */
	for (tries = 0; st == AVO_OK && evaluation_going(e) && again && tries < IMPOSSIBLE_TIMES; tries++) {
		spec.seed = random_seed(&e->job->seeds);
		st = evaluation_run_timed(out, e, &spec, order, count, err);
		for (again = false, i = 0; st == AVO_OK && i < count; i++)
			again = again || too_fast(e, c, &out[i]);
	}
	for (i = 0; st == AVO_OK && evaluation_going(e) && i < count; i++) {
		judge_time(e, order[i], c, &out[i]);
		seconds[order[i]] = out[i].seconds;
	}
	e->rows += rows;
	return st;
}

static void keep(struct evaluation *e, enum side side, int index, int at, double seconds)
{
	struct samples *s = &e->samples[side];

	s->value[index][at] = evaluation_throughput(e, &e->job->suite.cases[index], seconds);
	if (at >= s->count)
		s->count = at + 1;
}

/* Samples of the challenger by itself, from the first'th on. */
static enum avo_status time_samples(struct evaluation *e, int first, struct error *err)
{
	static const enum side order[] = { CHALLENGER };
	const struct suite *s = &e->job->suite;
	enum avo_status st = AVO_OK;
	double seconds[SIDES];
	int n, i;

	for (n = first; st == AVO_OK && evaluation_going(e) && n < SAMPLES; n++) {
		for (i = 0; st == AVO_OK && evaluation_going(e) && i < s->count; i++) {
			st = time_once(e, i, order, 1, timed_rows(e, SAMPLES * s->count), seconds, err);
			if (st == AVO_OK && evaluation_going(e))
				keep(e, CHALLENGER, i, n, seconds[CHALLENGER]);
		}
		job_progress(e->progress, "time", n + 1, SAMPLES);
	}
	return st;
}

enum avo_status evaluation_time_alone(struct evaluation *e, struct error *err)
{
	return time_samples(e, 0, err);
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

static enum avo_status time_half(struct block *out, struct evaluation *e, int index, int half, struct error *err)
{
	static const enum side orders[2][SIDES] = { { CHALLENGER, INCUMBENT }, { INCUMBENT, CHALLENGER } };
	int rows = timed_rows(e, 2 * e->pairs.plan.min_pairs * e->job->suite.count);

	return time_once(e, index, orders[half], SIDES, rows, out->seconds[half], err);
}

/* A block that was disturbed is measured once more, and the calmer one counts; where most are, repeating only takes time. */
static enum avo_status calm(struct block *block, struct evaluation *e, int index, struct error *err)
{
	enum avo_status st = AVO_OK;
	struct block second;
	int half;

	e->blocks++;
	if (disagreement(block) <= DISTURBED || 4 * e->disturbed > e->blocks)
		return AVO_OK;
	e->disturbed++;
	for (half = 0; st == AVO_OK && evaluation_going(e) && half < 2; half++)
		st = time_half(&second, e, index, half, err);
	if (st == AVO_OK && evaluation_going(e) && disagreement(&second) < disagreement(block))
		*block = second;
	return st;
}

/*
 * One round: A B for every case, then B A for every case. The halves of a case
 * lie apart, so that a burst of other load does not hit both samples of one side.
 */
static enum avo_status time_round(double halves[2], struct evaluation *e, struct error *err)
{
	int count = e->job->suite.count, at = 2 * e->pairs.count, half, i;
	struct block blocks[SCORE_MAX_CASES];
	enum avo_status st = AVO_OK;

	for (half = 0; half < 2; half++)
		for (i = 0; st == AVO_OK && evaluation_going(e) && i < count; i++)
			st = time_half(&blocks[i], e, i, half, err);
	for (i = 0; st == AVO_OK && evaluation_going(e) && i < count; i++)
		st = calm(&blocks[i], e, i, err);
	for (i = 0; st == AVO_OK && evaluation_going(e) && i < 2 * count; i++) {
		const double *seconds = blocks[i / 2].seconds[i % 2];

		keep(e, CHALLENGER, i / 2, at + i % 2, seconds[CHALLENGER]);
		keep(e, INCUMBENT, i / 2, at + i % 2, seconds[INCUMBENT]);
		halves[i % 2] += log(seconds[INCUMBENT] / seconds[CHALLENGER]) / count;
	}
	return st;
}

/* The samples that a score should rest on, where the comparison needed fewer; the incumbent's are there already. */
static enum avo_status top_up(struct evaluation *e, struct error *err)
{
	return e->pairs.decision == DECISION_REGRESSED ? AVO_OK : time_samples(e, e->samples[CHALLENGER].count, err);
}

enum avo_status evaluation_time_pairs(struct evaluation *e, struct error *err)
{
	enum decision decision = DECISION_NONE;
	int64_t until = clock_mono_ms() + (int64_t)(e->job->max_seconds * 1000);
	enum avo_status st = AVO_OK;

	sequential_init(&e->pairs, &e->job->plan);
	while (st == AVO_OK && evaluation_going(e) && decision == DECISION_NONE) {
		double halves[2] = { 0, 0 };

		st = time_round(halves, e, err);
		if (st == AVO_OK && evaluation_going(e))
			decision = sequential_add(&e->pairs, halves[0], halves[1]);
		if (decision == DECISION_NONE && e->pairs.count >= e->pairs.plan.min_pairs && clock_mono_ms() > until) {
			sequential_give_up(&e->pairs);
			break;
		}
		job_progress(e->progress, "compare", e->pairs.count, e->pairs.plan.max_pairs);
	}
	return st == AVO_OK && evaluation_going(e) ? top_up(e, err) : st;
}
