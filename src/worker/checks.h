/*
 * Which runs decide whether a candidate is correct, beside the timed ones (all
 * of which are checked too): small shapes that no suite lists, drawn afresh for
 * every verdict and compared in every row, with each kind of values; and the
 * suite's own cases in random rows.
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
#define CHECKS_MAX 16

enum check_kind {
	CHECK_FRESH,		/* new values */
	CHECK_AGAIN,		/* the values of the check before: the output must be equal bit for bit */
	CHECK_CHANGED,		/* the values of the check before but for one key/value row */
};

struct check {
	struct task_case c;
	enum fill fill;
	enum check_kind kind;
};

/* No hidden shape has more query rows than this, nor more than half as many keys again. */
int checks_max_length(const struct suite *suite);
/* Hidden shapes for this suite: at most CHECKS_MAX; `few` for the short list after timing. Returns the count. */
int checks_draw(struct check out[CHECKS_MAX], const struct suite *suite, struct random_source *seeds, bool few);
/* "fresh", "again", "changed" */
const char *check_kind_name(enum check_kind k);

#endif
