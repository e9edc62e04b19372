/* The supervisor on made-up trajectories. */
#include "avo.h"
#include "base/mem.h"
#include "engine/supervisor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct supervisor_limits usual = { .stall = 10, .repeats = 3, .same_errors = 4, .cycle = 2, .idle_steps = 3, .cooldown = 5 };

static void happen(struct run_state *s, const char *format, ...)
{
	cJSON *event = NULL;
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	assert_int_equal(json_parse(&event, text, strlen(text), NULL), AVO_OK);
	state_apply(s, event, (struct journal_ref){ 0 });
	cJSON_Delete(event);
}

static void begin(struct run_state *s)
{
	state_init(s);
	happen(s, "{\"type\":\"version\",\"version\":\"v0\",\"commit\":\"c0\",\"t\":\"2026-01-01T00:00:00Z\"}");
}

/* Ends with this verdict; error: its words, NULL when it passed. */
static void attempt(struct run_state *s, const char *tree, const char *verdict, const char *error)
{
	int id = (int)s->attempt_count + 1;

	happen(s, "{\"type\":\"attempt-started\",\"attempt\":\"a%d\",\"step\":\"s1\",\"tree\":\"%s\",\"t\":\"2026-01-01T00:00:01Z\"}", id, tree);
	happen(s, "{\"type\":\"attempt-scored\",\"attempt\":\"a%d\",\"verdict\":\"%s\",\"reason\":\"%s\",\"t\":\"2026-01-01T00:00:02Z\"}",
	       id, verdict, error ? error : "");
}

static void fresh(struct run_state *s, int n)
{
	char tree[16];

	while (n-- > 0) {
		snprintf(tree, sizeof(tree), "t%zu", s->attempt_count);
		attempt(s, tree, "passed", NULL);
	}
}

static void version(struct run_state *s)
{
	happen(s, "{\"type\":\"version\",\"version\":\"v%zu\",\"attempt\":\"a%zu\",\"commit\":\"c\"}", s->version_count, s->attempt_count);
}

static void intervene(struct run_state *s, const struct finding *f)
{
	happen(s, "{\"type\":\"intervention\",\"trigger\":\"%s\",\"act\":\"%s\",\"level\":%d}", f->trigger, f->act, f->level);
}

static void a_stall_is_seen_once_and_escalates(void **state)
{
	struct run_state s;
	struct finding f;

	begin(&s);
	fresh(&s, 9);
	assert_false(supervisor_look(&f, &s, &usual));
	fresh(&s, 1);
	assert_true(supervisor_look(&f, &s, &usual));
	assert_string_equal(f.trigger, "no-version");
	assert_string_equal(f.act, "larger-moves");
	assert_int_equal(f.level, 1);
	intervene(&s, &f);
	fresh(&s, 4);
	assert_false(supervisor_look(&f, &s, &usual));
	fresh(&s, 1);
	assert_true(supervisor_look(&f, &s, &usual));
	assert_int_equal(f.level, 2);
	assert_string_equal(f.act, "restart");
	intervene(&s, &f);
	fresh(&s, 2);
	version(&s);
	fresh(&s, 9);
	assert_false(supervisor_look(&f, &s, &usual));
	fresh(&s, 1);
	assert_true(supervisor_look(&f, &s, &usual));
	assert_int_equal(f.level, 1);
	state_release(&s);
}

static void repetition_is_seen(void **state)
{
	struct run_state s;
	struct finding f;

	begin(&s);
	attempt(&s, "same", "passed", NULL);
	fresh(&s, 1);
	attempt(&s, "same", "passed", NULL);
	assert_false(supervisor_look(&f, &s, &usual));
	fresh(&s, 2);
	attempt(&s, "same", "passed", NULL);
	assert_true(supervisor_look(&f, &s, &usual));
	assert_string_equal(f.trigger, "repeated-candidate");
	state_release(&s);
}

static void hand_in_known(struct run_state *s, int id, unsigned digest)
{
	happen(s, "{\"type\":\"action-started\",\"action\":%d,\"step\":\"s1\",\"kind\":\"evaluate\",\"text\":\"again\",\"t\":\"2026-01-01T00:00:03Z\"}", id);
	happen(s, "{\"type\":\"action-ended\",\"action\":%d,\"ok\":true,\"result\":\"nothing changed\",\"detail\":{\"call\":\"%016x\"},"
	       "\"t\":\"2026-01-01T00:00:04Z\"}", id, digest);
}

/* What the record answers is no attempt, and a repetition all the same; after an intervention it counts anew. */
static void a_candidate_that_the_record_answers_is_seen(void **state)
{
	struct run_state s;
	struct finding f;

	begin(&s);
	hand_in_known(&s, 1, 7);
	hand_in_known(&s, 2, 8);
	hand_in_known(&s, 3, 7);
	assert_false(supervisor_look(&f, &s, &usual));
	hand_in_known(&s, 4, 7);
	assert_true(supervisor_look(&f, &s, &usual));
	assert_string_equal(f.trigger, "repeated-candidate");
	assert_non_null(strstr(f.reason, "3 times and answered from the record: nothing changed"));
	intervene(&s, &f);
	assert_false(supervisor_look(&f, &s, &usual));
	hand_in_known(&s, 5, 7);
	hand_in_known(&s, 6, 7);
	assert_false(supervisor_look(&f, &s, &usual));
	hand_in_known(&s, 7, 7);
	assert_true(supervisor_look(&f, &s, &usual));
	assert_int_equal(f.level, 2);
	state_release(&s);
}

static void the_same_error_over_and_over_is_seen(void **state)
{
	struct run_state s;
	struct finding f;
	char tree[8];
	int i;

	begin(&s);
	for (i = 0; i < 4; i++) {
		assert_false(supervisor_look(&f, &s, &usual));
		snprintf(tree, sizeof(tree), "e%d", i);
		attempt(&s, tree, "build-failed", "kernel.c:7: expected ';'");
	}
	assert_true(supervisor_look(&f, &s, &usual));
	assert_string_equal(f.trigger, "same-error");
	assert_non_null(strstr(f.reason, "expected ';'"));
	state_release(&s);
}

static void a_circle_is_seen(void **state)
{
	static const char *const trees[] = { "A", "B", "A", "B" };
	struct run_state s;
	struct finding f;
	size_t i;

	begin(&s);
	for (i = 0; i < 4; i++) {
		assert_false(supervisor_look(&f, &s, &usual));
		attempt(&s, trees[i], "passed", NULL);
	}
	assert_true(supervisor_look(&f, &s, &usual));
	assert_string_equal(f.trigger, "cycle");
	state_release(&s);
	/* of errors too */
	begin(&s);
	for (i = 0; i < 4; i++) {
		char tree[8];

		snprintf(tree, sizeof(tree), "x%zu", i);
		attempt(&s, tree, "incorrect", i % 2 ? "NaN in row 3" : "row 0 is zero");
	}
	assert_true(supervisor_look(&f, &s, &usual));
	assert_string_equal(f.trigger, "cycle");
	state_release(&s);
}

static void steps_that_evaluate_nothing_are_seen(void **state)
{
	struct run_state s;
	struct finding f;
	int i;

	begin(&s);
	for (i = 1; i <= 3; i++) {
		assert_false(supervisor_look(&f, &s, &usual));
		happen(&s, "{\"type\":\"step-started\",\"step\":\"s%d\",\"parent\":\"v0\",\"t\":\"2026-01-01T00:00:00Z\"}", i);
		happen(&s, "{\"type\":\"step-ended\",\"step\":\"s%d\",\"outcome\":\"gave-up\",\"t\":\"2026-01-01T00:00:01Z\"}", i);
	}
	assert_true(supervisor_look(&f, &s, &usual));
	assert_string_equal(f.trigger, "idle-steps");
	state_release(&s);
}

static int action_count(const struct run_state *s)
{
	return (int)s->actions_total;
}

/* One call of a tool; equal digests are equal calls. */
static void call(struct run_state *s, unsigned digest)
{
	int id = action_count(s) + 1;

	happen(s, "{\"type\":\"action-started\",\"action\":%d,\"step\":\"s1\",\"kind\":\"read\",\"text\":\"kernel.c\"}", id);
	happen(s, "{\"type\":\"action-ended\",\"action\":%d,\"ok\":true,\"result\":\"x\",\"detail\":{\"call\":\"%016x\"}}", id, digest);
}

static void evaluation(struct run_state *s)
{
	int id = action_count(s) + 1;

	happen(s, "{\"type\":\"action-started\",\"action\":%d,\"step\":\"s1\",\"kind\":\"evaluate\",\"text\":\"x\"}", id);
	fresh(s, 1);
	happen(s, "{\"type\":\"action-ended\",\"action\":%d,\"ok\":true,\"attempt\":\"a%zu\"}", id, s->attempt_count);
}

static const struct supervisor_limits tools = { .tool_cycle = 4, .cooldown = 8 };

static void calls_that_come_back_are_seen(void **state)
{
	struct run_state s;
	struct finding f;
	int i, period;

	for (period = 1; period <= 4; period++) {
		begin(&s);
		for (i = 0; i < period * 4; i++) {
			assert_false(supervisor_look(&f, &s, &tools));
			call(&s, 1 + (unsigned)(i % period));
		}
		assert_true(supervisor_look(&f, &s, &tools));
		assert_string_equal(f.trigger, "tool-cycle");
		assert_non_null(strstr(f.reason, "read kernel.c"));
		/* once said, it is said again only after as many more, without waiting for attempts */
		intervene(&s, &f);
		for (i = 0; i < period * 4; i++) {
			assert_false(supervisor_look(&f, &s, &tools));
			call(&s, 1 + (unsigned)(i % period));
		}
		assert_true(supervisor_look(&f, &s, &tools));
		assert_int_equal(f.level, 2);
		assert_string_equal(f.act, "restart");
		state_release(&s);
	}
}

static void an_evaluation_breaks_a_cycle_of_calls(void **state)
{
	struct run_state s;
	struct finding f;
	int i;

	begin(&s);
	for (i = 0; i < 30; i++) {
		if (i % 3 == 2)
			evaluation(&s);
		call(&s, 7);
		assert_false(supervisor_look(&f, &s, &tools));
	}
	/* and so do other calls */
	for (i = 0; i < 30; i++) {
		call(&s, i % 5 == 4 ? 100 + (unsigned)i : (unsigned)(i % 5) + 1);
		assert_false(supervisor_look(&f, &s, &tools));
	}
	state_release(&s);
}

/* A look at a job that still runs: it has no digest, since asking again is no repetition. */
static void look(struct run_state *s)
{
	int id = action_count(s) + 1;

	happen(s, "{\"type\":\"action-started\",\"action\":%d,\"step\":\"s1\",\"kind\":\"shell\",\"text\":\"job 1\"}", id);
	happen(s, "{\"type\":\"action-ended\",\"action\":%d,\"ok\":true,\"result\":\"[job 1 still runs, 3 s]\",\"detail\":{}}", id);
}

static void waiting_for_a_job_is_no_cycle(void **state)
{
	struct run_state s;
	struct finding f;
	int i;

	begin(&s);
	for (i = 0; i < 40; i++) {
		look(&s);
		assert_false(supervisor_look(&f, &s, &tools));
	}
	/* nor with another call between two looks */
	for (i = 0; i < 40; i++) {
		if (i % 2)
			call(&s, 7);
		else
			look(&s);
		assert_false(supervisor_look(&f, &s, &tools));
	}
	/* once it has ended its output stays as it is, and whoever asks for it again and again goes in a circle */
	for (i = 0; i < 4; i++) {
		assert_false(supervisor_look(&f, &s, &tools));
		call(&s, 9);
	}
	assert_true(supervisor_look(&f, &s, &tools));
	state_release(&s);
}

static void money_and_tokens_that_buy_nothing_are_seen(void **state)
{
	const struct supervisor_limits l = { .burn = 0.25, .cost_usd = 40, .tokens = 1e6, .cooldown = 8 };
	const struct supervisor_limits no_budget = { .burn = 0.25 };
	struct run_state s;
	struct finding f;

	begin(&s);
	happen(&s, "{\"type\":\"usage\",\"cost_usd\":9.9,\"tokens_in\":200000,\"tokens_out\":1}");
	assert_false(supervisor_look(&f, &s, &l));
	fresh(&s, 1);
	version(&s);
	happen(&s, "{\"type\":\"usage\",\"cost_usd\":9.9,\"tokens_in\":200000,\"tokens_out\":1}");
	assert_false(supervisor_look(&f, &s, &l));
	happen(&s, "{\"type\":\"usage\",\"cost_usd\":0.2}");
	assert_true(supervisor_look(&f, &s, &l));
	assert_string_equal(f.trigger, "budget-burn");
	assert_non_null(strstr(f.reason, "25 % of the run's money went since v1"));
	assert_false(supervisor_look(&f, &s, &no_budget));
	intervene(&s, &f);
	assert_false(supervisor_look(&f, &s, &l));
	happen(&s, "{\"type\":\"usage\",\"tokens_in\":250000}");
	assert_true(supervisor_look(&f, &s, &l));
	assert_non_null(strstr(f.reason, "tokens went since the last intervention"));
	state_release(&s);
}

static void only_time_at_work_makes_a_stall(void **state)
{
	const struct supervisor_limits l = { .stall_ms = 7200 * 1000, .cooldown = 8 };
	struct run_state s;
	struct finding f;

	begin(&s);
	happen(&s, "{\"type\":\"state\",\"state\":\"running\",\"t\":\"2026-01-01T00:00:00Z\"}");
	happen(&s, "{\"type\":\"state\",\"state\":\"paused\",\"t\":\"2026-01-01T01:30:00Z\",\"active_ms\":5400000}");
	happen(&s, "{\"type\":\"state\",\"state\":\"running\",\"t\":\"2026-01-02T00:00:00Z\"}");
	assert_false(supervisor_look(&f, &s, &l));
	happen(&s, "{\"type\":\"hint\",\"text\":\"x\",\"t\":\"2026-01-02T00:30:00Z\",\"active_ms\":7200000}");
	assert_true(supervisor_look(&f, &s, &l));
	assert_string_equal(f.trigger, "no-version-for-long");
	assert_non_null(strstr(f.reason, "since v0"));
	happen(&s, "{\"type\":\"intervention\",\"trigger\":\"no-version-for-long\",\"act\":\"larger-moves\",\"level\":1,\"t\":\"2026-01-02T00:30:00Z\"}");
	assert_false(supervisor_look(&f, &s, &l));
	happen(&s, "{\"type\":\"hint\",\"text\":\"x\",\"t\":\"2026-01-02T02:30:00Z\",\"active_ms\":14400000}");
	assert_true(supervisor_look(&f, &s, &l));
	assert_int_equal(f.level, 2);
	state_release(&s);
}

static void faults_of_ours_and_switched_off_triggers_say_nothing(void **state)
{
	struct supervisor_limits off = { 0 };
	struct run_state s;
	struct finding f;
	int i;

	begin(&s);
	for (i = 0; i < 20; i++)
		attempt(&s, "same", i % 2 ? "evaluator-fault" : "cancelled", "the node went away");
	assert_false(supervisor_look(&f, &s, &usual));
	for (i = 0; i < 20; i++)
		attempt(&s, "same", "incorrect", "wrong");
	assert_false(supervisor_look(&f, &s, &off));
	assert_true(supervisor_look(&f, &s, &usual));
	state_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stall_is_seen_once_and_escalates),
		cmocka_unit_test(repetition_is_seen),
		cmocka_unit_test(a_candidate_that_the_record_answers_is_seen),
		cmocka_unit_test(the_same_error_over_and_over_is_seen),
		cmocka_unit_test(a_circle_is_seen),
		cmocka_unit_test(steps_that_evaluate_nothing_are_seen),
		cmocka_unit_test(calls_that_come_back_are_seen),
		cmocka_unit_test(an_evaluation_breaks_a_cycle_of_calls),
		cmocka_unit_test(waiting_for_a_job_is_no_cycle),
		cmocka_unit_test(money_and_tokens_that_buy_nothing_are_seen),
		cmocka_unit_test(only_time_at_work_makes_a_stall),
		cmocka_unit_test(faults_of_ours_and_switched_off_triggers_say_nothing),
	};

	return cmocka_run_group_tests_name("supervisor", tests, NULL, NULL);
}
