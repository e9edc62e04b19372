#include "avo.h"
#include "base/mem.h"
#include "task/tolerance.h"
#include "worker/cpu/compare.h"
#include "worker/cpu/reference.h"
#include "worker/random.h"
#include "worker/sample.h"

#include <math.h>

struct compare {
	struct run_spec spec;
	size_t count;
	struct sample_row *rows;
	struct tolerance_element *elements;		/* count x head_dim */
	struct tolerance_facts facts[FILL_COUNT];	/* for each kind of values of the run */
};

static void take_row(struct compare *cmp, size_t i, const struct reference_row *ref)
{
	size_t d = (size_t)cmp->spec.c->head_dim, x;

	for (x = 0; x < d; x++) {
		struct tolerance_element *e = &cmp->elements[i * d + x];

		*e = (struct tolerance_element){ ref->exact[x], (double)ref->plain[x], ref->magnitude[x], ref->sensitivity[x] };
		tolerance_widen(&cmp->facts[cmp->rows[i].slot], e);
	}
}

struct compare *compare_new(const struct run_spec *spec, const struct tensors *values, uint64_t secret)
{
	struct compare *cmp = xcalloc(1, sizeof(*cmp));
	double *scratch = reference_scratch(spec->c);
	struct reference_row ref;
	size_t i;

	cmp->spec = *spec;
	cmp->count = sample_count(spec);
	cmp->rows = xcalloc(cmp->count, sizeof(*cmp->rows));
	cmp->elements = xcalloc(cmp->count * (size_t)spec->c->head_dim, sizeof(*cmp->elements));
	for (i = 0; i < cmp->count; i++) {
		struct sample_row r = cmp->rows[i] = sample_row(spec, secret, i);

		reference_row(&ref, values, spec->c, r.batch, r.head, r.row, scratch);
		take_row(cmp, i, &ref);
	}
	free(scratch);
	return cmp;
}

void compare_free(struct compare *c)
{
	if (!c)
		return;
	free(c->rows);
	free(c->elements);
	free(c);
}

static uint64_t digest(const float *v, size_t n)
{
	uint64_t h[4] = { 1, 2, 3, 4 }, pair;
	size_t i;

	for (i = 0; i + 1 < n; i += 2) {
		memcpy(&pair, v + i, sizeof(pair));
		h[i / 2 % 4] = (h[i / 2 % 4] ^ pair) * 0x9e3779b97f4a7c15u + 1;
	}
	return random_mix(h[0] ^ random_mix(h[1] ^ random_mix(h[2] ^ random_mix(h[3]))));
}

/* The first element that is not finite, or n. Sums of differences stay 0 for finite blocks, so most blocks cost one test. */
static size_t first_not_finite(const float *v, size_t n)
{
	size_t i, j;

	for (i = 0; i < n; i += 16) {
		float sum = 0;

		for (j = i; j < i + 16; j++)
			sum += v[j] - v[j];
		if (sum != 0)
			for (j = i; j < i + 16; j++)
				if (!isfinite(v[j]))
					return j;
	}
	return n;
}

static void blame(struct run_outcome *out, const struct compare *c, const struct sample_row *r, int dim, double expected, double got)
{
	out->worst.batch = r->batch;
	out->worst.head = r->head;
	out->worst.row = r->row;
	out->worst.dim = dim;
	out->worst.expected = expected;
	out->worst.got = got;
	out->fill = (enum fill)c->spec.deal.kinds[r->slot];
}

static void fail(struct run_outcome *out, const struct compare *c, const char *what)
{
	const struct task_case *k = c->spec.c;
	char expected[48] = "";

	if (!isnan(out->worst.expected))
		snprintf(expected, sizeof(expected), ", expected %.9g", out->worst.expected);
	out->verdict = VERDICT_INCORRECT;
	snprintf(out->reason, sizeof(out->reason), "%s: batch %d, head %d, row %d, element %d is %.9g%s (%s values, %s, %d x %d, head_dim %d)",
		 what, out->worst.batch, out->worst.head, out->worst.row, out->worst.dim, out->worst.got, expected,
		 fill_name(out->fill), k->name, k->q_len, k->kv_len, k->head_dim);
}

static void fail_not_finite(struct run_outcome *out, const struct compare *c, const float *output, size_t at)
{
	size_t d = (size_t)c->spec.c->head_dim;
	struct sample_row r = sample_row_of(&c->spec, at / d);

	out->max_error = NAN;
	blame(out, c, &r, (int)(at % d), NAN, (double)output[at]);
	fail(out, c, isnan(output[at]) ? "the output holds NaN, as it does on entry" : "the output is infinite");
}

/* Finds the element that uses up most of its tolerance. */
static double judge_rows(struct run_outcome *out, const struct compare *c, const float *output)
{
	size_t d = (size_t)c->spec.c->head_dim, i, x;
	double worst = -1;

	for (i = 0; i < c->count; i++) {
		const struct sample_row *r = &c->rows[i];

		for (x = 0; x < d; x++) {
			const struct tolerance_element *e = &c->elements[i * d + x];
			double got = (double)output[r->index * d + x], error = fabs(got - e->exact);
			double allowed = tolerance_limit(tolerance_of(DTYPE_F32), &c->facts[r->slot], e);

			if (tolerance_share(error, allowed) <= worst)
				continue;
			worst = tolerance_share(error, allowed);
			out->max_error = error;
			out->tolerance = allowed;
			blame(out, c, r, (int)x, e->exact, got);
		}
	}
	return worst;
}

void compare_output(struct run_outcome *out, const struct compare *c, const float *output)
{
	size_t n = case_q_elements(c->spec.c), bad = first_not_finite(output, n);
	char what[64];

	out->verdict = VERDICT_PASSED;
	out->digest = digest(output, n);
	out->rows = (long)c->count;
	if (bad < n) {
		fail_not_finite(out, c, output, bad);
		return;
	}
	if (judge_rows(out, c, output) <= 1)
		return;
	snprintf(what, sizeof(what), "wrong by %.3g where %.3g is allowed", out->max_error, out->tolerance);
	fail(out, c, what);
}
