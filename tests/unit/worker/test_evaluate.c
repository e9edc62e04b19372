/* The order of things in a verdict, with a device that does what each test says. */
#include "avo.h"
#include "base/mem.h"
#include "worker/checks.h"
#include "worker/job.h"
#include "worker/shapes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

/* What the device does; side 0 is the challenger. */
static struct script {
	double seconds[2];		/* of a run of 1 GFLOP */
	int fail_at;			/* this run of the challenger goes wrong; 0: none */
	enum verdict fail_with;
	bool incumbent_fails, differs, build_fails;
	int runs, suite_rows, hidden_fills, changed, again;
	int case_fills[2][SCORE_MAX_CASES];	/* kinds of values of each case, before and behind the timed runs */
	int others;				/* other kinds between the timed runs */
	bool timed;
	uint64_t last_seed;
	int repeated;			/* runs of a suite's case on the values of the run before */
	double floor_rate;		/* FLOP/s that cannot be beaten; 0: no floor */
} script;

struct backend {
	int loaded;
};

struct build {
	int side;
};

struct candidate {
	int side;
};

static struct backend device;

static bool fake_probe(char *out, size_t size)
{
	snprintf(out, size, "fake");
	return true;
}

static enum avo_status fake_build(struct build **out, struct build_report *r, struct backend *b, const char *dir,
				  const char *cache, struct error *err)
{
	r->verdict = script.build_fails ? VERDICT_BUILD_FAILED : VERDICT_PASSED;
	snprintf(r->error, sizeof(r->error), "error: no such thing");
	*out = NULL;
	if (script.build_fails)
		return AVO_OK;
	*out = xcalloc(1, sizeof(**out));
	(*out)->side = strcmp(dir, "incumbent") == 0;
	return AVO_OK;
}

static void fake_build_free(struct build *b)
{
	free(b);
}

static enum avo_status fake_load(struct candidate **out, struct run_outcome *o, struct backend *b, const struct build *build,
				 const struct extents *x, struct error *err)
{
	memset(o, 0, sizeof(*o));
	o->verdict = VERDICT_PASSED;
	*out = xcalloc(1, sizeof(**out));
	(*out)->side = build->side;
	b->loaded++;
	return AVO_OK;
}

static void fake_unload(struct candidate *c)
{
	if (c)
		device.loaded--;
	free(c);
}

static int deal_bits(const struct fill_deal *d)
{
	int bits = 0, i;

	for (i = 0; i < d->count; i++)
		bits |= 1 << d->kinds[i];
	return bits;
}

static void tally_case(const struct run_spec *spec, const struct run_outcome *o)
{
	static const char *const names[] = { "full-512", "full-1k", "causal-512", "causal-1k", "gqa-512", "gqa-768" };
	bool sampled = spec->rows == CHECKS_ROWS_KIND * spec->deal.count;
	size_t i;

	script.suite_rows += (int)o->rows;
	script.timed = script.timed || (!sampled && spec->deal.kinds[0] == FILL_NORMAL);
	script.others += !sampled && spec->deal.kinds[0] != FILL_NORMAL;
	script.repeated += spec->seed == script.last_seed;
	script.last_seed = spec->seed;
	for (i = 0; sampled && i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], spec->c->name) == 0)
			script.case_fills[script.timed][i] |= deal_bits(&spec->deal);
}

static void tally(const struct run_spec *spec, const struct run_outcome *o)
{
	if (strcmp(spec->c->name, "hidden") != 0)
		tally_case(spec, o);
	else
		script.hidden_fills |= deal_bits(&spec->deal);
	script.changed += spec->changed;
}

static void fake_run_one(struct run_outcome *o, const struct candidate *c, const struct run_spec *spec)
{
	memset(o, 0, sizeof(*o));
	o->verdict = VERDICT_PASSED;
	o->seconds = script.seconds[c->side] * case_flops(spec->c) / 1e9;
	o->digest = script.differs ? (uint64_t)script.runs : spec->seed;
	o->rows = spec->rows;
	if (c->side == 0 && ++script.runs == script.fail_at) {
		o->verdict = script.fail_with;
		snprintf(o->reason, sizeof(o->reason), "as scripted");
	}
	if (c->side == 1 && script.incumbent_fails)
		o->verdict = VERDICT_CRASHED;
	if (c->side == 0)
		tally(spec, o);
}

static enum avo_status fake_run(struct run_outcome *o, struct backend *b, struct candidate *const *who, int count,
				const struct run_spec *spec, struct error *err)
{
	int i;

	for (i = 0; i < count; i++)
		fake_run_one(&o[i], who[i], spec);
	return AVO_OK;
}

static double fake_peak(struct backend *b, const char *unit)
{
	return 1000;
}

static double fake_floor(struct backend *b, const struct task_case *c, bool sure)
{
	return script.floor_rate > 0 ? case_flops(c) / script.floor_rate : 0;
}

static const struct backend_ops fake = {
	.name = "cpu", .probe = fake_probe, .build = fake_build, .build_free = fake_build_free, .load = fake_load,
	.unload = fake_unload, .run = fake_run, .peak = fake_peak, .floor_seconds = fake_floor,
};

static cJSON *evaluate_with(struct script s, bool compare)
{
	static const struct sequential_plan plan = SEQUENTIAL_PLAN_DEFAULT;
	static char challenger[] = "challenger", incumbent[] = "incumbent", cache[] = "cache";
	struct job job = { .ops = &fake, .candidate = challenger, .incumbent = compare ? incumbent : NULL, .cache = cache, .plan = plan };
	struct job_progress progress = { .fd = open("/dev/null", O_WRONLY) };
	cJSON *result = cJSON_CreateObject();
	struct error err = { 0 };

	setenv("AVO_DATA_DIR", AVO_SRCDIR, 1);
	script = s;
	assert_int_equal(suite_load(&job.suite, "cpu", &err), AVO_OK);
	assert_int_equal(worker_evaluate(result, &device, &job, &progress, &err), AVO_OK);
	close(progress.fd);
	assert_int_equal(device.loaded, 0);
	return result;
}

static void is(const cJSON *result, const char *key, const char *want)
{
	assert_string_equal(json_str(result, key, "(missing)"), want);
}

static void a_seed_gets_samples_and_a_score(void **state)
{
	cJSON *r = evaluate_with((struct script){ .seconds = { 0.1, 0.1 } }, false);
	struct score score;

	is(r, "verdict", "passed");
	score_from_json(&score, r);
	assert_int_equal(score.count, 6);
	assert_int_equal(score.cases[0].n, 10);
	assert_true(fabs(score.geomean - 10) < 1e-9);	/* 1 GFLOP in 0.1 s */
	assert_null(json_get(r, "decision"));
	assert_true(fabs(json_num(r, "peak_fraction", 0) - 0.01) < 1e-12);
	cJSON_Delete(r);
}

static void enough_rows_of_the_suite_are_compared(void **state)
{
	cJSON *r = evaluate_with((struct script){ .seconds = { 0.1, 0.1 } }, false);

	assert_true(script.suite_rows >= 6905);
	cJSON_Delete(r);
	r = evaluate_with((struct script){ .seconds = { 0.2, 0.1 } }, true);
	assert_true(script.suite_rows >= 6905);		/* also when it is given up early */
	cJSON_Delete(r);
}

static void every_kind_of_values_is_tried(void **state)
{
	cJSON *r = evaluate_with((struct script){ .seconds = { 0.1, 0.1 } }, false);

	assert_int_equal(script.hidden_fills, (1 << FILL_COUNT) - 1);
	assert_true(script.changed >= 2);
	cJSON_Delete(r);
}

static void every_case_has_every_kind_at_its_own_size(void **state)
{
	cJSON *r = evaluate_with((struct script){ .seconds = { 0.1, 0.1 } }, false);
	int i, behind = 0;

	for (i = 0; i < 6; i++) {
		assert_int_equal(script.case_fills[0][i], (1 << FILL_COUNT) - 1);
		assert_true(script.case_fills[1][i] != 0);
		behind |= script.case_fills[1][i];
	}
	assert_int_equal(behind, (1 << FILL_COUNT) - 1);
	assert_int_equal(script.repeated, 2);		/* one case before, one behind */
	cJSON_Delete(r);
}

static void other_values_are_timed_apart(void **state)
{
	int seen = 0, i;

	for (i = 0; i < 5; i++) {
		cJSON *r = evaluate_with((struct script){ .seconds = { 0.1, 0.1 } }, i % 2);
		const cJSON *worst = json_obj(r, "worst_case");
		struct score score;

		seen += script.others;
		assert_int_equal(!!worst, script.others > 0);
		if (worst)
			assert_true(fabs(json_num(worst, "ratio", 0) - 1) < 1e-9 && json_int(worst, "runs", 0) == script.others);
		assert_true(json_int(json_obj(r, "sampled"), "rows", 0) >= 6905);
		assert_true(json_int(json_obj(r, "sampled"), "calls", 0) == script.runs);
		score_from_json(&score, r);
		assert_int_equal(score.cases[0].n, 10);
		cJSON_Delete(r);
	}
	assert_true(seen > 5);
}

/* What a set of shapes reaches that the suite has not. */
enum reach {
	BATCHES = 1, HEADS = 2, GROUPS = 4, ODD_WITHIN = 8, EVEN_WITHIN = 16, BEYOND = 32, DECODE = 64, LONG_CACHE = 128, MORE_QUERIES = 256,
	BATCHES_WITHIN = 512, HEADS_WITHIN = 1024, ONE = 2048, ALL_REACHED = 4095,
};

static int reached_by(const struct task_case *c, int shortest, int longest)
{
	bool within = c->q_len == c->kv_len && c->q_len >= shortest / 2 && c->q_len <= longest;

	return (c->batch >= 3 ? BATCHES : 0) | (c->kv_heads >= 3 ? HEADS : 0) | (c->q_heads / c->kv_heads > 4 ? GROUPS : 0) |
	       (within && c->q_len % 2 ? ODD_WITHIN : 0) | (within && c->q_len % 64 == 0 ? EVEN_WITHIN : 0) |
	       (c->q_len > longest ? BEYOND : 0) | (c->q_len == 1 && c->kv_len >= longest / 2 ? DECODE : 0) |
	       (c->kv_len > longest && c->q_len < c->kv_len ? LONG_CACHE : 0) | (c->q_len > c->kv_len ? MORE_QUERIES : 0) |
	       (within && c->batch > 1 ? BATCHES_WITHIN : 0) | (within && c->kv_heads > 2 ? HEADS_WITHIN : 0) | (c->kv_len == 1 ? ONE : 0);
}

static void hidden_shapes_overlap_and_exceed(const char *name, int shortest, int longest)
{
	struct random_source seeds = { .key = 11 };
	size_t q_elements = 0, kv_elements = 0;
	struct check list[CHECKS_MAX];
	int round, i, n, all = 0;
	struct suite suite;

	assert_int_equal(suite_load(&suite, name, NULL), AVO_OK);
	shapes_extents(&q_elements, &kv_elements, &suite);
	for (round = 0; round < 300; round++) {
		int reached = 0;

		n = checks_draw(list, &suite, &seeds, false);
		for (i = 0; i < n; i++) {
			reached |= reached_by(&list[i].c, shortest, longest);
			assert_true(case_q_elements(&list[i].c) <= q_elements && case_kv_elements(&list[i].c) <= kv_elements);
		}
		/* every verdict has these; the others depend on which length is drawn */
		assert_int_equal(reached & (ALL_REACHED - LONG_CACHE), ALL_REACHED - LONG_CACHE);
		all |= reached;
	}
	assert_int_equal(all, ALL_REACHED);
}

static void hidden_shapes_reach_everything(void **state)
{
	hidden_shapes_overlap_and_exceed("cpu", 512, 1024);
	hidden_shapes_overlap_and_exceed("cpu-quick", 128, 192);
	hidden_shapes_overlap_and_exceed("mha", 4096, 32768);
}

static void a_faster_challenger_is_improved(void **state)
{
	cJSON *r = evaluate_with((struct script){ .seconds = { 0.08, 0.1 } }, true);
	struct score score;

	is(r, "decision", "improved");
	assert_true(fabs(json_num(r, "ratio", 0) - 1.25) < 1e-9);
	assert_int_equal(json_int(r, "pairs", 0), 3);
	assert_int_equal(cJSON_GetArraySize(json_arr(r, "pair_ratios")), 3);
	score_from_json(&score, r);
	assert_int_equal(score.cases[0].n, 10);
	score_from_json(&score, json_obj(r, "incumbent_scores"));
	assert_int_equal(score.cases[0].n, 6);
	assert_true(fabs(json_num(json_obj(r, "incumbent_scores"), "geomean", 0) - 10) < 1e-9);
	cJSON_Delete(r);
}

static void a_slower_challenger_is_given_up_after_two_rounds(void **state)
{
	cJSON *r = evaluate_with((struct script){ .seconds = { 0.2, 0.1 } }, true);

	is(r, "verdict", "passed");
	is(r, "decision", "regressed");
	assert_int_equal(json_int(r, "pairs", 0), 2);
	cJSON_Delete(r);
}

static void the_same_is_matched(void **state)
{
	cJSON *r = evaluate_with((struct script){ .seconds = { 0.1, 0.1 } }, true);

	is(r, "decision", "matched");
	cJSON_Delete(r);
}

static void faster_than_physics_is_cheated(void **state)
{
	cJSON *r = evaluate_with((struct script){ .seconds = { 0.0001, 0.1 }, .floor_rate = 1e12 }, false);

	is(r, "verdict", "cheated");
	is(r, "rule", "faster-than-physics");
	assert_non_null(strstr(json_str(r, "evidence", ""), "full-512"));
	assert_null(json_get(r, "scores"));
	cJSON_Delete(r);
}

static void a_failure_at_any_run_decides(void **state)
{
	static const enum verdict verdicts[] = { VERDICT_INCORRECT, VERDICT_CRASHED, VERDICT_TIMED_OUT, VERDICT_CHEATED };
	/* a hidden check, a suite's case, a timed run, the last check */
	static const int runs[] = { 1, 15, 40, 84 };
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(verdicts); i++)
		for (j = 0; j < ARRAY_LEN(runs); j++) {
			cJSON *r = evaluate_with((struct script){ .seconds = { 0.1, 0.1 }, .fail_at = runs[j], .fail_with = verdicts[i] }, false);

			is(r, "verdict", verdict_name(verdicts[i]));
			is(r, "reason", "as scripted");
			assert_int_equal(script.runs, runs[j]);
			assert_null(json_get(r, "scores"));
			cJSON_Delete(r);
		}
}

static void bits_that_differ_are_incorrect(void **state)
{
	cJSON *r = evaluate_with((struct script){ .seconds = { 0.1, 0.1 }, .differs = true }, false);

	is(r, "verdict", "incorrect");
	cJSON_Delete(r);
}

static void an_incumbent_that_fails_is_not_the_challengers_fault(void **state)
{
	cJSON *r = evaluate_with((struct script){ .seconds = { 0.1, 0.1 }, .incumbent_fails = true }, true);

	is(r, "verdict", "evaluator-fault");
	assert_non_null(strstr(json_str(r, "reason", ""), "incumbent"));
	cJSON_Delete(r);
}

static void a_failed_build_says_why(void **state)
{
	cJSON *r = evaluate_with((struct script){ .build_fails = true }, true);

	is(r, "verdict", "build-failed");
	is(r, "reason", "error: no such thing");
	is(json_obj(r, "build"), "error", "error: no such thing");
	cJSON_Delete(r);
}

static void hidden_shapes_are_legal_and_differ(void **state)
{
	struct random_source seeds = { .key = 7 };
	struct check list[CHECKS_MAX];
	struct suite suite;
	int round, i, n, ragged = 0, grouped = 0, other_dims = 0;

	assert_int_equal(suite_load(&suite, "cpu", NULL), AVO_OK);
	for (round = 0; round < 200; round++) {
		n = checks_draw(list, &suite, &seeds, round % 2);
		assert_true(n > 0 && n <= CHECKS_MAX);
		for (i = 0; i < n; i++) {
			const struct task_case *c = &list[i].c;

			assert_true(c->q_len >= 1 && c->kv_len >= 1 && c->q_heads % c->kv_heads == 0);
			assert_true(c->head_dim % 16 == 0 && c->head_dim <= 256);
			assert_true(!c->causal || c->kv_len >= c->q_len);
			ragged += c->q_len != c->kv_len;
			grouped += c->q_heads != c->kv_heads;
			other_dims += c->head_dim != 64;
		}
	}
	assert_true(ragged > 400 && grouped > 400 && other_dims > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_gets_samples_and_a_score),
		cmocka_unit_test(enough_rows_of_the_suite_are_compared),
		cmocka_unit_test(every_kind_of_values_is_tried),
		cmocka_unit_test(every_case_has_every_kind_at_its_own_size),
		cmocka_unit_test(other_values_are_timed_apart),
		cmocka_unit_test(hidden_shapes_reach_everything),
		cmocka_unit_test(a_faster_challenger_is_improved),
		cmocka_unit_test(a_slower_challenger_is_given_up_after_two_rounds),
		cmocka_unit_test(the_same_is_matched),
		cmocka_unit_test(faster_than_physics_is_cheated),
		cmocka_unit_test(a_failure_at_any_run_decides),
		cmocka_unit_test(bits_that_differ_are_incorrect),
		cmocka_unit_test(an_incumbent_that_fails_is_not_the_challengers_fault),
		cmocka_unit_test(a_failed_build_says_why),
		cmocka_unit_test(hidden_shapes_are_legal_and_differ),
	};

	return cmocka_run_group_tests_name("evaluate", tests, NULL, NULL);
}
