/* The reference and the rule that decides what is right. */
#include "avo.h"
#include "base/mem.h"
#include "worker/cpu/compare.h"
#include "worker/cpu/reference.h"
#include "worker/random.h"
#include "base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <math.h>

struct setup {
	struct task_case c;
	struct tensors t;
	float *out;
	enum fill fill;
};

static void open_setup(struct setup *s, int q_len, int kv_len, int causal, enum fill fill)
{
	size_t q, kv;
	struct run_spec spec = { .c = &s->c, .deal = fill_deal_one(fill), .seed = 42 };

	memset(s, 0, sizeof(*s));
	s->fill = fill;
	s->c = (struct task_case){ .name = "t", .batch = 2, .q_len = q_len, .kv_len = kv_len, .q_heads = 6, .kv_heads = 2,
				   .head_dim = 48, .causal = causal };
	q = case_q_elements(&s->c);
	kv = case_kv_elements(&s->c);
	s->t = (struct tensors){ xcalloc(q, 4), xcalloc(kv, 4), xcalloc(kv, 4) };
	s->out = xcalloc(q, 4);
	values_fill(&s->t, &spec);
}

static void close_setup(struct setup *s)
{
	free(s->t.q);
	free(s->t.k);
	free(s->t.v);
	free(s->out);
}

/* Attention of one row straight from the definition, with libm, in long double; returns the largest value that a weight is multiplied by. */
static long double by_definition(long double *out, const struct setup *s, int b, int h, int i)
{
	const struct task_case *c = &s->c;
	int d = c->head_dim, kv = h / (c->q_heads / c->kv_heads), keys = case_visible_keys(c, i), j, x;
	const float *q = s->t.q + ((b * c->q_len + i) * c->q_heads + h) * d;
	long double sum = 0, top = -INFINITY, largest = 0, *w = xcalloc((size_t)keys, sizeof(*w));

	for (j = 0; j < keys; j++) {
		for (x = 0; x < d; x++)
			w[j] += (long double)q[x] * s->t.k[((b * c->kv_len + j) * c->kv_heads + kv) * d + x];
		w[j] /= sqrtl(d);
		top = fmaxl(top, w[j]);
	}
	memset(out, 0, (size_t)d * sizeof(*out));
	for (j = 0; j < keys; j++) {
		long double p = expl(w[j] - top);

		sum += p;
		for (x = 0; x < d; x++) {
			float v = s->t.v[((b * c->kv_len + j) * c->kv_heads + kv) * d + x];

			out[x] += p * v;
			largest = fmaxl(largest, fabsf(v));
		}
	}
	for (x = 0; x < d; x++)
		out[x] /= sum;
	free(w);
	return largest;
}

static void check_reference(int q_len, int kv_len, int causal, enum fill fill)
{
	long double want[REFERENCE_MAX_DIM], largest;
	struct reference_row row;
	struct setup s;
	double *scratch;
	int b, h, i, x;

	open_setup(&s, q_len, kv_len, causal, fill);
	scratch = reference_scratch(&s.c);
	for (b = 0; b < s.c.batch; b++)
		for (h = 0; h < s.c.q_heads; h++)
			for (i = 0; i < q_len; i += 3) {
				reference_row(&row, &s.t, &s.c, b, h, i, scratch);
				largest = by_definition(want, &s, b, h, i);
				for (x = 0; x < s.c.head_dim; x++)
					if (!(fabsl(row.exact[x] - want[x]) <= 1e-12L * largest))
						fail_msg("b%d h%d i%d x%d: %.17g, by definition %.17Lg", b, h, i, x, row.exact[x], want[x]);
			}
	free(scratch);
	close_setup(&s);
}

static void the_reference_is_the_definition(void **state)
{
	int fill;

	for (fill = 0; fill < FILL_COUNT; fill++) {
		check_reference(37, 37, 0, (enum fill)fill);
		check_reference(13, 45, 1, (enum fill)fill);
		check_reference(40, 5, 0, (enum fill)fill);
	}
	check_reference(1, 1, 1, FILL_NORMAL);
}

static void the_reference_exp_is_exp(void **state)
{
	double x;

	for (x = -699; x <= 0; x += 0.37)
		if (fabs(reference_exp(x) / exp(x) - 1) > 1e-14)
			fail_msg("exp(%g) is %.17g, not %.17g", x, reference_exp(x), exp(x));
	assert_true(reference_exp(-1e6) == 0);
	assert_true(reference_exp(-INFINITY) == 0);
	assert_true(reference_exp(0) == 1);
}

static void fill_exact(struct setup *s)
{
	double *scratch = reference_scratch(&s->c);
	struct reference_row row;
	size_t r, n = case_q_elements(&s->c) / (size_t)s->c.head_dim;
	int x;

	for (r = 0; r < n; r++) {
		int h = (int)(r % 6), i = (int)(r / 6) % s->c.q_len, b = (int)(r / 6) / s->c.q_len;

		reference_row(&row, &s->t, &s->c, b, h, i, scratch);
		for (x = 0; x < s->c.head_dim; x++)
			s->out[r * (size_t)s->c.head_dim + (size_t)x] = (float)row.exact[x];
	}
	free(scratch);
}

static struct run_outcome judge(const struct setup *s, int rows)
{
	struct run_spec spec = { .c = &s->c, .deal = fill_deal_one(s->fill), .rows = rows };
	struct compare *c = compare_new(&spec, &s->t, 99);
	struct run_outcome out = { 0 };

	compare_output(&out, c, s->out);
	compare_free(c);
	return out;
}

static float largest(const struct setup *s)
{
	size_t i, n = case_q_elements(&s->c);
	float most = 0;

	for (i = 0; i < n; i++)
		most = fmaxf(most, fabsf(s->out[i]));
	return most;
}

static void wrong_outputs_fail_and_are_located(void **state)
{
	struct run_outcome out;
	struct setup s;
	size_t at;
	float kept;
	int fill;

	for (fill = 0; fill < FILL_COUNT; fill++) {
		open_setup(&s, 33, 33, 1, (enum fill)fill);
		fill_exact(&s);
		out = judge(&s, 0);
		assert_int_equal(out.verdict, VERDICT_PASSED);
		assert_int_equal(out.rows, 2 * 6 * 33);
		at = ((1 * 33 + 20) * 6 + 4) * 48 + 7;
		kept = s.out[at];
		s.out[at] += 0.03f * largest(&s);
		out = judge(&s, 0);
		assert_int_equal(out.verdict, VERDICT_INCORRECT);
		assert_int_equal(out.worst.batch, 1);
		assert_int_equal(out.worst.row, 20);
		assert_int_equal(out.worst.head, 4);
		assert_int_equal(out.worst.dim, 7);
		/* not finite: found wherever it is, compared or not */
		s.out[at] = NAN;
		assert_int_equal(judge(&s, 1).verdict, VERDICT_INCORRECT);
		s.out[at] = INFINITY;
		assert_int_equal(judge(&s, 1).verdict, VERDICT_INCORRECT);
		s.out[at] = kept;
		assert_int_equal(judge(&s, 1).verdict, VERDICT_PASSED);
		memset(s.out, 0, case_q_elements(&s.c) * sizeof(float));
		assert_int_equal(judge(&s, 0).verdict, VERDICT_INCORRECT);
		close_setup(&s);
	}
}

static void zeros_fail_at_long_lengths(void **state)
{
	struct setup s;

	open_setup(&s, 4, 20000, 0, FILL_NORMAL);
	assert_int_equal(judge(&s, 16).verdict, VERDICT_INCORRECT);
	close_setup(&s);
}

static void digests_see_every_element(void **state)
{
	struct setup s;
	uint64_t before;
	size_t i, n;

	open_setup(&s, 3, 3, 0, FILL_NORMAL);
	n = case_q_elements(&s.c);
	before = judge(&s, 1).digest;
	for (i = 0; i < n; i++) {
		s.out[i] = 1e-30f;
		assert_true(judge(&s, 1).digest != before);
		s.out[i] = 0;
	}
	assert_true(judge(&s, 1).digest == before);
	close_setup(&s);
}

static void sha256_agrees_with_the_standard(void **state)
{
	char hex[65];
	struct sha256 s;
	int i;

	sha256_init(&s);
	sha256_add(&s, "abc", 3);
	sha256_hex(hex, &s);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_init(&s);
	for (i = 0; i < 1000000; i++)
		sha256_add(&s, "a", 1);
	sha256_hex(hex, &s);
	assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reference_is_the_definition),
		cmocka_unit_test(the_reference_exp_is_exp),
		cmocka_unit_test(wrong_outputs_fail_and_are_located),
		cmocka_unit_test(zeros_fail_at_long_lengths),
		cmocka_unit_test(digests_see_every_element),
		cmocka_unit_test(sha256_agrees_with_the_standard),
	};

	return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
