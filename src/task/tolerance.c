#include "avo.h"
#include "task/tolerance.h"

#include <math.h>

#define EPSILON_F32 0x1p-24
#define EPSILON_BF16 0x1p-9

/*
 * f32: 4 times plain, not 2, so that another order of summation passes where plain was lucky; the terms cover values that
 * cancel, the sensitivity two keys that nearly tie under large scores. bf16: plain rounds its weights and its output to
 * bf16 and keeps the scores in f32, as kernels for tensor cores do; an honest row is off by 0.2 to 0.3 % of its norm.
 */
static const struct tolerance tolerances[] = {
	[DTYPE_F32] = { .epsilon = EPSILON_F32, .plain = 4, .rounding = 2, .terms = 2, .sensitivity = 4, .cap = 0.02 },
	[DTYPE_BF16] = { .epsilon = EPSILON_BF16, .plain = 2, .rounding = 2, .cap = 0.25, .row_plain = 3, .row_floor = 3 },
};

const struct tolerance *tolerance_of(enum dtype t)
{
	return &tolerances[t];
}

double tolerance_limit(const struct tolerance *t, const struct tolerance_facts *f, const struct tolerance_element *e)
{
	double limit = e->magnitude * (t->plain * f->plain_error + t->epsilon * t->terms) + t->epsilon * t->rounding * fabs(e->exact) +
		       EPSILON_F32 * t->sensitivity * e->sensitivity;

	return fmin(limit, t->cap * f->largest);
}

double tolerance_row(const struct tolerance *t, double plain_norm, double exact_norm)
{
	if (t->row_plain <= 0)
		return INFINITY;
	return fmax(t->row_plain * plain_norm, t->row_floor * t->epsilon * exact_norm);
}

double tolerance_share(double error, double allowed)
{
	if (isnan(error) || isnan(allowed))
		return INFINITY;
	return allowed > 0 ? error / allowed : error > 0 ? INFINITY : 0;
}

void tolerance_widen(struct tolerance_facts *f, const struct tolerance_element *e)
{
	double error = fabs(e->plain - e->exact);

	f->largest = fmax(f->largest, fabs(e->exact));
	if (e->magnitude > 0)
		f->plain_error = fmax(f->plain_error, error / e->magnitude);
}
