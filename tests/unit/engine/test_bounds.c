/* What is bounded: money, tokens, the cache, the log, what a version's note says. */
#include "rig.h"
#include "engine/internal.h"

#include <fcntl.h>
#include <sys/stat.h>

/* --- budgets of money and tokens, spent as an operator spends them -------------- */

/* An engine without worker and viewers on the journal of a run: what one life sees. */
static void live(struct engine *e, struct rig *r)
{
	char *dir = path_join(r->dir, ".avo/journal");

	memset(e, 0, sizeof(*e));
	state_init(&e->state);
	assert_int_equal(journal_open(&e->journal, dir, NULL, &r->err), AVO_OK);
	assert_int_equal(state_load(&e->state, dir, &r->err), AVO_OK);
	assert_int_equal(loop_new(&e->loop, &r->err), AVO_OK);
	free(dir);
}

static void die(struct engine *e)
{
	journal_close(e->journal);
	loop_free(e->loop);
	free(e->cancel_reason);
	state_release(&e->state);
}

static void spend(struct engine *e, double dollars, int tokens_in, int tokens_out)
{
	cJSON *event = engine_event("usage");

	json_set_str(event, "purpose", "turn");
	json_set_num(event, "cost_usd", dollars);
	json_set_int(event, "tokens_in", tokens_in);
	json_set_int(event, "tokens_out", tokens_out);
	engine_record(e, event, JOURNAL_LAZY);
}

static void assert_announced(struct rig *r, int count, const char *kind, double level, double used)
{
	cJSON *event = NULL;

	assert_int_equal(rig_events(r, "budget", &event), count);
	assert_string_equal(json_str(event, "kind", ""), kind);
	assert_float_equal(json_num(event, "level", 0), level, 1e-9);
	assert_float_equal(json_num(event, "used", 0), used, 1e-9);
	cJSON_Delete(event);
}

static void money_is_announced_at_half_and_at_four_fifths_over_restarts(void **state)
{
	struct engine e;
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "");
	live(&e, &r);
	e.settings.budget_cost = 2;
	budget_init(&e);
	spend(&e, 0.9, 1000, 100);
	assert_int_equal(budget_check(&e), -1);
	assert_int_equal(rig_events(&r, "budget", NULL), 0);
	spend(&e, 0.2, 1000, 100);
	assert_int_equal(budget_check(&e), -1);
	assert_announced(&r, 1, "cost", 0.5, 1.1);
	assert_int_equal(budget_check(&e), -1);		/* once */
	assert_int_equal(rig_events(&r, "budget", NULL), 1);
	die(&e);

	live(&e, &r);
	e.settings.budget_cost = 2;
	budget_init(&e);
	assert_int_equal(budget_check(&e), -1);		/* the life before has said it */
	assert_int_equal(rig_events(&r, "budget", NULL), 1);
	spend(&e, 0.6, 1000, 100);
	assert_int_equal(budget_check(&e), -1);
	assert_announced(&r, 2, "cost", 0.8, 1.7);
	spend(&e, 0.3, 1000, 100);
	assert_int_equal(budget_check(&e), LIMIT_COST);
	assert_announced(&r, 3, "cost", 1, 2);
	die(&e);
	rig_free(&r);
}

static void tokens_in_and_out_count_and_stop_a_step_that_runs(void **state)
{
	struct engine e;
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "");
	live(&e, &r);
	e.settings.budget_tokens = 1000;
	budget_init(&e);
	e.step = 1;
	spend(&e, 0, 700, 299);
	assert_false(budget_enforce(&e));
	assert_null(e.cancel_outcome);
	assert_announced(&r, 1, "tokens", 0.8, 999);
	spend(&e, 0, 0, 1);
	assert_true(budget_enforce(&e));
	assert_string_equal(e.cancel_outcome, "budget");
	assert_string_equal(e.cancel_reason, "the budget of 1000 tokens is used up");
	assert_announced(&r, 2, "tokens", 1, 1000);
	die(&e);
	rig_free(&r);
}

static void a_run_that_has_spent_its_money_stays_finished(void **state)
{
	struct engine e;
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "");
	rig_set(&r, "budget.cost", "1.5");
	assert_int_equal(rig_run(&r, 0, 2), AVO_OK);
	assert_int_equal(r.state.attempt_count, 2);
	live(&e, &r);
	spend(&e, 1.5, 10, 10);
	die(&e);
	assert_int_equal(rig_run(&r, 0, 5), AVO_OK);
	assert_int_equal(r.state.attempt_count, 2);
	assert_int_equal(r.state.state, ENGINE_FINISHED);
	assert_string_equal(r.state.state_reason, "the budget of 1.5 US dollars is used up");
	rig_set(&r, "budget.cost", "3");
	assert_int_equal(rig_run(&r, 0, 5), AVO_OK);
	assert_int_equal(r.state.attempt_count, 7);	/* more money, more attempts */
	rig_free(&r);
}

/* --- files --------------------------------------------------------------------------- */

static const char fill_cache[] =
	"cd .avo/cache && mkdir -p build && cd build && "
	"for i in 1 2 3; do "
	"mkdir cuda-$i && head -c 300000 /dev/urandom >cuda-$i/kernel.cubin && head -c 300000 /dev/urandom >cpu-$i.so && "
	"touch -d \"2001-01-0$i\" cuda-$i cpu-$i.so || exit 1; done; touch -d 2001-01-04 cuda-3; touch cpu-1.so";

static void the_cache_is_bounded_while_an_engine_runs(void **state)
{
	struct engine_options o = { .start_paused = true };
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "");
	rig_set(&r, "score.cache-size", "1");
	rig_start(&r, o);
	assert_int_equal(rig_shell(&r, fill_cache), 0);
	rig_must(&r, "resume", NULL);
	rig_wait(&r, rig_has_attempts, 40, "attempts");
	rig_stop(&r);
	/* 768 KiB are for builds: the last used of both kinds stay */
	assert_int_equal(rig_shell(&r, "cd .avo/cache/build && test \"$(echo *)\" = 'cpu-1.so cuda-3'"), 0);
	rig_free(&r);
}

static void a_long_log_is_put_aside(void **state)
{
	struct engine_options o = { .start_paused = true };
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "");
	assert_int_equal(rig_shell(&r, "head -c 4194305 /dev/zero >.avo/engine.log"), 0);
	rig_start(&r, o);
	rig_stop(&r);
	assert_int_equal(rig_shell(&r, "test $(wc -c <.avo/engine.log.1) = 4194305 && test $(wc -c <.avo/engine.log) -lt 10000"), 0);
	rig_shell(&r, "head -c 4000000 /dev/zero >.avo/engine.log");
	rig_start(&r, o);
	rig_stop(&r);
	assert_int_equal(rig_shell(&r, "test $(wc -c <.avo/engine.log) -ge 4000000"), 0);
	rig_free(&r);
}

static void a_note_is_short_and_git_never_warns(void **state)
{
	struct rig r;

	rig_new(&r, rig_seed, NULL, NULL, "");
	assert_int_equal(rig_shell(&r, "test -z \"$(git log 2>&1 >/dev/null)\""), 0);
	assert_int_equal(rig_run(&r, 0, 30), AVO_OK);
	assert_true(r.state.version_count > 1);
	assert_int_equal(rig_shell(&r, "git notes --ref=avo show v1 | tail -n 1 >../line"), 0);
	assert_int_equal(rig_shell(&r, "grep -q '\"checks\":{\"passed\":3,\"failed\":0}' ../line"), 0);
	assert_int_equal(rig_shell(&r, "grep -q '\"build\":{\"ms\":12.5,\"cached\":false}' ../line"), 0);
	assert_int_equal(rig_shell(&r, "grep -q '\"geomean\".*\"scores\".*\"decision\":\"improved\".*\"ratio_ci\"' ../line"), 0);
	assert_int_equal(rig_shell(&r, "grep -q '\"log\"' ../line"), 1);
	rig_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(money_is_announced_at_half_and_at_four_fifths_over_restarts),
		cmocka_unit_test(tokens_in_and_out_count_and_stop_a_step_that_runs),
		cmocka_unit_test(a_run_that_has_spent_its_money_stays_finished),
		cmocka_unit_test(the_cache_is_bounded_while_an_engine_runs),
		cmocka_unit_test(a_long_log_is_put_aside),
		cmocka_unit_test(a_note_is_short_and_git_never_warns),
	};

	return cmocka_run_group_tests_name("bounds", tests, NULL, NULL);
}
