/*
 * The CPU seed is right in every variant that mutation can reach: variants
 * are sampled so that each alternative of each parameter occurs, compiled as
 * the worker compiles candidates, and compared with an fp64 answer on shapes
 * that no tile size divides. AVO_TEST_ROUNDS=n samples n times as many.
 */
#include "avo.h"
#include "base/buf.h"
#include "base/child.h"
#include "base/mem.h"
#include "base/path.h"
#include "attention_case.h"
#include "variants.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <math.h>

static const struct shape shapes[] = {
	/*                  batch q_len kv_len q_heads kv_heads dim causal */
	{ "one-key",           1,    1,     1,      1,       1,  16, 1, VALUES_NORMAL },
	{ "one-query",         2,    1,   129,      4,       1,  64, 1, VALUES_NORMAL },
	{ "short-queries",     2,    7,    33,      4,       2,  16, 0, VALUES_NORMAL },
	{ "short-keys",        1,  129,    33,      2,       1,  64, 0, VALUES_NORMAL },
	{ "square",            1,   33,    33,      3,       3,  80, 1, VALUES_NORMAL },
	{ "bottom-right",      1,   33,   129,      2,       2, 128, 1, VALUES_NORMAL },
	{ "grouped",           1,  129,   129,      6,       2,  64, 1, VALUES_NORMAL },
	{ "many-tiles",        1,  300,   321,      1,       1,  64, 1, VALUES_NORMAL },
	{ "wide-head",         1,    5,   300,      2,       2, 256, 0, VALUES_NORMAL },
	{ "large-scores",      1,   70,   290,      2,       1,  64, 1, VALUES_LARGE },
	{ "late-maximum",      1,   70,   290,      2,       1,  64, 0, VALUES_LATE_MAXIMUM },
	{ "late-maximum-mask", 1,   66,   290,      1,       1,  80, 1, VALUES_LATE_MAXIMUM },
	{ "constant-values",   1,   33,   150,      2,       1,  64, 1, VALUES_CONSTANT },
	{ "beyond-workspace",  1,    3, 20001,      1,       1, 256, 0, VALUES_NORMAL },
};

static struct attention_case cases[ARRAY_LEN(shapes)];
static char *work_dir;

static int make_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		attention_case_init(&cases[i], &shapes[i]);
	return path_temp_dir(&work_dir, "/tmp", "avo-test-", NULL) == AVO_OK ? 0 : -1;
}

static int drop_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		attention_case_release(&cases[i]);
	path_remove_tree(work_dir, NULL);
	free(work_dir);
	return 0;
}

/* A file of the source tree; owned. */
static char *tree_path(const char *relative)
{
	const char *top = getenv("AVO_TOP_SRCDIR");

	return top ? path_join(top, relative) : path_data(relative);
}

/* Compiles with the flags of the CPU backend; the messages go into `out` on failure. */
static bool compile(struct buf *out, const char *source, const char *object)
{
	char *include = tree_path("kernels/include"), *flag = xasprintf("-I%s", include);
	const char *const argv[] = { "cc", "-std=gnu11", "-O3", "-march=native", "-fno-math-errno", "-ffp-contract=fast",
				     "-Wall", "-Wextra", "-Werror", flag, "-shared", "-fPIC", "-o", object, source, "-lm", NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result = { 0 };
	enum avo_status status;

	spec.argv = argv;
	status = child_run(&result, out, &spec, 120000, NULL);
	free(flag);
	free(include);
	return status == AVO_OK && result.wait_status == 0;
}

/* Runs all cases; prints the worst error and returns it. */
static double run_cases(attention_function kernel, const char *what)
{
	double worst = 0;
	const char *where = "";

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		double error = attention_case_run(&cases[i], kernel);

		if (error > worst) {
			worst = error;
			where = cases[i].shape->name;
		}
	}
	print_message("# %.2f of the tolerance, in %s: %s\n", worst, where, what);
	return worst;
}

static void check_source(const char *text, size_t len, const char *what)
{
	char *source = path_join(work_dir, "kernel.c"), *object = path_join(work_dir, "kernel.so");
	struct buf messages = BUF_INIT;
	attention_function kernel;
	void *library;

	assert_int_equal(path_write_atomic(source, text, len, 0600, NULL), AVO_OK);
	if (!compile(&messages, source, object))
		fail_msg("%s: %s", what, buf_cstr(&messages));
	library = dlopen(object, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		fail_msg("%s: %s", what, dlerror());
	*(void **)&kernel = dlsym(library, "avo_attention");
	assert_non_null(kernel);
	assert_true(run_cases(kernel, what) <= 1);
	dlclose(library);
	buf_release(&messages);
	free(source);
	free(object);
}

static void read_kernel(struct buf *out, const char *name)
{
	char *path = tree_path(name);

	assert_int_equal(path_read(out, path, 1 << 20, NULL), AVO_OK);
	free(path);
}

static void check_variant(const struct variant_space *space, const struct variant *v)
{
	struct buf source = BUF_INIT, what = BUF_INIT;

	variant_write(&source, space, v);
	variant_describe(&what, space, v);
	check_source(source.data, source.len, buf_cstr(&what));
	buf_release(&source);
	buf_release(&what);
}

static void the_reference_is_right(void **state)
{
	struct buf source = BUF_INIT;

	read_kernel(&source, "kernels/attention/reference/kernel.c");
	check_source(source.data, source.len, "reference");
	buf_release(&source);
}

static void the_seed_is_annotated_and_right(void **state)
{
	struct buf source = BUF_INIT;
	struct variant_space space;
	struct variant v;

	read_kernel(&source, "kernels/attention/cpu/kernel.c");
	variant_space_read(&space, buf_cstr(&source));
	assert_in_range(space.count, 10, VARIANT_PARAMS_MAX);
	for (int p = 0; p < space.count; p++) {
		assert_in_range(space.params[p].value, 0, space.params[p].count - 1);
		assert_true(space.params[p].count >= 2);
	}
	variant_default(&v, &space);
	check_variant(&space, &v);
	buf_release(&source);
}

/* The combination that README.md names as the fastest. */
static void the_tuned_variant_is_right(void **state)
{
	static const char *const tuned[][2] = {
		{ "TILE_Q", "64" }, { "TILE_K", "128" }, { "LANES", "16" }, { "ROWS", "4" },
		{ "QK_FORM", "OUTER" }, { "QK_COLS", "4" }, { "PV_FORM", "OUTER" }, { "PV_COLS", "4" },
		{ "EXP", "POLY_VEC" }, { "SOFTMAX", "TWO_PASS" }, 		{ "CAUSAL", "SKIP_BLOCK" }, { "PACK", "HEAD" },
	};
	struct buf source = BUF_INIT;
	struct variant_space space;
	struct variant v;

	read_kernel(&source, "kernels/attention/cpu/kernel.c");
	variant_space_read(&space, buf_cstr(&source));
	variant_default(&v, &space);
	for (size_t i = 0; i < ARRAY_LEN(tuned); i++)
		assert_true(variant_set(&v, &space, tuned[i][0], tuned[i][1]));
	check_variant(&space, &v);
	buf_release(&source);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static int longest_list(const struct variant_space *space)
{
	int longest = 0;

	for (int p = 0; p < space->count; p++)
		if (space->params[p].count > longest)
			longest = space->params[p].count;
	return longest;
}

/* Deals parameter p's alternatives to the variants in random order, each as often as the others. */
static void deal(struct variant *hand, int variants, int p, int alternatives, uint32_t *seed)
{
	for (int i = 0; i < variants; i++) {
		int other = (int)(next_random(seed) % (uint32_t)(i + 1));

		hand[i].choice[p] = hand[other].choice[p];
		hand[other].choice[p] = i % alternatives;
	}
}

/* As many variants as the longest list of alternatives, so that each alternative occurs. */
static void check_round(const struct variant_space *space, uint32_t *seed)
{
	struct variant hand[VARIANT_CHOICES_MAX];
	int variants = longest_list(space);

	for (int p = 0; p < space->count; p++)
		deal(hand, variants, p, space->params[p].count, seed);
	for (int i = 0; i < variants; i++)
		check_variant(space, &hand[i]);
}

static void every_alternative_is_right(void **state)
{
	const char *rounds = getenv("AVO_TEST_ROUNDS");
	struct buf source = BUF_INIT;
	struct variant_space space;
	uint32_t seed = 20;

	read_kernel(&source, "kernels/attention/cpu/kernel.c");
	variant_space_read(&space, buf_cstr(&source));
	for (int i = 0; i < (rounds ? atoi(rounds) : 2); i++)
		check_round(&space, &seed);
	buf_release(&source);
}

static void every_alternative_is_documented(void **state)
{
	struct buf source = BUF_INIT, readme = BUF_INIT;
	struct variant_space space;

	read_kernel(&source, "kernels/attention/cpu/kernel.c");
	read_kernel(&readme, "kernels/attention/CPU.md");
	variant_space_read(&space, buf_cstr(&source));
	for (int p = 0; p < space.count; p++)
		for (int c = 0; c < space.params[p].count; c++) {
			char row[64];

			snprintf(row, sizeof(row), "| `%s` | `%s` |", space.params[p].name, space.params[p].choices[c]);
			if (strstr(buf_cstr(&readme), row) == NULL)
				fail_msg("README.md has no row \"%s\"", row);
		}
	buf_release(&source);
	buf_release(&readme);
}

static int wrong_by_one_key(const struct avo_attention *a)
{
	struct avo_attention fewer = *a;
	char *path = path_join(work_dir, "kernel.so");
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	attention_function kernel;
	int rc;

	free(path);
	*(void **)&kernel = dlsym(library, "avo_attention");
	if (fewer.batch == 1 && fewer.kv_len > 1 && !fewer.causal)
		fewer.kv_len--;
	rc = kernel(&fewer);
	dlclose(library);
	return rc;
}

/* The cases tell a kernel that forgets the last key, in each shape without a mask. */
static void a_missing_key_is_noticed(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct shape *s = &shapes[i];
		double error = attention_case_run(&cases[i], wrong_by_one_key);

		if (s->batch == 1 && !s->causal)
			assert_true(error > 1);
		else
			assert_true(error <= 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reference_is_right),
		cmocka_unit_test(the_seed_is_annotated_and_right),
		cmocka_unit_test(the_tuned_variant_is_right),
		cmocka_unit_test(every_alternative_is_right),
		cmocka_unit_test(every_alternative_is_documented),
		cmocka_unit_test(a_missing_key_is_noticed),
	};

	return cmocka_run_group_tests(tests, make_cases, drop_cases);
}
