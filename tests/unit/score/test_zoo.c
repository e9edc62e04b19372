/* What a bad candidate's first line says is what decides whether the evaluator may be believed. */
#include "avo.h"
#include "score/redteam.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static bool judged(struct redteam_tally *tally, const struct redteam_case *c, const char *json)
{
	struct error err;
	cJSON *result;
	char got[400];
	bool right;

	assert_int_equal(json_parse(&result, json, strlen(json), &err), AVO_OK);
	right = redteam_judge(got, sizeof(got), tally, c, result);
	cJSON_Delete(result);
	return right;
}

static void verdict_rule_and_check_must_all_be_right(void **state)
{
	struct redteam_case c = { .verdict = "cheated", .rule = "syscall", .check = "syscall@hidden", .power = 1 };
	struct redteam_tally t = { 0 };

	assert_true(judged(&t, &c, "{\"verdict\":\"cheated\",\"rule\":\"syscall\",\"caught_by\":\"syscall@hidden:normal:fresh\"}"));
	assert_true(redteam_holds(&c, &t));
	assert_false(judged(&t, &c, "{\"verdict\":\"cheated\",\"rule\":\"syscall\",\"caught_by\":\"syscall@timed:normal\"}"));
	assert_false(judged(&t, &c, "{\"verdict\":\"cheated\",\"rule\":\"hidden-work\",\"caught_by\":\"syscall@hidden\"}"));
	assert_false(judged(&t, &c, "{\"verdict\":\"incorrect\",\"rule\":\"syscall\",\"caught_by\":\"syscall@hidden\"}"));
	assert_false(judged(&t, &c, "{\"verdict\":\"cheated\",\"rule\":\"syscall\"}"));
	assert_false(judged(&t, &c, "{}"));
	assert_int_equal(t.right, 1);
	assert_int_equal(t.wrong, 5);
	assert_false(redteam_holds(&c, &t));
}

static void a_check_is_a_whole_name_or_the_start_of_one(void **state)
{
	struct redteam_case c = { .verdict = "incorrect", .check = "guard|values@suite:large", .power = 1 };
	struct redteam_tally t = { 0 };

	assert_true(judged(&t, &c, "{\"verdict\":\"incorrect\",\"caught_by\":\"guard\"}"));
	assert_true(judged(&t, &c, "{\"verdict\":\"incorrect\",\"caught_by\":\"guard@timed:normal\"}"));
	assert_true(judged(&t, &c, "{\"verdict\":\"incorrect\",\"caught_by\":\"values@suite:large:fresh\"}"));
	assert_false(judged(&t, &c, "{\"verdict\":\"incorrect\",\"caught_by\":\"values@suite:large-scores\"}"));
	assert_false(judged(&t, &c, "{\"verdict\":\"incorrect\",\"caught_by\":\"values@suite\"}"));
	assert_false(judged(&t, &c, "{\"verdict\":\"incorrect\",\"caught_by\":\"\"}"));
}

static void bad_luck_counts_only_where_a_sample_decides(void **state)
{
	struct redteam_case always = { .verdict = "incorrect", .check = "values", .power = 1 };
	struct redteam_case sampled = { .verdict = "incorrect", .check = "values", .power = 0.9 };
	struct redteam_tally t = { 0 };

	assert_false(judged(&t, &always, "{\"verdict\":\"passed\"}"));
	assert_false(redteam_holds(&always, &t));
	memset(&t, 0, sizeof(t));
	assert_false(judged(&t, &sampled, "{\"verdict\":\"passed\"}"));
	assert_int_equal(t.unlucky, 1);
	assert_true(redteam_holds(&sampled, &t));
	/* another verdict is no bad luck */
	assert_false(judged(&t, &sampled, "{\"verdict\":\"crashed\",\"caught_by\":\"crash@timed\"}"));
	assert_false(redteam_holds(&sampled, &t));
}

/* 20 evaluations, each missed with a probability of 0.1: 7 or more misses have one of 0.0024, 8 or more one of 0.0004. */
static void more_bad_luck_than_the_stated_power_allows_is_a_miss(void **state)
{
	struct redteam_case c = { .verdict = "incorrect", .check = "values", .power = 0.9 };
	struct redteam_tally some = { .right = 13, .unlucky = 7 }, many = { .right = 12, .unlucky = 8 };

	assert_true(redteam_holds(&c, &some));
	assert_false(redteam_holds(&c, &many));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdict_rule_and_check_must_all_be_right),
		cmocka_unit_test(a_check_is_a_whole_name_or_the_start_of_one),
		cmocka_unit_test(bad_luck_counts_only_where_a_sample_decides),
		cmocka_unit_test(more_bad_luck_than_the_stated_power_allows_is_a_miss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
