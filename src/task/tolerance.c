#include "avo.h"
#include "task/tolerance.h"

#include <math.h>

#define EPSILON_F32 0x1p-24
#define EPSILON_BF16 0x1p-8

/*
 * f32: 4 times plain, not 2, so that another order of summation passes where plain was lucky; the terms cover values that
 * cancel, the sensitivity two keys that nearly tie under large scores. bf16: a rounding is uniform and
 * has 0.41 of its bound as deviation, so 3 times the noise are seven deviations of many terms, and more than few terms can
 * reach at all. Value rows that point anywhere add up to at most their noise, all elements together; where they share a
 * direction the row moves as a whole, and 2.5 times the noise are six deviations. A long row of normal values may be off
 * by 0.86 % of its norm; honest kernels are off by 0.2 to 0.3 %.
 */
static const struct tolerance tolerances[] = {
	[DTYPE_F32] = { .epsilon = EPSILON_F32, .plain = 4, .rounding = 2, .terms = 2, .sensitivity = 4, .cap = 0.02 },
	[DTYPE_BF16] = { .epsilon = EPSILON_BF16, .noise = 3, .rounding = 2, .floor = 0x1p-24,
			 .row_noise = 1.2, .row_coherent = 2.5, .row_rounding = 1 },
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

double tolerance_noisy(const struct tolerance *t, double noise, double exact, double exact_norm)
{
	return t->noise * noise + t->epsilon * t->rounding * fabs(exact) + t->floor * exact_norm;
}

double tolerance_row(const struct tolerance *t, bool coherent, double noise_norm, double exact_norm)
{
	if (t->row_noise <= 0)
		return INFINITY;
	return (coherent ? t->row_coherent : t->row_noise) * noise_norm + t->epsilon * t->row_rounding * exact_norm;
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
