/*
 * The kinds of values: what each is said to be, it is; each has a bad candidate
 * in kernels/redteam/cpu that is right on all the others; and the device makes
 * the same values, since it is the same code.
 */
#include "avo.h"
#include "base/buf.h"
#include "base/child.h"
#include "base/mem.h"
#include "base/path.h"
#include "task/tolerance.h"
#include "worker/cpu/compare.h"
#include "worker/deck.h"
#include "worker/sample.h"
#include "fill_device.h"

#include <avo/attention.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <math.h>

/* Candidates that one kind catches and the others do not, by kind. */
static const char *const caught[FILL_COUNT] = {
	[FILL_NORMAL] = "careless-with-plain-values",
	[FILL_LARGE_SCORES] = "reference-is-first-key",
	[FILL_NEGATIVE_SCORES] = "maximum-starts-at-zero",
	[FILL_LATE_MAXIMUM] = "clips-the-tail",
	[FILL_SINK] = "answers-from-the-sink",
	[FILL_ASCENDING] = "few-rescales",
	[FILL_NEEDLE] = "saturates-jumps",
	[FILL_EQUAL_KEYS] = "breaks-ties",
	[FILL_GAPS] = "skips-zero-keys",
	[FILL_CONSTANT_V] = "sum-in-low-precision",
	[FILL_CANCELLING_V] = "pairs-that-cancel",
	[FILL_HEAVY_TAILED] = "clips-outliers",
	[FILL_OUTLIER_CHANNELS] = "one-scale-a-row",
	[FILL_OUTLIER_ROWS] = "prunes-small-values",
	[FILL_TINY] = "adds-an-epsilon",
	[FILL_HUGE] = "saturates-at-f16",
};

typedef int (*attention_function)(const struct avo_attention *);

struct setup {
	struct task_case c;
	struct run_spec spec;
	struct tensors t;
	float *out;
};

static void open_setup(struct setup *s, const struct task_case *c, enum fill fill, uint64_t seed)
{
	memset(s, 0, sizeof(*s));
	s->c = *c;
	s->spec = (struct run_spec){ .c = &s->c, .deal = fill_deal_one(fill), .seed = seed };
	s->t = (struct tensors){ xcalloc(case_q_elements(c), 4), xcalloc(case_kv_elements(c), 4), xcalloc(case_kv_elements(c), 4) };
	s->out = xcalloc(case_q_elements(c), 4);
	values_fill(&s->t, &s->spec);
}

static void close_setup(struct setup *s)
{
	free(s->t.q);
	free(s->t.k);
	free(s->t.v);
	free(s->out);
}

static struct run_outcome judge(const struct setup *s, attention_function f, float *workspace)
{
	const struct task_case *c = &s->c;
	struct avo_attention a = { s->t.q, s->t.k, s->t.v, s->out, workspace, 1 << 20, c->batch, c->q_len, c->kv_len, c->q_heads, c->kv_heads,
				   c->head_dim, c->causal, (float)(1 / sqrt(c->head_dim)) };
	struct compare *cmp = compare_new(&s->spec, &s->t, 99);
	struct run_outcome out = { 0 };

	assert_int_equal(f(&a), 0);
	compare_output(&out, cmp, s->out);
	compare_free(cmp);
	return out;
}

/* ---- the zoo ------------------------------------------------------------- */

static char *work_dir;

static int make_dir(void **state)
{
	return path_temp_dir(&work_dir, "/tmp", "avo-test-", NULL) == AVO_OK ? 0 : -1;
}

static int drop_dir(void **state)
{
	path_remove_tree(work_dir, NULL);
	free(work_dir);
	return 0;
}

static attention_function compile(const char *name)
{
	char *source = xasprintf("%s/kernels/redteam/cpu/%s.c", AVO_SRCDIR, name), *object = xasprintf("%s/%s.so", work_dir, name);
	char *include = xasprintf("-I%s/kernels/include", AVO_SRCDIR);
	const char *argv[] = { "cc", "-std=gnu11", "-O3", "-ffp-contract=fast", "-fno-math-errno", "-march=native", "-fPIC", "-shared", include,
			       "-o", object, source, "-lm", NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result r = { 0 };
	struct buf words = BUF_INIT;
	attention_function f;
	void *so;

	spec.argv = argv;
	if (child_run(&r, &words, &spec, 120000, NULL) != AVO_OK || r.wait_status)
		fail_msg("%s: %s", name, buf_cstr(&words));
	buf_release(&words);
	so = dlopen(object, RTLD_NOW);
	if (!so)
		fail_msg("%s: %s", name, dlerror());
	*(void **)&f = dlsym(so, "avo_attention");
	assert_non_null(f);
	free(source);
	free(object);
	free(include);
	return f;
}

static const struct task_case shapes[] = {
	{ .name = "full", .batch = 2, .q_len = 40, .kv_len = 200, .q_heads = 2, .kv_heads = 1, .head_dim = 64 },
	{ .name = "causal", .batch = 1, .q_len = 200, .kv_len = 200, .q_heads = 2, .kv_heads = 2, .head_dim = 64, .causal = true },
};

static bool is_wrong(attention_function f, enum fill fill, float *workspace)
{
	bool wrong = false;
	size_t i;

	for (i = 0; i < ARRAY_LEN(shapes); i++) {
		struct setup s;

		open_setup(&s, &shapes[i], fill, 1000 + i);
		wrong = judge(&s, f, workspace).verdict != VERDICT_PASSED || wrong;
		close_setup(&s);
	}
	return wrong;
}

static void each_kind_catches_what_only_it_catches(void **state)
{
	float *workspace = xcalloc(1 << 18, sizeof(float));
	int mine, kind, faults = 0;

	for (mine = 0; mine < FILL_COUNT; mine++) {
		attention_function f = compile(caught[mine]);

		for (kind = 0; kind < FILL_COUNT; kind++) {
			if (is_wrong(f, (enum fill)kind, workspace) == (kind == mine))
				continue;
			print_error("%s: %s values %s\n", caught[mine], fill_name((enum fill)kind),
				    kind == mine ? "do not catch it" : "catch it, too");
			faults++;
		}
	}
	free(workspace);
	assert_int_equal(faults, 0);
}

static void an_honest_kernel_is_right_on_every_kind(void **state)
{
	attention_function f = compile("honest");
	float *workspace = xcalloc(1 << 18, sizeof(float));
	int kind;

	for (kind = 0; kind < FILL_COUNT; kind++)
		if (is_wrong(f, (enum fill)kind, workspace))
			fail_msg("honest is wrong on %s values", fill_name((enum fill)kind));
	free(workspace);
}

/* ---- the numbers ----------------------------------------------------------- */

/* Every value and every score is finite, and the same seed gives the same bits. */
static void values_are_finite_and_reproducible(void **state)
{
	struct setup a, b;
	size_t i, n = case_q_elements(&shapes[1]);
	int kind;

	for (kind = 0; kind < FILL_COUNT; kind++) {
		open_setup(&a, &shapes[1], (enum fill)kind, 5);
		open_setup(&b, &shapes[1], (enum fill)kind, 5);
		assert_memory_equal(a.t.q, b.t.q, n * 4);
		assert_memory_equal(a.t.k, b.t.k, case_kv_elements(&a.c) * 4);
		assert_memory_equal(a.t.v, b.t.v, case_kv_elements(&a.c) * 4);
		for (i = 0; i < n; i++)
			if (!isfinite(a.t.q[i] * a.t.k[i % case_kv_elements(&a.c)]) ||
			    !isfinite(a.t.v[i % case_kv_elements(&a.c)] * 0x1p25f))
				fail_msg("%s: element %zu is too large", fill_name((enum fill)kind), i);
		close_setup(&b);
		open_setup(&b, &shapes[1], (enum fill)kind, 6);
		assert_true(memcmp(a.t.v, b.t.v, case_kv_elements(&a.c) * 4) != 0);
		close_setup(&a);
		close_setup(&b);
	}
}

static float score(const struct setup *s, int row, int head, int key)
{
	const struct task_case *c = &s->c;
	const float *q = s->t.q + (row * c->q_heads + head) * c->head_dim;
	const float *k = s->t.k + (key * c->kv_heads + head / (c->q_heads / c->kv_heads)) * c->head_dim;
	double sum = 0;
	int x;

	for (x = 0; x < c->head_dim; x++)
		sum += (double)q[x] * k[x];
	return (float)(sum / sqrt(c->head_dim));
}

static int key_of_maximum(const struct setup *s, int row)
{
	int best = 0, j;

	for (j = 1; j < case_visible_keys(&s->c, row); j++)
		if (score(s, row, 0, j) > score(s, row, 0, best))
			best = j;
	return best;
}

static void scores_are_as_the_table_says(void **state)
{
	struct setup s;
	int row;

	open_setup(&s, &shapes[1], FILL_LATE_MAXIMUM, 7);
	for (row = 20; row < 200; row += 20)
		assert_int_equal(key_of_maximum(&s, row), row);
	close_setup(&s);
	open_setup(&s, &shapes[1], FILL_SINK, 7);
	for (row = 20; row < 200; row += 20)
		assert_int_equal(key_of_maximum(&s, row), 0);
	assert_true(s.t.v[0] == 0 && s.t.v[63] == 0);
	close_setup(&s);
	open_setup(&s, &shapes[1], FILL_NEEDLE, 7);
	for (row = 20; row < 200; row += 20)
		assert_true(key_of_maximum(&s, row) > 0 && key_of_maximum(&s, row) < row);
	close_setup(&s);
	open_setup(&s, &shapes[1], FILL_NEGATIVE_SCORES, 7);
	for (row = 0; row < 200; row += 20)
		assert_true(score(&s, row, 0, key_of_maximum(&s, row)) < -60);
	close_setup(&s);
	open_setup(&s, &shapes[1], FILL_ASCENDING, 7);
	assert_true(score(&s, 199, 0, 199) > score(&s, 199, 0, 100) + 8 && score(&s, 199, 0, 100) > score(&s, 199, 0, 0) + 8);
	close_setup(&s);
}

/* One key row and its value row of normal values are others, and nothing else. */
static void changed_values_differ_in_one_row(void **state)
{
	size_t n = case_kv_elements(&shapes[1]), i, k = 0, v = 0;
	struct setup a, b;

	open_setup(&a, &shapes[1], FILL_NORMAL, 5);
	open_setup(&b, &shapes[1], FILL_NORMAL, 5);
	b.spec.changed = true;
	values_fill(&b.t, &b.spec);
	assert_memory_equal(a.t.q, b.t.q, case_q_elements(&a.c) * 4);
	for (i = 0; i < n; i++) {
		k += a.t.k[i] != b.t.k[i];
		v += a.t.v[i] != b.t.v[i];
	}
	assert_true(k > 60 && k <= 64 && v > 60 && v <= 64);
	close_setup(&a);
	close_setup(&b);
}

static void the_device_makes_the_same_values(void **state)
{
	const struct task_case *c = &shapes[0];
	float *const *tensor;
	float row[64];
	struct fill_shape shape;
	struct setup s;
	int kind, t, i;

	for (kind = 0; kind < FILL_COUNT; kind++) {
		open_setup(&s, c, (enum fill)kind, 11);
		fill_shape_init(&shape, c, 11, false);
		for (t = 0; t < FILL_TENSORS; t++)
			for (i = 0; i < (t == FILL_Q ? c->q_len : c->kv_len); i++) {
				int heads = t == FILL_Q ? c->q_heads : c->kv_heads;

				tensor = (float *const[]){ s.t.q, s.t.k, s.t.v };
				fill_device_row(row, fill_kind((enum fill)kind)->recipe, &shape, 11, t, 0, i, heads - 1);
				assert_memory_equal(row, tensor[t] + (i * heads + heads - 1) * 64, sizeof(row));
			}
		close_setup(&s);
	}
}

/* Each pair of batch and key/value head has the kind that the deal says; a deck has every kind once. */
static void a_deal_gives_each_head_its_kind(void **state)
{
	struct task_case c = { .name = "t", .batch = 2, .q_len = 5, .kv_len = 5, .q_heads = 6, .kv_heads = 3, .head_dim = 16 };
	struct random_source seeds = { .key = 3 };
	struct deck deck;
	int seen = 0, runs = 0, i;

	deck_shuffle(&deck, &seeds);
	while (!deck_done(&deck)) {
		struct fill_deal d = deck_deal(&deck, &c);

		assert_int_equal(d.count, 6);
		assert_int_equal(fill_deal_kind(&d, &c, 1, 5), d.kinds[5]);
		assert_int_equal(fill_deal_kind(&d, &c, 0, 1), d.kinds[0]);
		for (i = 0; i < d.count; i++)
			seen |= 1 << d.kinds[i];
		runs++;
	}
	assert_int_equal(runs, 3);
	assert_int_equal(seen, (1 << FILL_COUNT) - 1);
}

/* The last row of each kind is always there, and the random ones reach all rows. */
static void samples_have_the_last_rows(void **state)
{
	struct task_case c = { .name = "t", .batch = 2, .q_len = 50, .kv_len = 50, .q_heads = 4, .kv_heads = 2, .head_dim = 16 };
	struct run_spec spec = { .c = &c, .deal = { 3, { 0, 1, 2 } }, .rows = 30 };
	bool reached[400] = { false };
	int slots[3] = { 0 }, count = 0;
	uint64_t secret;
	size_t i;

	assert_int_equal(sample_count(&spec), 33);
	for (secret = 0; secret < 300; secret++)
		for (i = 0; i < sample_count(&spec); i++) {
			struct sample_row r = sample_row(&spec, secret, i), again = sample_row_of(&spec, r.index);

			assert_true(r.index < 400 && again.row == r.row && again.head == r.head && again.batch == r.batch && again.slot == r.slot);
			assert_true(i >= 3 || r.row == 49);
			slots[r.slot]++;
			reached[r.index] = true;
		}
	assert_true(slots[0] == slots[1] && slots[1] == slots[2]);
	for (i = 0; i < 400; i++)
		count += reached[i];
	assert_int_equal(count, 400);
	spec.rows = 0;
	assert_int_equal(sample_count(&spec), 400);
}

/* ---- bf16: an honest kernel never reaches its limits --------------------------- */

#define SIM_DIM 64
#define SIM_KEYS 48

static float bf16(float x)
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof(bits));
	bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
	memcpy(&x, &bits, sizeof(x));
	return x;
}

/*
 * One row as a kernel for tensor cores has it: scores and sums in f32, weights rounded to bf16 below a reference that
 * lags behind the maximum by up to `lag` powers of two, rescaled when it lags by more, the output rounded.
 */
static void simulate_row(float *out, const float *scores, const float *v, int keys, float lag, float start)
{
	float top = start, sum = 0, acc[SIM_DIM] = { 0 };
	int j, x;

	for (j = 0; j < keys; j++) {
		float s = scores[j] * 1.44269504f, p;

		if (s > top + lag) {
			float shrink = exp2f(top - s);

			top = s;
			sum *= shrink;
			for (x = 0; x < SIM_DIM; x++)
				acc[x] *= shrink;
		}
		p = exp2f(s - top);
		sum += p;
		for (x = 0; x < SIM_DIM; x++)
			acc[x] += bf16(p) * v[j * SIM_DIM + x];
	}
	for (x = 0; x < SIM_DIM; x++)
		out[x] = bf16(acc[x] / sum);
}

struct closeness {
	double element, row;		/* largest share of what is allowed */
	int element_kind, row_kind;	/* where */
};

static void compare_row(struct closeness *c, int kind, const float *out, const float *scores, const float *v, int keys)
{
	const struct tolerance *t = tolerance_of(DTYPE_BF16);
	double p[SIM_KEYS], exact[SIM_DIM], n[SIM_DIM], sum = 0, top = -INFINITY, error = 0, noise = 0, norm = 0, share;
	int j, x;

	for (j = 0; j < keys; j++)
		top = fmax(top, (double)scores[j]);
	for (j = 0; j < keys; j++)
		sum += p[j] = exp((double)scores[j] - top);
	for (x = 0; x < SIM_DIM; x++) {
		double square = 0;

		exact[x] = 0;
		for (j = 0; j < keys; j++) {
			double term = p[j] / sum * (double)v[j * SIM_DIM + x];

			exact[x] += term;
			square += term * term;
		}
		n[x] = t->epsilon * sqrt(square);
		noise += n[x] * n[x];
		norm += exact[x] * exact[x];
	}
	for (x = 0; x < SIM_DIM; x++) {
		double off = fabs((double)out[x] - exact[x]);

		share = tolerance_share(off, tolerance_noisy(t, n[x], exact[x], sqrt(norm)));
		if (share > c->element) {
			c->element = share;
			c->element_kind = kind;
		}
		error += off * off;
	}
	share = tolerance_share(sqrt(error), tolerance_row(t, fill_kind((enum fill)kind)->coherent, sqrt(noise), sqrt(norm)));
	if (share > c->row) {
		c->row = share;
		c->row_kind = kind;
	}
}

static void simulate_kind(struct closeness *c, int kind, uint64_t seed)
{
	static const float lags[] = { 0, 1.5f, 8 };
	struct task_case shape = { .name = "t", .batch = 1, .q_len = SIM_KEYS, .kv_len = SIM_KEYS, .q_heads = 1, .kv_heads = 1,
				   .head_dim = SIM_DIM, .causal = true };
	float out[SIM_DIM], scores[SIM_KEYS];
	struct setup s;
	int row, j;
	size_t i;

	open_setup(&s, &shape, (enum fill)kind, seed);
	for (i = 0; i < SIM_KEYS * SIM_DIM; i++) {
		s.t.q[i] = bf16(s.t.q[i]);
		s.t.k[i] = bf16(s.t.k[i]);
		s.t.v[i] = bf16(s.t.v[i]);
	}
	for (row = 0; row < SIM_KEYS; row++) {
		for (j = 0; j <= row; j++)
			scores[j] = score(&s, row, 0, j);
		for (i = 0; i < ARRAY_LEN(lags); i++) {
			simulate_row(out, scores, s.t.v, row + 1, lags[i], scores[0] * 1.44269504f - (float)(seed % 97) / 97 * lags[i]);
			compare_row(c, kind, out, scores, s.t.v, row + 1);
		}
	}
	close_setup(&s);
}

/* 3 x 48 short rows for each kind and round, where luck is greatest. AVO_TEST_ROUNDS=n: n times as many. */
static void honest_bf16_is_never_near_its_limits(void **state)
{
	int rounds = 20 * (getenv("AVO_TEST_ROUNDS") ? atoi(getenv("AVO_TEST_ROUNDS")) : 1), kind, i;
	struct closeness c = { 0, 0, 0, 0 };

	for (i = 0; i < rounds; i++)
		for (kind = 0; kind < FILL_COUNT; kind++)
			simulate_kind(&c, kind, (uint64_t)i + 100);
	print_message("# an element took %.2f (%s), a row %.2f (%s) of what is allowed\n", c.element, fill_name((enum fill)c.element_kind), c.row,
		      fill_name((enum fill)c.row_kind));
	assert_true(c.element < 0.95 && c.row < 0.95);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(honest_bf16_is_never_near_its_limits),
		cmocka_unit_test(values_are_finite_and_reproducible),
		cmocka_unit_test(scores_are_as_the_table_says),
		cmocka_unit_test(changed_values_differ_in_one_row),
		cmocka_unit_test(the_device_makes_the_same_values),
		cmocka_unit_test(a_deal_gives_each_head_its_kind),
		cmocka_unit_test(samples_have_the_last_rows),
		cmocka_unit_test(an_honest_kernel_is_right_on_every_kind),
		cmocka_unit_test(each_kind_catches_what_only_it_catches),
	};

	return cmocka_run_group_tests_name("values", tests, make_dir, drop_dir);
}
