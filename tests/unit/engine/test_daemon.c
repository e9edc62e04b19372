/* The engine as a daemon: what the commands of the control protocol promise. */
#include "rig.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct engine_options plain = { 0 }, paused = { .start_paused = true };

static bool has_steps_ended(const struct run_state *s, int n)
{
	const struct step *st = state_step(s, (int)s->step_count);

	return (int)s->step_count >= n && st->ended_ms && s->state == ENGINE_PAUSED;
}

static bool has_actions(const struct run_state *s, int n)
{
	return (int)s->actions_total >= n && s->state == ENGINE_PAUSED;
}

static void pauses_resumes_and_steps(void **state)
{
	struct rig r;
	int steps, actions;

	rig_new(&r, rig_seed, NULL, NULL, "--ms 5");
	rig_start(&r, plain);
	rig_wait(&r, rig_has_attempts, 3, "attempts");
	rig_must(&r, "pause", NULL);
	rig_wait(&r, rig_in_state, ENGINE_PAUSED, "state");
	rig_must(&r, "step", "count", "1", NULL);
	steps = (int)r.state.step_count;
	rig_wait(&r, has_steps_ended, steps, "the end of step");
	steps = (int)r.state.step_count;
	rig_must(&r, "step", "count", "2", NULL);
	rig_wait(&r, has_steps_ended, steps + 2, "the end of step");
	assert_int_equal(r.state.step_count, steps + 2);
	actions = (int)r.state.actions_total;
	rig_must(&r, "step", "count", "1", "unit", "action", NULL);
	rig_wait(&r, has_actions, actions + 1, "action");
	assert_int_equal(r.state.actions_total, actions + 1);
	rig_must(&r, "resume", NULL);
	rig_wait(&r, rig_has_attempts, (int)r.state.attempt_count + 2, "attempts");
	rig_stop(&r);
	rig_load(&r);
	assert_int_equal(r.state.state, ENGINE_STOPPED);
	rig_free(&r);
}

static bool awaits(const struct run_state *s, int attempt)
{
	return s->state == ENGINE_AWAITING && state_pending(s) && state_pending(s)->id >= attempt;
}

static void pending_name(char out[16], const struct rig *r)
{
	snprintf(out, 16, "a%d", state_pending(&r->state)->id);
}

static void approval_makes_a_version_and_survives_kill(void **state)
{
	cJSON *answer, *event = NULL;
	char name[16], again[16];
	struct rig r;

	rig_new(&r, rig_seed, NULL, "manual", "");
	rig_start(&r, plain);
	rig_wait(&r, awaits, 1, "approval of an attempt after");
	pending_name(name, &r);
	rig_kill(&r);
	rig_start(&r, plain);
	rig_wait(&r, awaits, 1, "approval after the kill");
	pending_name(again, &r);
	assert_string_equal(name, again);
	assert_null(rig_command(&r, "approve", "attempt", "a999", NULL));
	assert_non_null(strstr(r.err.text, "no attempt a999"));
	answer = rig_command(&r, "approve", "attempt", name, "message", "wide tiles help", NULL);
	assert_non_null(answer);
	assert_string_equal(json_str(answer, "version", ""), "v1");
	assert_int_equal(strlen(json_str(answer, "commit", "")), 40);
	cJSON_Delete(answer);
	rig_events(&r, "approved", &event);
	assert_string_equal(json_str(event, "by", ""), "tester");
	cJSON_Delete(event);
	assert_int_equal(rig_shell(&r, "git log -1 --format=%B lineage | grep -q 'wide tiles help'"), 0);
	assert_null(rig_command(&r, "approve", "attempt", name, NULL));
	assert_non_null(strstr(r.err.text, "is v1 already"));
	rig_free(&r);
}

static bool rejected(const struct run_state *s, int attempt)
{
	const struct attempt *a = state_attempt(s, attempt);

	return a && a->stage == ATTEMPT_REJECTED;
}

static bool has_version(const struct run_state *s, int version)
{
	return state_version(s, version) != NULL;
}

/* Lives of one attempt each, until one of them leaves an attempt pending. */
static int run_until_pending(struct rig *r)
{
	int lives;

	for (lives = 0; lives < 40 && !state_pending(&r->state); lives++)
		assert_int_equal(rig_run(r, 0, 1), AVO_OK);
	assert_non_null(state_pending(&r->state));
	return state_pending(&r->state)->id;
}

static void a_used_up_budget_does_not_wait_for_approval(void **state)
{
	cJSON *event = NULL;
	char name[16];
	struct rig r;
	int id, attempts;

	rig_new(&r, rig_seed, NULL, "manual", "");
	id = run_until_pending(&r);
	rig_events(&r, "state", &event);
	assert_string_equal(json_str(event, "state", ""), "finished");
	assert_non_null(strstr(json_str(event, "reason", ""), "is used up; a"));
	cJSON_Delete(event);
	rig_events(&r, "step-ended", &event);
	assert_string_equal(json_str(event, "outcome", ""), "budget");
	cJSON_Delete(event);
	/* a later life whose budget is used up before it begins */
	attempts = (int)r.state.attempt_count;
	rig_set(&r, "budget.attempts", "1");
	assert_int_equal(rig_run(&r, 0, 0), AVO_OK);
	assert_int_equal(r.state.attempt_count, attempts);
	assert_int_equal(state_pending(&r.state)->id, id);
	/* it can be decided all the same */
	rig_start(&r, paused);
	snprintf(name, sizeof(name), "a%d", id);
	rig_must(&r, "approve", "attempt", name, NULL);
	rig_load(&r);
	assert_int_equal(state_newest(&r.state)->attempt, id);
	rig_free(&r);
}

static void with_budget_left_a_new_life_waits_for_approval(void **state)
{
	char name[16];
	struct rig r;
	int id;

	rig_new(&r, rig_seed, NULL, "manual", "");
	id = run_until_pending(&r);
	rig_start(&r, plain);
	rig_wait(&r, awaits, id, "approval of an attempt after");
	snprintf(name, sizeof(name), "a%d", id);
	rig_must(&r, "reject", "attempt", name, "reason", "no", NULL);
	rig_wait(&r, awaits, id + 1, "approval of a later attempt than");
	rig_free(&r);
}

static void rejection_goes_on_and_the_gate_switches_live(void **state)
{
	struct rig r;
	char name[16];
	int id;

	rig_new(&r, rig_seed, NULL, "manual", "--ms 2");
	rig_start(&r, plain);
	rig_wait(&r, awaits, 1, "approval");
	pending_name(name, &r);
	id = state_pending(&r.state)->id;
	rig_must(&r, "reject", "attempt", name, "reason", "unreadable", NULL);
	rig_wait(&r, rejected, id, "rejection");
	assert_string_equal(r.state.attempts[id - 1].reason, "unreadable");
	rig_wait(&r, awaits, id + 1, "another approval after attempt");
	assert_null(rig_command(&r, "step", "count", "1", NULL));
	assert_non_null(strstr(r.err.text, "waits for approval"));
	rig_must(&r, "gate", "gate", "auto", NULL);
	rig_wait(&r, has_version, 1, "version");
	assert_int_equal(r.state.gate, GATE_AUTO);
	assert_int_equal(rig_shell(&r, "grep -Eq 'gate = \"?auto' avo.conf"), 0);
	assert_null(rig_command(&r, "gate", "gate", "maybe", NULL));
	rig_free(&r);
}

static void manual_scores_what_is_submitted(void **state)
{
	static const char better[] = "int avo_attention(void) { return 0; } /* FAKE_SPEED 2 */\n";
	char *file;
	struct rig r;

	rig_new(&r, "int avo_attention(void) { return 0; }\n", "manual", NULL, "");
	rig_start(&r, paused);
	assert_null(rig_command(&r, "submit", "dir", r.dir, NULL));
	assert_non_null(strstr(r.err.text, "takes no candidate now"));
	rig_must(&r, "step", "count", "1", NULL);
	file = path_join(r.dir, "kernel.c");
	assert_int_equal(path_write_atomic(file, better, sizeof(better) - 1, 0644, &r.err), AVO_OK);
	/* the seed may still be being scored: what is submitted waits for that */
	rig_must(&r, "submit", "dir", r.dir, "title", "twice as fast", NULL);
	rig_wait(&r, has_version, 1, "version");
	rig_wait(&r, rig_in_state, ENGINE_PAUSED, "state");
	assert_string_equal(r.state.versions[1].title, "twice as fast");
	assert_int_equal(rig_shell(&r, "git diff --quiet lineage -- kernel.c"), 0);
	free(file);
	rig_free(&r);
}

static void a_second_engine_is_refused_by_pid(void **state)
{
	struct engine_options o = plain;
	char expected[32];
	struct rig r;
	pid_t first = 0, second = 0;

	rig_new(&r, rig_seed, NULL, NULL, "--ms 5");
	rig_start(&r, plain);
	assert_int_equal(engine_pid(&first, r.dir, &r.err), AVO_OK);
	o.run_dir = r.dir;
	assert_int_equal(engine_start(&o, &second, &r.err), AVO_BUSY);
	assert_int_equal(first, second);
	snprintf(expected, sizeof(expected), "pid %ld", (long)first);
	assert_non_null(strstr(r.err.text, expected));
	rig_free(&r);
}

static void leftovers_of_a_crash_are_no_obstacle(void **state)
{
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "");
	rig_run(&r, 0, 8);
	assert_int_equal(rig_shell(&r, "touch .git/refs/heads/lineage.lock .avo/ctl.sock; rm -f .avo/engine.lock;"
				       " printf '{\"seq\":99999,\"t\":\"2026' >> $(ls .avo/journal/*.jsonl | tail -1)"), 0);
	assert_int_equal(rig_run(&r, 0, 12), AVO_OK);
	assert_int_equal(r.state.attempt_count, 20);
	assert_int_equal(rig_shell(&r, "grep -q '\"cut_bytes\":22' .avo/journal/*.jsonl"), 0);
	assert_int_equal(rig_shell(&r, "test ! -e .git/refs/heads/lineage.lock && git fsck --strict"), 0);
	rig_free(&r);
}

static void a_moved_branch_is_reported_and_left_alone(void **state)
{
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "");
	rig_run(&r, 3, 0);
	assert_int_equal(rig_shell(&r, "git checkout -q lineage && echo '// mine' >> kernel.c && git -c user.name=u "
				       "-c user.email=u@e commit -qam mine && git rev-parse lineage > ../tip"), 0);
	rig_start(&r, plain);
	rig_wait(&r, rig_in_state, ENGINE_PAUSED, "state");
	assert_non_null(strstr(r.state.state_reason, "was moved"));
	assert_true(rig_events(&r, "warning", NULL) >= 1);
	assert_int_equal(rig_shell(&r, "test $(git rev-parse lineage) = $(cat ../tip) && grep -q mine kernel.c"), 0);
	rig_free(&r);
}

static bool held_up(const struct run_state *s, int unused)
{
	return s->state == ENGINE_PAUSED && state_pending(s) && strstr(s->state_reason, "was moved");
}

static void a_branch_moved_under_the_engine_waits_for_the_user(void **state)
{
	struct rig r;
	int versions;

	rig_new(&r, rig_seed, NULL, NULL, "--ms 30");
	rig_start(&r, plain);
	rig_wait(&r, has_version, 1, "version");
	rig_must(&r, "pause", NULL);
	assert_int_equal(rig_shell(&r, "git rev-parse lineage > ../tip; git update-ref refs/heads/lineage v0"), 0);
	rig_must(&r, "resume", NULL);
	rig_wait(&r, held_up, 0, "a promotion that is held");
	versions = (int)r.state.version_count;
	assert_int_equal(rig_shell(&r, "test $(git rev-parse lineage) = $(git rev-parse v0)"), 0);
	rig_must(&r, "pause", NULL);
	assert_int_equal(rig_shell(&r, "git update-ref refs/heads/lineage v$(($(git tag -l 'v*' | wc -l) - 1))"), 0);
	rig_must(&r, "resume", NULL);
	rig_wait(&r, has_version, versions, "version");
	rig_free(&r);
}

/* Cuts the journal in front of the newest line of a type. */
static void forget_from(struct rig *r, const char *type)
{
	char *command = xasprintf("n=$(grep -n '\"type\":\"%s\"' .avo/journal/000001.jsonl | tail -1 | cut -d: -f1); "
				  "head -n $((n - 1)) .avo/journal/000001.jsonl > ../j && cp ../j .avo/journal/000001.jsonl", type);

	assert_int_equal(rig_shell(r, command), 0);
	free(command);
}

static void a_half_made_promotion_is_completed(void **state)
{
	char commit[COMMIT_ID_SIZE];
	struct rig r;
	int last;

	rig_new(&r, rig_seed, NULL, NULL, "");
	rig_run(&r, 0, 10);
	last = state_newest(&r.state)->id;
	assert_true(last > 0);
	memcpy(commit, state_newest(&r.state)->commit, sizeof(commit));
	/* as if the engine had died between the commit and the journal */
	forget_from(&r, "version");
	rig_start(&r, paused);
	rig_load(&r);
	assert_int_equal(state_newest(&r.state)->id, last);
	assert_string_equal(state_newest(&r.state)->commit, commit);
	rig_free(&r);
}

static void an_approval_that_was_given_holds(void **state)
{
	struct rig r;
	char name[16];

	rig_new(&r, rig_seed, NULL, "manual", "");
	rig_start(&r, plain);
	rig_wait(&r, awaits, 1, "approval");
	pending_name(name, &r);
	rig_must(&r, "approve", "attempt", name, NULL);
	rig_kill(&r);
	/* as if the engine had died before the commit */
	assert_int_equal(rig_shell(&r, "git update-ref refs/heads/lineage v0 && git tag -d v1"), 0);
	forget_from(&r, "version");
	rig_start(&r, paused);
	rig_load(&r);
	assert_int_equal(r.state.version_count, 2);
	assert_int_equal(rig_shell(&r, "test $(git rev-parse lineage) = $(git rev-parse v1)"), 0);
	rig_free(&r);
}

static void an_edited_tree_is_not_touched(void **state)
{
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "");
	assert_int_equal(rig_shell(&r, "echo '// my notes' >> kernel.c"), 0);
	rig_run(&r, 0, 15);
	assert_true(r.state.version_count > 2);
	assert_int_equal(rig_shell(&r, "grep -q 'my notes' kernel.c"), 0);
	assert_int_equal(rig_events(&r, "warning", NULL), 1);
	rig_free(&r);
}

static bool mount_tmpfs(struct rig *r, const char *options)
{
	char *command = xasprintf("cp -a . ../saved && mount -t tmpfs -o %s tmpfs . && cd . && cp -a ../saved/. \"$PWD\"", options);
	bool done = geteuid() == 0 && rig_shell(r, command) == 0;

	free(command);
	return done;
}

static void unmount(struct rig *r)
{
	rig_shell(r, "cd / && umount -l \"$OLDPWD\"");
}

static bool has_reason(const struct run_state *s, int state)
{
	return (int)s->state == state && s->state_reason[0];
}

static void a_full_disk_pauses_and_is_waited_for(void **state)
{
	cJSON *answer = NULL;
	struct rig r;
	int64_t end = clock_mono_ms() + 20000;

	rig_new(&r, rig_seed, NULL, NULL, "--ms 20");
	if (!mount_tmpfs(&r, "size=4m")) {
		rig_free(&r);
		skip();
	}
	rig_start(&r, plain);
	rig_wait(&r, rig_has_attempts, 2, "attempts");
	rig_shell(&r, "cat /dev/zero > .avo/filler");
	while (clock_mono_ms() < end) {
		answer = rig_command(&r, "status", NULL);
		assert_non_null(answer);
		if (strcmp(json_str(answer, "state", ""), "paused") == 0)
			break;
		cJSON_Delete(answer);
		usleep(50000);
	}
	assert_non_null(strstr(json_str(answer, "reason", ""), "tried again"));
	cJSON_Delete(answer);
	assert_int_equal(rig_shell(&r, "rm .avo/filler"), 0);
	rig_load(&r);
	rig_wait(&r, rig_has_attempts, (int)r.state.attempt_count + 3, "attempts after there is room");
	assert_true(has_reason(&r.state, ENGINE_RUNNING) || r.state.state == ENGINE_FINISHED);
	rig_stop(&r);
	assert_int_equal(rig_shell(&r, "git fsck --strict"), 0);
	unmount(&r);
	rig_free(&r);
}

static void a_read_only_run_is_said_to_be_one(void **state)
{
	struct engine_options o = plain;
	struct rig r;
	pid_t pid;

	rig_new(&r, rig_seed, NULL, NULL, "");
	if (!mount_tmpfs(&r, "size=8m") || rig_shell(&r, "mount -o remount,ro \"$PWD\"") != 0) {
		rig_free(&r);
		skip();
	}
	o.run_dir = r.dir;
	assert_int_equal(engine_start(&o, &pid, &r.err), AVO_ENVIRONMENT);
	assert_non_null(strstr(r.err.text, "cannot be written to"));
	unmount(&r);
	rig_free(&r);
}

/* That an agent's are kept is tests/e2e/agent.sh's. */
static void a_hint_that_nobody_reads_is_refused(void **state)
{
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "");
	rig_start(&r, paused);
	assert_null(rig_command(&r, "hint", "text", "try wider tiles", NULL));
	assert_non_null(strstr(r.err.text, "the operator mutate reads no messages"));
	assert_int_equal(rig_events(&r, "hint", NULL), 0);
	assert_null(rig_command(&r, "hint", NULL));
	assert_null(rig_command(&r, "frobnicate", NULL));
	assert_non_null(strstr(r.err.text, "no command \"frobnicate\""));
	rig_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_resumes_and_steps),
		cmocka_unit_test(approval_makes_a_version_and_survives_kill),
		cmocka_unit_test(a_used_up_budget_does_not_wait_for_approval),
		cmocka_unit_test(with_budget_left_a_new_life_waits_for_approval),
		cmocka_unit_test(rejection_goes_on_and_the_gate_switches_live),
		cmocka_unit_test(manual_scores_what_is_submitted),
		cmocka_unit_test(a_second_engine_is_refused_by_pid),
		cmocka_unit_test(leftovers_of_a_crash_are_no_obstacle),
		cmocka_unit_test(a_moved_branch_is_reported_and_left_alone),
		cmocka_unit_test(a_branch_moved_under_the_engine_waits_for_the_user),
		cmocka_unit_test(a_half_made_promotion_is_completed),
		cmocka_unit_test(an_approval_that_was_given_holds),
		cmocka_unit_test(an_edited_tree_is_not_touched),
		cmocka_unit_test(a_full_disk_pauses_and_is_waited_for),
		cmocka_unit_test(a_read_only_run_is_said_to_be_one),
		cmocka_unit_test(a_hint_that_nobody_reads_is_refused),
	};

	return cmocka_run_group_tests_name("daemon", tests, NULL, NULL);
}
