/* A whole evolution in this process: what `mutate` and the engine promise together. */
#include "rig.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t jumps_from_ms;		/* monotonic; 0: the wall clock is left alone */

/* In the place of libc's. */
int clock_gettime(clockid_t id, struct timespec *ts)
{
	int64_t since;
	int rc = (int)syscall(SYS_clock_gettime, id, ts);

	if (id != CLOCK_REALTIME || !jumps_from_ms || rc != 0)
		return rc;
	since = clock_mono_ms() - jumps_from_ms;
	if (since >= 1500)
		ts->tv_sec -= 86400;
	else if (since >= 700)
		ts->tv_sec += 7200;
	return 0;
}

static void evolves_and_ends_with_its_budget(void **state)
{
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "");
	assert_int_equal(rig_run(&r, 0, 30), AVO_OK);
	assert_int_equal(r.state.state, ENGINE_FINISHED);
	assert_int_equal(r.state.attempt_count, 30);
	assert_true(r.state.version_count > 1);
	assert_true(state_newest(&r.state)->score.geomean > r.state.versions[0].score.geomean * 1.25);
	assert_string_equal(r.state.device, "fake device");
	assert_int_equal(r.state.peer_count, 1);
	assert_int_equal(rig_shell(&r, "git fsck --strict"), 0);
	assert_int_equal(rig_shell(&r, "test $(git rev-list --count lineage) = $(git tag -l 'v*' | wc -l)"), 0);
	assert_int_equal(rig_shell(&r, "git diff --quiet lineage -- kernel.c"), 0);
	rig_free(&r);
}

static bool has_tree(char trees[][COMMIT_ID_SIZE], int count, const char *tree)
{
	int i;

	for (i = 0; i < count; i++)
		if (strcmp(trees[i], tree) == 0)
			return true;
	return false;
}

static void tries_the_whole_space_once_and_finishes(void **state)
{
	char trees[64][COMMIT_ID_SIZE];
	struct rig r;
	size_t i;

	rig_new(&r, rig_seed, NULL, NULL, "");
	assert_int_equal(rig_run(&r, 0, 1000), AVO_OK);
	assert_int_equal(r.state.state, ENGINE_FINISHED);
	assert_int_equal(r.state.attempt_count, 53);	/* 54 less the seed */
	for (i = 0; i < r.state.attempt_count; i++) {
		assert_false(has_tree(trees, (int)i, r.state.attempts[i].tree));
		memcpy(trees[i], r.state.attempts[i].tree, COMMIT_ID_SIZE);
	}
	rig_free(&r);
}

static void same_seed_same_candidates_over_restarts(void **state)
{
	struct rig a, b;
	size_t i;

	rig_new(&a, rig_seed, NULL, NULL, "");
	rig_new(&b, rig_seed, NULL, NULL, "");
	rig_run(&a, 0, 24);
	for (i = 0; i < 6; i++)
		rig_run(&b, 0, 4);	/* six lives, a step is cut short at the end of each */
	assert_int_equal(a.state.attempt_count, 24);
	assert_int_equal(b.state.attempt_count, 24);
	for (i = 0; i < 24; i++)
		assert_string_equal(a.state.attempts[i].tree, b.state.attempts[i].tree);
	rig_free(&b);
	rig_set(&a, "mutate.seed", "2");
	rig_free(&a);
}

static void budgets_of_steps_are_kept_and_announced(void **state)
{
	cJSON *budget = NULL;
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "");
	assert_int_equal(rig_run(&r, 5, 0), AVO_OK);
	assert_int_equal(r.state.step_count, 5);
	assert_int_equal(rig_events(&r, "budget", &budget), 3);
	assert_string_equal(json_str(budget, "kind", ""), "steps");
	assert_true(json_num(budget, "level", 0) == 1);
	cJSON_Delete(budget);
	/* the option is about further steps */
	assert_int_equal(rig_run(&r, 2, 0), AVO_OK);
	assert_int_equal(r.state.step_count, 7);
	/* the file is about the whole run */
	rig_set(&r, "budget.steps", "7");
	assert_int_equal(rig_run(&r, 5, 0), AVO_OK);
	assert_int_equal(r.state.step_count, 7);
	assert_int_equal(r.state.state, ENGINE_FINISHED);
	rig_free(&r);
}

static void time_budget_ends_a_run(void **state)
{
	struct engine_options o = { .time_ms = 2500, .exit_when_idle = true };
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "--ms 40");
	o.run_dir = r.dir;
	assert_int_equal(engine_main(&o, &r.err), AVO_OK);
	rig_load(&r);
	assert_int_equal(r.state.state, ENGINE_FINISHED);
	assert_true(r.state.active_ms >= 2400 && r.state.active_ms < 10000);
	assert_true(r.state.attempt_count > 2);
	rig_free(&r);
}

/* Set two hours on, and then a day back: the time in between is what counts. */
static void a_clock_that_is_set_uses_up_no_budget(void **state)
{
	struct engine_options o = { .time_ms = 2500, .exit_when_idle = true };
	int64_t start = clock_mono_ms(), took;
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "--ms 40");
	o.run_dir = r.dir;
	jumps_from_ms = clock_mono_ms();
	assert_int_equal(engine_main(&o, &r.err), AVO_OK);
	jumps_from_ms = 0;
	took = clock_mono_ms() - start;
	rig_load(&r);
	assert_int_equal(r.state.state, ENGINE_FINISHED);
	assert_true(r.state.last_ms < r.state.first_ms);
	assert_non_null(strstr(r.state.state_reason, "time budget"));
	assert_true(r.state.active_ms >= 2500 && r.state.active_ms <= took);
	rig_free(&r);
}

static void a_seed_that_does_not_pass_fails_the_run(void **state)
{
	struct rig r;

	rig_new(&r, "/* FAKE_VERDICT incorrect */\n#define A 1 // avo: 1|2\nint avo_attention(void) { return 0; }\n", NULL, NULL, "");
	assert_int_equal(rig_run(&r, 0, 5), AVO_ENVIRONMENT);
	assert_int_equal(r.state.state, ENGINE_FAILED);
	assert_non_null(strstr(r.state.state_reason, "seed v0 is incorrect"));
	rig_free(&r);
}

static void a_broken_evaluator_fails_the_run_and_not_the_candidates(void **state)
{
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "--fault");
	assert_int_equal(rig_run(&r, 0, 5), AVO_ENVIRONMENT);
	assert_int_equal(r.state.state, ENGINE_FAILED);
	assert_int_equal(r.state.attempt_count, 0);
	rig_free(&r);
}

static void no_annotations_is_said(void **state)
{
	struct rig r;

	rig_new(&r, "int avo_attention(void) { return 0; }\n", NULL, NULL, "");
	assert_int_equal(rig_run(&r, 0, 5), AVO_OK);
	assert_int_equal(r.state.state, ENGINE_FINISHED);
	assert_non_null(strstr(r.state.state_reason, "no annotated parameters"));
	rig_free(&r);
}

static void a_stall_is_broken_and_recorded(void **state)
{
	cJSON *event = NULL;
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "");
	rig_set(&r, "supervisor.stall", "5");
	rig_set(&r, "supervisor.cooldown", "6");
	rig_run(&r, 0, 45);
	assert_true(rig_events(&r, "intervention", &event) >= 2);
	assert_string_equal(json_str(event, "trigger", ""), "no-version");
	assert_true(json_int(event, "level", 0) >= 1);
	cJSON_Delete(event);
	rig_free(&r);
}

static void unknown_settings_are_named(void **state)
{
	cJSON *event = NULL;
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "");
	rig_set(&r, "budget.step", "5");
	rig_run(&r, 0, 1);
	rig_events(&r, "warning", &event);
	assert_non_null(event);
	assert_non_null(strstr(json_str(event, "text", ""), "budget.step is unknown, did you mean budget.steps?"));
	cJSON_Delete(event);
	rig_set(&r, "budget.steps", "many");
	assert_int_equal(rig_run(&r, 0, 1), AVO_USAGE);
	assert_non_null(strstr(r.err.text, "budget.steps = many is not a whole number"));
	rig_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evolves_and_ends_with_its_budget),
		cmocka_unit_test(tries_the_whole_space_once_and_finishes),
		cmocka_unit_test(same_seed_same_candidates_over_restarts),
		cmocka_unit_test(budgets_of_steps_are_kept_and_announced),
		cmocka_unit_test(time_budget_ends_a_run),
		cmocka_unit_test(a_clock_that_is_set_uses_up_no_budget),
		cmocka_unit_test(a_seed_that_does_not_pass_fails_the_run),
		cmocka_unit_test(a_broken_evaluator_fails_the_run_and_not_the_candidates),
		cmocka_unit_test(no_annotations_is_said),
		cmocka_unit_test(a_stall_is_broken_and_recorded),
		cmocka_unit_test(unknown_settings_are_named),
	};

	return cmocka_run_group_tests_name("evolve", tests, NULL, NULL);
}
