/*
 * How wrong may an output be? One row of a table for each dtype. The rule is
 * FlashAttention's for half precision, made relative to the values at hand:
 * the candidate may be a few times as wrong as the plain computation in its own
 * precision, plus a few roundings. It is applied to the rows of a run that have
 * one kind of values (task/fill.h), since kinds differ by orders of magnitude;
 * in f32 relative to the terms of each element, since channels do, too.
 */
#ifndef AVO_TASK_TOLERANCE_H
#define AVO_TASK_TOLERANCE_H

#include "task/task.h"

struct tolerance {
	double epsilon;			/* what one rounding in the dtype costs, relative */
	double plain;			/* of the plain computation's largest error */
	double rounding;		/* of one rounding of the exact value */
	double terms;			/* of one rounding of the terms that are summed */
	double sensitivity;		/* of what one rounding of the scores in f32 can do to the output */
	double cap;			/* of the largest exact value: never more than that, so that zeros or any constant fail */
	double row_plain;		/* norm of a row's error: of the plain computation's, or ... */
	double row_floor;		/* ... of one rounding of the row's own norm; 0: no rule for rows */
};

/* One element of the reference. */
struct tolerance_element {
	double exact, plain;
	double magnitude;		/* of the terms that are summed for it: sqrt(sum p v^2); 1 where errors are not taken relative to it */
	double sensitivity;		/* of it to scores that are off by their share of rounding, times 2^24 */
};

/* What is known of the rows of one kind: maxima over their elements. */
struct tolerance_facts {
	double plain_error;		/* |plain - exact| / magnitude */
	double largest;			/* |exact| */
};

const struct tolerance *tolerance_of(enum dtype t);
/* The largest error that an element may have. */
double tolerance_limit(const struct tolerance *t, const struct tolerance_facts *f, const struct tolerance_element *e);
/* The largest norm that the error of a row may have; INFINITY where there is no such rule. */
double tolerance_row(const struct tolerance *t, double plain_norm, double exact_norm);
/* How much of what is allowed an error uses up: at most 1 is right. Not a number is infinitely much. */
double tolerance_share(double error, double allowed);
/* Adds one more element. */
void tolerance_widen(struct tolerance_facts *f, const struct tolerance_element *e);

#endif
