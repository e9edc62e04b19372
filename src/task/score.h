/*
 * The words of the scoring function f: verdicts, decisions, and the score
 * vector, with their JSON forms. Shared by the worker, which produces them,
 * and by everything that records or shows them.
 */
#ifndef AVO_TASK_SCORE_H
#define AVO_TASK_SCORE_H

#include "base/error.h"
#include "base/json.h"

/* What came of evaluating an attempt. A status, never a zero that enters a mean. */
enum verdict {
	VERDICT_NONE,		/* not evaluated yet */
	VERDICT_PASSED,
	VERDICT_INCORRECT,
	VERDICT_BUILD_FAILED,
	VERDICT_CRASHED,
	VERDICT_TIMED_OUT,
	VERDICT_CHEATED,
	VERDICT_EVALUATOR_FAULT,	/* ours, not the candidate's; worth another try */
	VERDICT_CANCELLED,
	VERDICT_COUNT
};

/* What came of measuring a passing challenger against the incumbent. */
enum decision {
	DECISION_NONE,		/* not measured against anything */
	DECISION_IMPROVED,	/* the interval of the ratio lies above 1 */
	DECISION_MATCHED,	/* it lies within the tolerance around 1 */
	DECISION_REGRESSED,	/* it lies below 1 */
	DECISION_INCONCLUSIVE,	/* none of these after the last pair allowed */
	DECISION_COUNT
};

const char *verdict_name(enum verdict v);		/* "passed", "build-failed", ... */
enum verdict verdict_parse(const char *name);		/* VERDICT_NONE for anything else, NULL included */
const char *decision_name(enum decision d);
enum decision decision_parse(const char *name);

#define SCORE_MAX_CASES 32
#define SCORE_NAME_SIZE 32

/* One case of the score vector f(x). */
struct case_score {
	char name[SCORE_NAME_SIZE];	/* as in the suite: "causal-4k" */
	double value;			/* throughput in the score's unit; median over the samples */
	double std;			/* standard deviation over the samples, same unit */
	int n;				/* samples */
};

struct score {
	char unit[16];			/* "GFLOPS" or "TFLOPS" */
	int count;			/* 0: there is no score */
	struct case_score cases[SCORE_MAX_CASES];
	double geomean;			/* over the cases; NAN when count is 0 */
};

/* Paired measurement of a challenger (a) against an incumbent (b). */
struct comparison {
	enum decision decision;
	double ratio;			/* geometric mean of a/b throughput; NAN when not measured */
	double lo, hi;			/* its confidence interval */
	double confidence;		/* e.g. 0.95, over all looks taken together */
	int pairs;			/* ABBA blocks measured */
};

/* {"unit","geomean","scores":[{"case","value","std","n"}]} members into obj. */
void score_to_json(cJSON *obj, const struct score *score);
/* The reverse; a score without cases gives count 0. Unknown members are ignored. */
void score_from_json(struct score *out, const cJSON *obj);
/* {"decision","ratio","ratio_ci":[lo,hi],"confidence","pairs"} members. */
void comparison_to_json(cJSON *obj, const struct comparison *c);
void comparison_from_json(struct comparison *out, const cJSON *obj);
/* Recomputes geomean from the cases: NAN unless every value is finite and positive. */
void score_set_geomean(struct score *score);
/* The case with this name, or NULL. */
const struct case_score *score_case(const struct score *score, const char *name);

#endif
