/*
 * How wrong may an output be? One row of a table for each dtype.
 *
 * f32: a few times as wrong as a plain computation in f32, relative to the terms
 * of each element, plus a few roundings. Plain's largest error is that of the rows
 * of a run that have one kind of values (task/fill.h).
 *
 * bf16: kernels for tensor cores round their weights to bf16 and the output, and
 * keep all else in f32. What rounding weights does to an element has a size that
 * can be computed, its noise; an honest error is a small multiple of it.
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
	double noise;			/* of what rounding the weights does to an element: epsilon * sqrt(sum (p v)^2) */
	double floor;			/* of the row's own norm: what underflows beside it */
	double row_noise;		/* norm of a row's error: of the noise of its elements, ... */
	double row_coherent;		/* ... of the same where the rows of V share a direction, and ... */
	double row_rounding;		/* ... of one rounding of the row's own norm; both 0: no rule for rows */
};

/* One element of the reference. */
struct tolerance_element {
	double exact, plain;
	double magnitude;		/* of the terms that are summed for it: sqrt(sum p v^2) */
	double sensitivity;		/* of it to scores that are off by their share of rounding, times 2^24 */
};

/* What is known of the rows of one kind: maxima over their elements. */
struct tolerance_facts {
	double plain_error;		/* |plain - exact| / magnitude */
	double largest;			/* |exact| */
};

const struct tolerance *tolerance_of(enum dtype t);
/* The largest error that an element may have, in f32. */
double tolerance_limit(const struct tolerance *t, const struct tolerance_facts *f, const struct tolerance_element *e);
/* The same in bf16, where no computation is needed to compare with: the noise says what honest rounding does. */
double tolerance_noisy(const struct tolerance *t, double noise, double exact, double exact_norm);
/* The largest norm that the error of a row may have; INFINITY where there is no such rule. */
double tolerance_row(const struct tolerance *t, bool coherent, double noise_norm, double exact_norm);
/* How much of what is allowed an error uses up: at most 1 is right. Not a number is infinitely much. */
double tolerance_share(double error, double allowed);
/* Adds one more element. */
void tolerance_widen(struct tolerance_facts *f, const struct tolerance_element *e);

#endif
