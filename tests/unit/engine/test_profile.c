/* Counters reach the record: of every version, of what waits for approval, and why there are none where there are none. */
#include "rig.h"
#include "base/str.h"

#include <math.h>

static void rig_on_gpu(struct rig *r, const char *gate, const char *worker_args)
{
	rig_new(r, rig_seed, NULL, gate, worker_args);
	rig_on_cuda(r);
}

static const struct profile *profile_of(const struct rig *r, char letter, int id)
{
	char name[16];

	snprintf(name, sizeof(name), "%c%d", letter, id);
	return state_profile(&r->state, name, NULL);
}

static void every_version_is_profiled_once(void **state)
{
	cJSON *event = NULL;
	struct rig r;
	size_t i;

	rig_on_gpu(&r, NULL, "");
	assert_int_equal(rig_run(&r, 0, 30), AVO_OK);
	assert_int_equal(r.state.state, ENGINE_FINISHED);
	assert_true(r.state.version_count > 2);
	for (i = 0; i < r.state.version_count; i++) {
		assert_non_null(profile_of(&r, 'v', (int)i));
		assert_true(profile_of(&r, 'v', (int)i)->counted);
	}
	assert_int_equal(rig_events(&r, "profile", &event), r.state.version_count);
	assert_string_equal(json_str(event, "by", ""), "engine");
	assert_string_equal(json_str(event, "case", ""), "full");
	assert_string_equal(json_str(event, "device", ""), "fake device");
	assert_true(str_to_id(json_str(event, "attempt", ""), 'a') == state_newest(&r.state)->attempt);
	/* the counters are those of this version: what the fake worker counts is the speed that it scored */
	assert_true(fabs(json_num(cJSON_GetArrayItem(json_arr(event, "counters"), 0), "value", 0) / state_newest(&r.state)->score.geomean - 1) < 1e-6);
	cJSON_Delete(event);
	/* a further life has nothing to add */
	rig_run(&r, 0, 1);
	assert_int_equal(rig_events(&r, "profile", NULL), r.state.version_count);
	rig_free(&r);
}

static void where_nothing_is_counted_nothing_is_asked(void **state)
{
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "");
	rig_run(&r, 0, 8);
	assert_int_equal(rig_events(&r, "profile", NULL), 0);
	rig_on_cuda(&r);
	rig_set(&r, "score.profile", "never");
	rig_run(&r, 0, 8);
	assert_int_equal(rig_events(&r, "profile", NULL), 0);
	rig_set(&r, "score.profile", "sometimes");
	assert_int_equal(rig_run(&r, 0, 8), AVO_USAGE);
	assert_non_null(strstr(r.err.text, "versions nor never"));
	rig_free(&r);
}

static bool pending_is_profiled(const struct run_state *s, int unused)
{
	const struct attempt *a = state_pending(s);

	return a && a->profile;
}

static bool is_version(const struct run_state *s, int attempt)
{
	return state_attempt(s, attempt)->stage == ATTEMPT_COMMITTED;
}

static void what_waits_is_profiled_while_it_waits(void **state)
{
	cJSON *event = NULL;
	struct rig r;
	int id;

	rig_on_gpu(&r, "manual", "");
	rig_start(&r, (struct engine_options){ 0 });
	rig_wait(&r, pending_is_profiled, 0, "a profile of what waits");
	id = state_pending(&r.state)->id;
	assert_non_null(profile_of(&r, 'v', 0));
	assert_int_equal(rig_events(&r, "profile", &event), 2);
	assert_int_equal(str_to_id(json_str(event, "what", ""), 'a'), id);
	cJSON_Delete(event);
	rig_must(&r, "approve", NULL);
	rig_wait(&r, is_version, id, "a version");
	/* what was measured of the attempt is the version's */
	assert_non_null(profile_of(&r, 'v', 1));
	assert_ptr_equal(profile_of(&r, 'v', 1), profile_of(&r, 'a', id));
	rig_free(&r);
}

static void without_permission_the_reason_is_recorded(void **state)
{
	cJSON *event = NULL;
	struct rig r;

	rig_on_gpu(&r, NULL, "--no-permission");
	assert_int_equal(rig_run(&r, 0, 10), AVO_OK);
	assert_int_equal(r.state.state, ENGINE_FINISHED);
	assert_int_equal(r.state.attempt_count, 10);
	assert_int_equal(rig_events(&r, "profile", &event), r.state.version_count);
	assert_non_null(strstr(json_str(event, "counters_absent", ""), "reserved for root"));
	assert_non_null(json_arr(event, "launches"));
	assert_false(profile_of(&r, 'v', 0)->counted);
	cJSON_Delete(event);
	rig_free(&r);
}

static void a_profile_that_fails_fails_nothing_else(void **state)
{
	cJSON *event = NULL;
	struct rig r;

	rig_on_gpu(&r, NULL, "--profile-fault");
	assert_int_equal(rig_run(&r, 0, 20), AVO_OK);
	assert_int_equal(r.state.state, ENGINE_FINISHED);
	assert_int_equal(r.state.attempt_count, 20);
	assert_int_equal(rig_events(&r, "profile", &event), r.state.version_count);
	assert_string_equal(json_str(event, "reason", ""), "told to fail");
	cJSON_Delete(event);
	rig_free(&r);
}

static bool seed_is_scored(const struct run_state *s, int unused)
{
	return s->versions[0].score.count > 0;
}

static void what_a_stop_cut_short_is_measured_in_the_next_life(void **state)
{
	char *worker = xasprintf("%s/tests/lib/fake_worker", getenv("AVO_TOP_BUILDDIR"));
	struct rig r;

	rig_on_gpu(&r, NULL, "--profile-ms 60000");
	rig_start(&r, (struct engine_options){ 0 });
	rig_wait(&r, seed_is_scored, 0, "the seed's score");
	rig_stop(&r);
	rig_load(&r);
	assert_int_equal(rig_events(&r, "profile", NULL), 0);
	assert_int_equal(r.state.version_count, 1);
	rig_set(&r, "score.worker", worker);
	rig_run(&r, 0, 1);
	assert_non_null(profile_of(&r, 'v', 0));
	free(worker);
	rig_free(&r);
}

static void a_run_that_was_not_profiled_begins_with_its_incumbent(void **state)
{
	struct rig r;
	int incumbent;

	rig_on_gpu(&r, NULL, "");
	rig_set(&r, "score.profile", "never");
	rig_run(&r, 0, 20);
	incumbent = state_newest(&r.state)->id;
	assert_true(incumbent > 0);
	rig_set(&r, "score.profile", "versions");
	rig_set(&r, "score.profile-case", "causal");
	rig_run(&r, 0, 1);
	assert_non_null(profile_of(&r, 'v', incumbent));
	assert_string_equal(profile_of(&r, 'v', incumbent)->case_name, "causal");
	assert_null(profile_of(&r, 'v', incumbent - 1));
	rig_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version_is_profiled_once),
		cmocka_unit_test(where_nothing_is_counted_nothing_is_asked),
		cmocka_unit_test(what_waits_is_profiled_while_it_waits),
		cmocka_unit_test(without_permission_the_reason_is_recorded),
		cmocka_unit_test(a_profile_that_fails_fails_nothing_else),
		cmocka_unit_test(what_a_stop_cut_short_is_measured_in_the_next_life),
		cmocka_unit_test(a_run_that_was_not_profiled_begins_with_its_incumbent),
	};

	return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
