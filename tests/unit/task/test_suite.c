/* Suite files: what is accepted, how faults are reported, and what FLOPs and bytes mean. */
#include "avo.h"
#include "task/task.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define HEAD "[suite]\n\tbackend = cpu\n\tunit = GFLOPS\n"
#define GOOD "q_heads = 4\nkv_heads=2\nlength=100\nhead_dim=64\n"

static enum avo_status parse(struct suite *s, const char *text, struct error *err)
{
	return suite_parse(s, "test", text, strlen(text), err);
}

static void a_suite_is_read(void **state)
{
	struct suite s;
	struct error err = { 0 };
	const char *text = "# comment\n[suite] backend=cpu unit=TFLOPS ; another\n"
			   "[case \"a-1\"] batch=3 q_heads=8 kv_heads=2 q_len=5 kv_len=70 head_dim=128 causal=true dtype=bf16\r\n"
			   "[case \"b\"]\n" GOOD;

	if (parse(&s, text, &err) != AVO_OK)
		fail_msg("%s", err.text);
	assert_string_equal(s.backend, "cpu");
	assert_string_equal(s.unit, "TFLOPS");
	assert_int_equal(s.count, 2);
	assert_string_equal(s.cases[0].name, "a-1");
	assert_int_equal(s.cases[0].batch, 3);
	assert_int_equal(s.cases[0].q_len, 5);
	assert_int_equal(s.cases[0].kv_len, 70);
	assert_true(s.cases[0].causal);
	assert_int_equal(s.cases[0].dtype, DTYPE_BF16);
	assert_int_equal(s.cases[1].batch, 1);
	assert_int_equal(s.cases[1].kv_len, 100);
	assert_false(s.cases[1].causal);
	assert_int_equal(s.cases[1].dtype, DTYPE_F32);
}

static void fails(const char *text, const char *want)
{
	struct error err = { 0 };
	struct suite s;

	assert_int_equal(parse(&s, text, &err), AVO_CORRUPT);
	if (!strstr(err.text, want))
		fail_msg("\"%s\" does not say \"%s\"", err.text, want);
}

static void faults_name_their_line(void **state)
{
	fails(HEAD "[case \"a\"]\nq_heads = many\n", "line 5");
	fails(HEAD "[case \"a\"]\nq_haeds = 4\n", "q_haeds");
	fails(HEAD "[case \"a\"]\nq_heads\n", "key = value");
	fails(HEAD "[case \"a\"] " GOOD "[case \"a\"] " GOOD, "already");
	fails(HEAD "[case a\"]", "line 4");
	fails(HEAD "[case \"a\"", "']'");
	fails(HEAD "[case]\n", "name");
	fails(HEAD "[cases \"a\"]\n", "section");
	fails("backend = cpu\n", "before the first section");
	fails("[suite]\nunit = parsecs\n", "unit");
	fails(HEAD "[case \"an-extremely-long-name-of-more-than-31\"]\n", "too long");
	fails(HEAD "[case \"a\"] causal=yes", "true or false");
	fails(HEAD "[case \"a\"] dtype=fp4", "dtype");
}

static void impossible_cases_are_refused(void **state)
{
	fails(HEAD, "no cases");
	fails("[case \"a\"] " GOOD, "backend");
	fails(HEAD "[case \"a\"] q_heads=4", "needs length");
	fails(HEAD "[case \"a\"] " GOOD " q_heads=3", "divide");
	fails(HEAD "[case \"a\"] " GOOD " head_dim=72", "multiple of 16");
	fails(HEAD "[case \"a\"] " GOOD " head_dim=272", "range");
	fails(HEAD "[case \"a\"] " GOOD " q_len=101 causal=true", "no key");
	fails(HEAD "[case \"a\"] " GOOD " length=0", "range");
	fails(HEAD "[case \"a\"] " GOOD " length=1048576 batch=4096", "elements");
}

static void nonsense_does_not_crash(void **state)
{
	char text[64];
	struct suite s;
	unsigned round, i, bits = 1;

	for (round = 0; round < 20000; round++) {
		for (i = 0; i < sizeof(text); i++) {
			bits = bits * 1103515245 + 12345;
			text[i] = "[]\"= \n#;acsuite1"[bits >> 16 & 15];
		}
		suite_parse(&s, "noise", text, sizeof(text), NULL);
	}
}

static void every_suite_that_is_shipped_loads(void **state)
{
	static const struct { const char *name, *unit; int cases; } suites[] = {
		{ "cpu", "GFLOPS", 6 }, { "cpu-quick", "GFLOPS", 2 }, { "mha", "TFLOPS", 8 }, { "gqa4", "TFLOPS", 8 },
		{ "gqa8", "TFLOPS", 8 }, { "mha-causal", "TFLOPS", 4 }, { "mha-full", "TFLOPS", 4 }, { "mha-hd64", "TFLOPS", 8 },
		{ "mha-hd256", "TFLOPS", 8 }, { "quick", "TFLOPS", 2 },
	};
	struct error err = { 0 };
	struct suite s;
	size_t i;
	int j;

	for (i = 0; i < ARRAY_LEN(suites); i++) {
		if (suite_load(&s, suites[i].name, &err) != AVO_OK)
			fail_msg("%s", err.text);
		assert_string_equal(s.name, suites[i].name);
		assert_string_equal(s.unit, suites[i].unit);
		assert_int_equal(s.count, suites[i].cases);
		/* the paper's suites hold 32768 tokens in every case */
		for (j = 0; j < s.count && s.count == 8; j++)
			assert_int_equal(s.cases[j].batch * s.cases[j].q_len, 32768);
	}
	assert_int_equal(suite_load(&s, "no-such-suite", &err), AVO_USAGE);
	assert_non_null(strstr(err.text, "no-such-suite"));
	assert_int_equal(suite_load(&s, AVO_SRCDIR "/kernels/suites/cpu.suite", &err), AVO_OK);
	assert_string_equal(s.name, "cpu");
}

static void work_follows_flash_attentions_convention(void **state)
{
	struct task_case c = { .batch = 2, .q_len = 100, .kv_len = 100, .q_heads = 4, .kv_heads = 2, .head_dim = 64 };

	assert_true(case_flops(&c) == 4.0 * 2 * 4 * 100 * 100 * 64);
	c.causal = true;
	assert_true(case_flops(&c) == 2.0 * 2 * 4 * 100 * 100 * 64);
	assert_int_equal(case_visible_keys(&c, 0), 1);
	assert_int_equal(case_visible_keys(&c, 99), 100);
	c.kv_len = 150;
	assert_true(case_flops(&c) == 4.0 * 2 * 4 * 100 * 100 * 64);	/* (50 + 150) / 2 keys on average */
	assert_int_equal(case_visible_keys(&c, 0), 51);
	assert_int_equal((int)case_q_elements(&c), 2 * 100 * 4 * 64);
	assert_int_equal((int)case_kv_elements(&c), 2 * 150 * 2 * 64);
	assert_true(case_bytes(&c) == 4.0 * 2 * 2 * 64 * (100 * 4 + 150 * 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_suite_is_read),
		cmocka_unit_test(faults_name_their_line),
		cmocka_unit_test(impossible_cases_are_refused),
		cmocka_unit_test(nonsense_does_not_crash),
		cmocka_unit_test(every_suite_that_is_shipped_loads),
		cmocka_unit_test(work_follows_flash_attentions_convention),
	};

	setenv("AVO_DATA_DIR", AVO_SRCDIR, 1);
	return cmocka_run_group_tests_name("suite", tests, NULL, NULL);
}
