/*
 * One evaluation in the making: what evaluate.c (the order of things), measure.c
 * (time), checking.c (correctness) and report.c (JSON) share.
 */
#ifndef AVO_WORKER_EVALUATION_H
#define AVO_WORKER_EVALUATION_H

#include "worker/checks.h"
#include "worker/job.h"

#define MAX_SAMPLES (2 * SEQUENTIAL_MAX_PAIRS)
#define ROWS_FEW 16			/* of a run, once the rows due are done */

enum side { CHALLENGER, INCUMBENT, SIDES };

struct samples {
	double value[SCORE_MAX_CASES][MAX_SAMPLES];	/* throughput */
	int count;					/* the same for all cases */
};

/* One timed run of a case on other values than those that count: not part of any score or comparison. */
struct other_sample {
	int index;			/* of the case */
	enum fill fill;
	double seconds[SIDES];		/* NAN: that side was not measured */
};
#define MAX_OTHERS 128

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
	char place[64];			/* where the evaluation is: "build", "load", "hidden:FILL:KIND", "suite:FILL:KIND", "timed:FILL" */
	int blocks, disturbed;		/* ABBA blocks of a case; those that were measured again */
	struct other_sample others[MAX_OTHERS];
	int other_count;
	long rows;			/* random rows of the suite's cases with normal values, compared so far */
	long calls;			/* of the challenger, checked so far */
	int64_t started_ns;
	cJSON *ms;
};

/* Nothing has decided the verdict yet. */
bool evaluation_going(const struct evaluation *e);
/* Names the place of what comes next; words in it are set apart by ':'. */
void evaluation_at(struct evaluation *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What goes wrong with the incumbent is not the challenger's fault. */
void evaluation_blame_incumbent(struct run_outcome *fault, const char *what);

/* Room for the suite's cases and for the largest hidden shape. */
struct extents evaluation_extents(const struct suite *s);
enum avo_status evaluation_check_before(struct evaluation *e, struct error *err);
/* New hidden shapes, the suite's cases and every kind of values again, and as many rows as are still due. */
enum avo_status evaluation_check_after(struct evaluation *e, struct error *err);

/* One run of these sides on the same values. Where one fails, the fault is with the one to blame. */
enum avo_status evaluation_run_sides(struct run_outcome *out, struct evaluation *e, const struct run_spec *spec, const enum side *order,
				     int count, struct error *err);

/* Samples of the challenger by itself; or in pairs with the incumbent until the sequential test decides. */
enum avo_status evaluation_time_alone(struct evaluation *e, struct error *err);
enum avo_status evaluation_time_pairs(struct evaluation *e, struct error *err);

/* In the suite's unit. */
double evaluation_throughput(const struct evaluation *e, const struct task_case *c, double seconds);
/*
 * One call in OTHERS_EVERY of this, in secret, runs the sides on another kind of values: between two timed runs, as they are
 * run and checked. What it takes is kept apart, in e->others.
 */
enum avo_status evaluation_time_others(struct evaluation *e, int index, const enum side *order, int count, struct error *err);
#define OTHERS_EVERY 10
/* As evaluation_run_sides(), named as a timed run, and counted. */
enum avo_status evaluation_run_timed(struct run_outcome *out, struct evaluation *e, const struct run_spec *spec, const enum side *order,
				     int count, struct error *err);
/* The slowest of the other samples beside the median of its case, and how much was sampled. */
void evaluation_report_others(struct evaluation *e);
void evaluation_report_sampled(struct evaluation *e);

void evaluation_report_build(cJSON *result, const struct build_report *r);
void evaluation_report_check(struct evaluation *e, const struct run_spec *spec, const char *kind, const struct run_outcome *o);
/* The verdict, and the score and comparison of a candidate that passed. */
void evaluation_report_verdict(struct evaluation *e);

#endif
