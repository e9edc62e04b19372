/* The state of a run out of its events. */
#include "fixture.h"

#include "base/clock.h"
#include "base/mem.h"
#include "journal/profile.h"

#include <math.h>

static uint64_t next_seq;

/* Applies an event given as text with ' for ", adding seq and the time 12:00:00 plus `at` seconds. */
static void apply_at(struct run_state *s, int at, const char *text)
{
	struct journal_ref ref = { 1, next_seq * 100, 50 };
	char stamp[CLOCK_STAMP_SIZE], *copy = xstrdup(text), *p;
	cJSON *e;

	for (p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	if (json_parse(&e, copy, strlen(copy), NULL) != AVO_OK)
		fail_msg("not JSON: %s", copy);
	json_set_int(e, "seq", (int64_t)++next_seq);
	json_set_str(e, "t", clock_format(stamp, clock_parse("2026-03-01T12:00:00Z") + at * 1000));
	state_apply(s, e, ref);
	cJSON_Delete(e);
	free(copy);
}

static void apply(struct run_state *s, const char *text)
{
	apply_at(s, 0, text);
}

static int setup(void **state)
{
	struct run_state *s = xcalloc(1, sizeof(*s));

	state_init(s);
	next_seq = 0;
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	state_release(*state);
	free(*state);
	return 0;
}

static void the_run_and_its_machine(void **state)
{
	struct run_state *s = *state;

	assert_true(isnan(s->peak));
	apply(s, "{'type':'run-created','name':'n','suite':'mha','backend':'cuda','unit':'TFLOPS','operator':'agent','gate':'manual','seed':'x'}");
	apply(s, "{'type':'engine-started','pid':42,'host':'h','version':'0'}");
	apply(s, "{'type':'device','device':'H200','peak':989.5}");
	apply(s, "{'type':'device','device':'H200'}");
	apply(s, "{'type':'peer','name':'cuDNN','unit':'TFLOPS','geomean':600,'scores':[{'case':'c','value':600,'std':1,'n':10}]}");
	apply(s, "{'type':'peer','name':'cuDNN','unit':'TFLOPS','geomean':614,'scores':[{'case':'c','value':614,'std':1,'n':10}]}");
	apply(s, "{'type':'peer','name':'FA3','unit':'TFLOPS','geomean':704,'scores':[{'case':'c','value':704,'std':1,'n':10}]}");
	assert_string_equal(s->name, "n");
	assert_string_equal(s->suite, "mha");
	assert_string_equal(s->backend, "cuda");
	assert_string_equal(s->unit, "TFLOPS");
	assert_string_equal(s->operator, "agent");
	assert_int_equal(s->gate, GATE_MANUAL);
	assert_int_equal(s->engine_pid, 42);
	assert_string_equal(s->device, "H200");
	assert_true(s->peak == 989.5);
	assert_int_equal(s->peer_count, 2);
	assert_true(s->peers[0].score.geomean == 614);
	apply(s, "{'type':'gate','gate':'auto','by':'u'}");
	assert_int_equal(s->gate, GATE_AUTO);
	apply(s, "{'type':'gate','gate':'sideways'}");
	assert_int_equal(s->gate, GATE_AUTO);
	apply(s, "{'type':'usage','cost_usd':0.5,'tokens_in':100,'tokens_out':7}");
	apply(s, "{'type':'usage','cost_usd':-3,'tokens_in':'many'}");
	assert_true(s->cost_usd == 0.5 && s->tokens_in == 100 && s->tokens_out == 7);
	apply(s, "{'type':'intervention','trigger':'no-version','reason':'why','act':'what','level':2}");
	assert_int_equal(s->intervention_count, 1);
	assert_string_equal(s->interventions[0].act, "what");
	assert_int_equal(s->seq, next_seq);
}

static void time_counts_only_while_it_runs(void **state)
{
	struct run_state *s = *state;
	int64_t noon = clock_parse("2026-03-01T12:00:00Z");

	apply_at(s, 0, "{'type':'engine-started','pid':1}");
	apply_at(s, 10, "{'type':'state','state':'running'}");
	assert_int_equal(state_active_ms(s, noon + 15000), 5000);
	apply_at(s, 20, "{'type':'state','state':'stepping'}");
	apply_at(s, 30, "{'type':'state','state':'awaiting','reason':'a1'}");
	assert_string_equal(s->state_reason, "a1");
	assert_int_equal(state_active_ms(s, noon + 999000), 20000);
	apply_at(s, 100, "{'type':'state','state':'running'}");
	assert_string_equal(s->state_reason, "");
	apply_at(s, 105, "{'type':'hint','text':'t','by':'u'}");
	/* The engine is killed; its successor starts an hour later. */
	apply_at(s, 3700, "{'type':'engine-started','pid':2}");
	assert_int_equal(state_active_ms(s, noon + 3800000), 25000);
	apply_at(s, 3800, "{'type':'state','state':'running'}");
	apply_at(s, 3801, "{'type':'engine-stopped','reason':'asked to'}");
	assert_int_equal(s->state, ENGINE_STOPPED);
	assert_int_equal(s->engine_pid, 0);
	assert_int_equal(state_active_ms(s, noon + 9999000), 26000);
	apply_at(s, 3900, "{'type':'state','state':'finished','reason':'budget'}");
	apply_at(s, 3901, "{'type':'engine-stopped'}");
	assert_int_equal(s->state, ENGINE_FINISHED);
	assert_string_equal(s->state_reason, "budget");
	apply_at(s, 3902, "{'type':'state','state':'dreaming'}");
	assert_int_equal(s->state, ENGINE_FINISHED);
}

/* Journals of an engine that did not say how long it was active. */
static void a_jump_of_the_clock_counts_little(void **state)
{
	struct run_state *s = *state;
	int64_t noon = clock_parse("2026-03-01T12:00:00Z");

	apply_at(s, 0, "{'type':'engine-started','pid':1}");
	apply_at(s, 10, "{'type':'state','state':'running'}");
	apply_at(s, 20, "{'type':'hint','text':'t','by':'u'}");
	apply_at(s, 20 + 7200, "{'type':'hint','text':'two hours on','by':'u'}");
	assert_int_equal(s->active_ms, 10000 + STATE_MAX_GAP_MS);
	apply_at(s, 20 - 86400, "{'type':'hint','text':'a day back','by':'u'}");
	assert_int_equal(s->active_ms, 10000 + STATE_MAX_GAP_MS);
	assert_int_equal(state_active_ms(s, noon + 3600000), 10000 + 2 * STATE_MAX_GAP_MS);
	assert_int_equal(state_active_ms(s, noon - 90000000), s->active_ms);
}

static void what_the_engine_says_counts_instead_of_the_clock(void **state)
{
	struct run_state *s = *state;

	apply_at(s, 0, "{'type':'engine-started','pid':1}");
	apply_at(s, 10, "{'type':'state','state':'running'}");
	apply_at(s, 7300, "{'type':'hint','text':'t','by':'u','active_ms':4000}");
	assert_int_equal(s->active_ms, 4000);
	apply_at(s, -86400, "{'type':'intervention','trigger':'t','reason':'r','act':'a','active_ms':6000}");
	assert_int_equal(s->active_ms, 6000);
	assert_int_equal(s->mark.active_ms, 6000);
	apply_at(s, 7400, "{'type':'hint','text':'t','by':'u','active_ms':5}");
	assert_int_equal(s->active_ms, 6000);
	apply_at(s, 7500, "{'type':'state','state':'paused','active_ms':7000}");
	apply_at(s, 9000, "{'type':'state','state':'running'}");
	apply_at(s, 9001, "{'type':'engine-stopped','reason':'r','active_ms':7500}");
	assert_int_equal(s->active_ms, 7500);
}

static void start_attempt(struct run_state *s, int id)
{
	char text[300];

	snprintf(text, sizeof(text), "{'type':'attempt-started','attempt':'a%d','step':'s1','action':%d,'parent':'v0','direction':'d1',"
		 "'commit':'c%d','tree':'t','author':'mutate','title':'T','added':3,'removed':1}", id, id, id);
	apply(s, text);
}

static void an_attempt_becomes_a_version(void **state)
{
	struct run_state *s = *state;
	const struct attempt *a;
	const struct version *v;

	apply(s, "{'type':'version','version':'v0','commit':'c0','author':'avo','title':'seed'}");
	assert_int_equal(state_newest(s)->score.count, 0);
	assert_int_equal(state_newest(s)->parent, -1);
	apply(s, "{'type':'version-scored','version':'v0','verdict':'passed','unit':'GFLOPS','geomean':9,'scores':[{'case':'x','value':9,'std':0,'n':3}]}");
	assert_true(state_newest(s)->score.geomean == 9);
	apply(s, "{'type':'step-started','step':'s1','parent':'v0','operator':'mutate'}");
	apply(s, "{'type':'direction-opened','direction':'d1','step':'s1','parent':'v0','title':'D','hypothesis':'H','expected':'E'}");
	apply(s, "{'type':'action-started','action':1,'step':'s1','kind':'evaluate','text':'a1'}");
	start_attempt(s, 1);
	a = state_attempt(s, 1);
	assert_int_equal(a->stage, ATTEMPT_STARTED);
	assert_int_equal(a->ended_ms, 0);
	assert_true(isnan(a->score.geomean));
	apply_at(s, 4, "{'type':'attempt-scored','attempt':'a1','verdict':'passed','incumbent':'v0','unit':'GFLOPS','geomean':11,"
		 "'scores':[{'case':'x','value':11,'std':0.1,'n':12}],'decision':'improved','ratio':1.22,'ratio_ci':[1.2,1.24],'confidence':0.95,'pairs':12}");
	apply_at(s, 5, "{'type':'action-ended','action':1,'ok':true,'result':'improved','attempt':'a1'}");
	a = state_attempt(s, 1);
	assert_int_equal(a->stage, ATTEMPT_SCORED);
	assert_int_equal(a->scored.segment, 1);
	assert_int_equal(a->incumbent, 0);
	assert_true(a->comparison.lo == 1.2);
	assert_null(state_pending(s));
	apply(s, "{'type':'pending','attempt':'a1'}");
	assert_ptr_equal(state_pending(s), a);
	apply(s, "{'type':'approved','attempt':'a1','by':'u'}");
	assert_ptr_equal(state_pending(s), a);
	apply_at(s, 9, "{'type':'version','version':'v1','commit':'c1','parent':'v0','attempt':'a1','author':'mutate','title':'T'}");
	v = state_newest(s);
	assert_int_equal(v->id, 1);
	assert_int_equal(v->attempt, 1);
	assert_int_equal(v->direction, 1);
	assert_true(v->score.geomean == 11 && v->comparison.decision == DECISION_IMPROVED);
	assert_null(state_pending(s));
	assert_int_equal(state_attempt(s, 1)->version, 1);
	apply(s, "{'type':'direction-closed','direction':'d1','state':'merged','outcome':'v1'}");
	apply_at(s, 10, "{'type':'step-ended','step':'s1','outcome':'committed','version':'v1'}");
	assert_int_equal(state_direction(s, 1)->state, DIRECTION_MERGED);
	assert_int_equal(state_direction(s, 1)->attempts, 1);
	assert_int_equal(state_step(s, 1)->version, 1);
	assert_int_equal(state_step(s, 1)->attempts, 1);
	assert_int_equal(state_step(s, 1)->actions, 1);
	assert_string_equal(state_step(s, 1)->outcome, "committed");
	assert_int_equal(s->actions[0].attempt, 1);
	assert_true(s->actions[0].ok && s->actions[0].ended_ms > s->actions[0].started_ms);
}

static void attempts_that_led_nowhere_are_counted(void **state)
{
	struct run_state *s = *state;

	apply(s, "{'type':'version','version':'v0','commit':'c0'}");
	start_attempt(s, 1);
	apply(s, "{'type':'attempt-scored','attempt':'a1','verdict':'incorrect','reason':'off','geomean':5,'scores':[{'case':'x','value':5}]}");
	assert_int_equal(state_attempt(s, 1)->score.count, 0);	/* a score exists only for passed */
	assert_string_equal(state_attempt(s, 1)->reason, "off");
	start_attempt(s, 2);
	apply(s, "{'type':'attempt-scored','attempt':'a2','verdict':'evaluator-fault'}");
	start_attempt(s, 3);
	apply(s, "{'type':'attempt-scored','attempt':'a3','verdict':'passed','decision':'improved'}");
	apply(s, "{'type':'pending','attempt':'a3'}");
	start_attempt(s, 4);
	assert_int_equal(state_attempts_since_version(s), 1);
	apply(s, "{'type':'rejected','attempt':'a3','by':'u','reason':'not now'}");
	assert_int_equal(state_attempts_since_version(s), 2);
	assert_int_equal(state_attempt(s, 3)->stage, ATTEMPT_REJECTED);
	assert_string_equal(state_attempt(s, 3)->reason, "not now");
	apply(s, "{'type':'attempt-scored','attempt':'a4','verdict':'passed','decision':'improved'}");
	apply(s, "{'type':'version','version':'v1','commit':'c1','attempt':'a4'}");
	assert_int_equal(state_attempts_since_version(s), 0);
	apply(s, "{'type':'rejected','attempt':'a4','by':'u'}");
	assert_int_equal(state_attempt(s, 4)->stage, ATTEMPT_COMMITTED);
}

static void what_a_killed_engine_left_open_is_closed(void **state)
{
	struct run_state *s = *state;

	apply(s, "{'type':'step-started','step':'s1','parent':'v0','operator':'mutate'}");
	apply(s, "{'type':'action-started','action':1,'step':'s1','kind':'evaluate','text':'a1'}");
	start_attempt(s, 1);
	apply_at(s, 60, "{'type':'engine-started','pid':2}");
	assert_int_equal(state_attempt(s, 1)->stage, ATTEMPT_DROPPED);
	assert_string_equal(s->actions[0].result, "interrupted");
	assert_false(s->actions[0].ok);
	apply_at(s, 61, "{'type':'step-started','step':'s2','parent':'v0','operator':'mutate'}");
	assert_string_equal(state_step(s, 1)->outcome, "stopped");
	assert_string_equal(state_step(s, 2)->outcome, "");
	apply_at(s, 62, "{'type':'attempt-scored','attempt':'a1','verdict':'cancelled'}");
	assert_int_equal(state_attempt(s, 1)->stage, ATTEMPT_SCORED);
}

static void events_out_of_order_change_nothing(void **state)
{
	struct run_state *s = *state;
	struct journal_ref none = { 0 };
	cJSON *e;

	apply(s, "{'type':'version','version':'v1','commit':'c'}");
	apply(s, "{'type':'attempt-started','attempt':'a2'}");
	apply(s, "{'type':'attempt-started','attempt':'a2000000000'}");
	apply(s, "{'type':'step-started','step':'s7'}");
	apply(s, "{'type':'direction-opened','direction':'d0'}");
	apply(s, "{'type':'attempt-scored','attempt':'a1','verdict':'passed'}");
	apply(s, "{'type':'step-ended','step':'s1'}");
	assert_int_equal(s->version_count + s->attempt_count + s->step_count + s->direction_count, 0);
	start_attempt(s, 1);
	start_attempt(s, 1);
	assert_int_equal(s->attempt_count, 1);
	e = cJSON_CreateObject();
	json_set_str(e, "type", "usage");
	json_set_num(e, "cost_usd", 1);
	json_set_int(e, "seq", (int64_t)s->seq);
	state_apply(s, e, none);
	assert_true(s->cost_usd == 0);	/* this seq was applied before */
	cJSON_Delete(e);
}

static void garbage_is_survived(void **state)
{
	static const char *const events[] = {
		"{'type':7}", "{}", "[1,2]", "'text'", "null", "{'type':'from-the-future','x':{}}",
		"{'type':'run-created','name':{},'gate':[]}", "{'type':'peer','name':'','scores':{}}", "{'type':'peer','name':'p','scores':[7,null,{'case':1}]}",
		"{'type':'attempt-started','attempt':'a1','action':'x','added':-5,'removed':1e300,'commit':'0123456789012345678901234567890123456789012345'}",
		"{'type':'attempt-scored','attempt':'a1','verdict':'passed','scores':'no','ratio_ci':[null],'pairs':1e10}",
		"{'type':'attempt-scored','attempt':'a1','verdict':'splendid'}", "{'type':'pending','attempt':1}",
		"{'type':'action-started','action':-1}", "{'type':'action-started','action':1e18}", "{'type':'action-ended','action':5}",
		"{'type':'step-started','step':'s99999999999999999999'}", "{'type':'step-started','step':'s-1'}", "{'type':'state'}",
		"{'type':'device','peak':-1}", "{'type':'direction-closed','direction':'d1','state':'unheard-of'}",
	};
	struct run_state *s = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(events); i++) {
		char *copy = xstrdup(events[i]), *p;
		struct journal_ref none = { 0 };
		cJSON *e;

		for (p = copy; *p; p++)
			if (*p == '\'')
				*p = '"';
		assert_int_equal(json_parse(&e, copy, strlen(copy), NULL), AVO_OK);
		state_apply(s, e, none);
		cJSON_Delete(e);
		free(copy);
	}
	state_apply(s, NULL, (struct journal_ref){ 0 });
	assert_int_equal(s->attempt_count, 1);
	assert_string_equal(s->attempts[0].commit, "");	/* a cut id would be the id of something else */
	assert_int_equal(s->attempts[0].added, 0);
	assert_true(isnan(s->peak));
}

static void old_actions_are_forgotten_the_newest_stay(void **state)
{
	struct run_state *s = *state;
	char text[128];
	int i;

	apply(s, "{'type':'step-started','step':'s1','parent':'v0','operator':'x'}");
	for (i = 1; i <= 3 * STATE_MAX_ACTIONS; i++) {
		snprintf(text, sizeof(text), "{'type':'action-started','action':%d,'step':'s1','kind':'edit','text':'t%d'}", i, i);
		apply(s, text);
		snprintf(text, sizeof(text), "{'type':'action-ended','action':%d,'ok':true}", i);
		apply(s, text);
		assert_true(s->action_count <= STATE_MAX_ACTIONS);
	}
	assert_true(s->action_count >= STATE_MAX_ACTIONS * 7 / 8);
	assert_int_equal(s->actions[s->action_count - 1].id, i - 1);
	assert_int_equal(s->actions[0].id, i - (int)s->action_count);
	assert_string_equal(s->actions[s->action_count - 1].result, "done");
	assert_int_equal(s->actions_total, i - 1);
	apply(s, "{'type':'action-ended','action':1,'ok':false}");	/* forgotten: no harm */
}

static void loading_reads_up_to_the_damage(void **state)
{
	struct run_state *s = *state;
	void *fixture;
	struct fixture *f;

	fixture_setup(&fixture);
	f = fixture;
	assert_int_equal(state_load(s, f->dir, &f->err), AVO_ENVIRONMENT);
	write_notes(f, 5);
	ok(f, state_load(s, f->dir, &f->err));
	assert_int_equal(s->seq, 5);
	append_raw(f, 1, "{broken}\n", 9);
	state_release(s);
	assert_int_equal(state_load(s, f->dir, &f->err), AVO_CORRUPT);
	assert_non_null(strstr(f->err.text, "behind event 5"));
	assert_int_equal(s->seq, 5);
	fixture_teardown(&fixture);
}

#define MANY 100000

static void a_hundred_thousand_events(void **state)
{
	struct run_state *s = *state;
	struct buf b = BUF_INIT;
	void *fixture;
	struct fixture *f;
	int64_t start;
	int i;

	fixture_setup(&fixture);
	f = fixture;
	for (i = 1; i <= MANY; i++)
		buf_printf(&b, "{\"seq\":%d,\"t\":\"2026-03-01T12:00:00.000Z\",\"type\":\"action-started\",\"action\":%d,\"step\":\"s1\",\"kind\":\"edit\","
			   "\"text\":\"kernel.cu: split the rescale over two warps and wait on stage zero first\"}\n", i, i);
	write_segment(f, 1, b.data, b.len);
	start = clock_mono_ms();
	ok(f, state_load(s, f->dir, &f->err));
	printf("# %d events, %zu bytes: loaded in %lld ms\n", MANY, b.len, (long long)(clock_mono_ms() - start));
	assert_int_equal(s->seq, MANY);
	assert_int_equal(s->actions_total, MANY);
	buf_release(&b);
	fixture_teardown(&fixture);
}

static void a_version_and_its_attempt_are_one_candidate(void **state)
{
	struct run_state *s = *state;
	char before[24];

	apply(s, "{'type':'version','version':'v0','commit':'00','author':'avo','title':'seed'}");
	apply(s, "{'type':'attempt-started','attempt':'a1','step':'s1','parent':'v0','commit':'11'}");
	apply_at(s, 1, "{'type':'profile','what':'a1','case':'one','counters':[]}");
	assert_null(state_profile(s, "v0", NULL));
	assert_null(state_profile(s, "v1", NULL));
	apply(s, "{'type':'version','version':'v1','attempt':'a1','parent':'v0','commit':'12','author':'avo','title':'t'}");
	assert_ptr_equal(state_profile(s, "v1", NULL), state_profile(s, "a1", "one"));
	assert_true(state_profile(s, "v1", "one")->counted);
	/* a case of its own, of which the newest counts; without counters it is a profile all the same */
	apply_at(s, 2, "{'type':'profile','what':'v1','case':'two','counters_absent':'no'}");
	assert_string_equal(state_profile(s, "a1", NULL)->case_name, "two");
	assert_false(state_profile(s, "a1", NULL)->counted);
	apply_at(s, 3, "{'type':'profile','what':'v1','case':'one','counters':[]}");
	assert_string_equal(state_profile(s, "v1", NULL)->case_name, "one");
	assert_int_equal(s->profile_count, 2);
	/* the seed, and files of no attempt, are candidates too; what does not exist is none */
	apply_at(s, 4, "{'type':'profile','what':'v0','case':'one','counters':[]}");
	apply_at(s, 4, "{'type':'profile','what':'work','case':'one','counters':[]}");
	apply_at(s, 4, "{'type':'profile','what':'v9','case':'one','counters':[]}");
	apply_at(s, 4, "{'type':'profile','what':7,'case':[],'counters':[]}");
	assert_int_equal(s->profile_count, 4);
	assert_non_null(state_profile(s, "v0", "one"));
	assert_non_null(state_profile(s, "work", "one"));
	assert_null(state_profile(s, "v0", "two"));
	assert_string_equal(profile_predecessor(before, s, "v1"), "v0");
	assert_string_equal(profile_predecessor(before, s, "a1"), "v0");
	assert_string_equal(profile_predecessor(before, s, "work"), "v1");
	assert_string_equal(profile_predecessor(before, s, "v0"), "");
}

static void take(struct profile_table *t, int side, const char *text)
{
	cJSON *event;

	assert_int_equal(json_parse(&event, text, strlen(text), NULL), AVO_OK);
	profile_table_add(t, side, event);
	cJSON_Delete(event);
}

static void the_biggest_mover_is_no_noise(void **state)
{
	struct profile_table t = { .count = 0 };
	const char *unit;

	take(&t, 0, "{\"launches\":[{\"registers\":168},{\"registers\":32}],\"counters\":["
		    "{\"id\":\"still\",\"unit\":\"%\",\"group\":\"pipe\",\"value\":50},"
		    "{\"id\":\"noise\",\"unit\":\"\",\"group\":\"stall\",\"value\":0.001},"
		    "{\"id\":\"gone\",\"unit\":\"%\",\"group\":\"pipe\",\"value\":null},"
		    "{\"id\":\"spills\",\"unit\":\"bytes\",\"group\":\"memory\",\"value\":0},"
		    "{\"id\":\"barrier\",\"unit\":\"\",\"group\":\"stall\",\"value\":2}]}");
	take(&t, 1, "{\"launches\":[{\"registers\":168},{\"registers\":32}],\"counters\":["
		    "{\"id\":\"still\",\"unit\":\"%\",\"group\":\"pipe\",\"value\":50},"
		    "{\"id\":\"noise\",\"unit\":\"\",\"group\":\"stall\",\"value\":0.004},"
		    "{\"id\":\"gone\",\"unit\":\"%\",\"group\":\"pipe\",\"value\":3},"
		    "{\"id\":\"spills\",\"unit\":\"bytes\",\"group\":\"memory\",\"value\":50331648},"
		    "{\"id\":\"barrier\",\"unit\":\"\",\"group\":\"stall\",\"value\":4}]}");
	profile_sort_movers(&t);
	assert_int_equal(t.count, 7);
	assert_string_equal(t.rows[0].id, "spills");
	assert_true(profile_scale(&unit, &t.rows[0]) == 1048576);
	assert_string_equal(unit, "MiB");
	assert_string_equal(t.rows[1].id, "barrier");
	assert_string_equal(t.rows[2].id, "noise");
	assert_true(profile_movement(&t.rows[2]) < 0.02);
	assert_string_equal(t.rows[6].id, "gone");
	assert_true(isnan(profile_movement(&t.rows[6])) && isnan(t.rows[6].value[0]));
	profile_sort_groups(&t);
	assert_string_equal(t.rows[0].group, "kernel");
	assert_string_equal(t.rows[1].id, "registers");
	assert_true(t.rows[1].value[0] == 168);
	assert_string_equal(t.rows[2].id, "still");
	assert_string_equal(t.rows[6].id, "spills");
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(the_run_and_its_machine),
		T(time_counts_only_while_it_runs),
		T(a_jump_of_the_clock_counts_little),
		T(what_the_engine_says_counts_instead_of_the_clock),
		T(an_attempt_becomes_a_version),
		T(attempts_that_led_nowhere_are_counted),
		T(what_a_killed_engine_left_open_is_closed),
		T(events_out_of_order_change_nothing),
		T(garbage_is_survived),
		T(old_actions_are_forgotten_the_newest_stay),
		T(loading_reads_up_to_the_damage),
		T(a_hundred_thousand_events),
		T(a_version_and_its_attempt_are_one_candidate),
		T(the_biggest_mover_is_no_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
