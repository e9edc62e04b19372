/*
 * Which runs decide whether a candidate is correct, beside the timed ones (all
 * of which are checked too): shapes that no suite lists, drawn afresh for every
 * verdict (shapes.h); and the suite's own cases at their own size with every
 * kind of values (task/fill.h), in random rows.
 */
#ifndef AVO_WORKER_CHECKS_H
#define AVO_WORKER_CHECKS_H

#include "worker/backend.h"
#include "worker/random.h"

/*
 * Skipping 0.1 % of the rows everywhere is missed by n random rows with probability 0.999^n: 0.001 at 6905. So many rows of
 * the suite's cases are compared for a candidate that passes.
 */
#define CHECKS_ROWS 7000
#define CHECKS_ROWS_KIND 6		/* random rows of each kind in a run of a suite's case, beside the last one */
#define CHECKS_ROWS_LONG 48		/* of a hidden shape that is not compared in every row */
#define CHECKS_MAX 40

enum check_kind {
	CHECK_FRESH,		/* new values */
	CHECK_AGAIN,		/* the values of the check before: the output must be equal bit for bit */
	CHECK_CHANGED,		/* the values of the check before but for one key/value row */
};

struct check {
	struct task_case c;
	struct fill_deal deal;
	enum check_kind kind;
	int rows;		/* as in struct run_spec */
};

/* Before timing: a shape of every class. After it (few): of some classes. Returns the count. */
int checks_draw(struct check out[CHECKS_MAX], const struct suite *suite, struct random_source *seeds, bool few);
/* "fresh", "again", "changed" */
const char *check_kind_name(enum check_kind k);

#endif
