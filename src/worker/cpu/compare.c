#include "avo.h"
#include "base/mem.h"
#include "worker/cpu/compare.h"
#include "worker/cpu/reference.h"
#include "worker/random.h"

#include <math.h>

struct row_ref {
	int batch, head, row;
	size_t at;			/* of its first element in the output */
};

struct compare {
	struct run_spec spec;
	int count;
	struct row_ref *rows;
	double *exact;			/* count x head_dim */
	double tolerance;
};

static struct row_ref row_of_index(const struct task_case *c, size_t index)
{
	struct row_ref r = { .at = index * (size_t)c->head_dim };

	r.head = (int)(index % (size_t)c->q_heads);
	index /= (size_t)c->q_heads;
	r.row = (int)(index % (size_t)c->q_len);
	r.batch = (int)(index / (size_t)c->q_len);
	return r;
}

static void pick_rows(struct compare *cmp, uint64_t secret)
{
	const struct task_case *c = cmp->spec.c;
	size_t total = case_q_elements(c) / (size_t)c->head_dim;
	bool all = cmp->spec.rows <= 0 || (size_t)cmp->spec.rows >= total;
	int i;

	cmp->count = all ? (int)total : cmp->spec.rows;
	cmp->rows = xcalloc((size_t)cmp->count, sizeof(*cmp->rows));
	for (i = 0; i < cmp->count; i++)
		cmp->rows[i] = row_of_index(c, all ? (size_t)i : random_below(random_at(secret, (uint64_t)i), total));
}

/* What rounding a value of this size into f32 beside 0.3 costs. */
static double rounding(double exact)
{
	volatile float x = (float)exact, y = x + 0.3f;

	y = y - 0.3f;
	return fabs((double)y - (double)x);
}

struct compare *compare_new(const struct run_spec *spec, const struct tensors *values, uint64_t secret)
{
	struct compare *cmp = xcalloc(1, sizeof(*cmp));
	double *scratch = reference_scratch(spec->c), plain = 0, round = 0, largest = 0, sensitivity = 0;
	int i, x, d = spec->c->head_dim;
	struct reference_row ref;

	cmp->spec = *spec;
	pick_rows(cmp, secret);
	cmp->exact = xcalloc((size_t)cmp->count * (size_t)d, sizeof(double));
	for (i = 0; i < cmp->count; i++) {
		const struct row_ref *r = &cmp->rows[i];

		reference_row(&ref, values, spec->c, r->batch, r->head, r->row, scratch);
		sensitivity = fmax(sensitivity, ref.sensitivity);
		memcpy(cmp->exact + (size_t)i * (size_t)d, ref.exact, (size_t)d * sizeof(double));
		for (x = 0; x < d; x++) {
			plain = fmax(plain, fabs((double)ref.plain[x] - ref.exact[x]));
			round = fmax(round, rounding(ref.exact[x]));
			largest = fmax(largest, fabs(ref.exact[x]));
		}
	}
	cmp->tolerance = fmin(COMPARE_PLAIN_FACTOR * plain + COMPARE_ROUNDING_FACTOR * round +
			      COMPARE_SENSITIVITY_FACTOR * sensitivity, COMPARE_CAP * largest);
	free(scratch);
	return cmp;
}

void compare_free(struct compare *c)
{
	if (!c)
		return;
	free(c->rows);
	free(c->exact);
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

static void blame(struct run_outcome *out, const struct compare *c, const struct row_ref *r, int dim, double expected,
		  double got)
{
	out->worst.batch = r->batch;
	out->worst.head = r->head;
	out->worst.row = r->row;
	out->worst.dim = dim;
	out->worst.expected = expected;
	out->worst.got = got;
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
		 fill_name(c->spec.fill), k->name, k->q_len, k->kv_len, k->head_dim);
}

void compare_output(struct run_outcome *out, const struct compare *c, const float *output)
{
	size_t n = case_q_elements(c->spec.c), bad = first_not_finite(output, n), d = (size_t)c->spec.c->head_dim, x;
	int i;

	out->verdict = VERDICT_PASSED;
	out->digest = digest(output, n);
	out->tolerance = c->tolerance;
	out->rows = c->count;
	out->max_error = 0;
	if (bad < n) {
		struct row_ref r = row_of_index(c->spec.c, bad / d);

		out->max_error = NAN;
		blame(out, c, &r, (int)(bad % d), NAN, (double)output[bad]);
		fail(out, c, isnan(output[bad]) ? "the output holds NaN, as it does on entry" : "the output is infinite");
		return;
	}
	for (i = 0; i < c->count; i++)
		for (x = 0; x < d; x++) {
			double exact = c->exact[(size_t)i * d + x], got = (double)output[c->rows[i].at + x];

			if (fabs(got - exact) > out->max_error) {
				out->max_error = fabs(got - exact);
				blame(out, c, &c->rows[i], (int)x, exact, got);
			}
		}
	if (out->max_error > c->tolerance) {
		char what[64];

		snprintf(what, sizeof(what), "wrong by %.3g where %.3g is allowed", out->max_error, c->tolerance);
		fail(out, c, what);
	}
}
