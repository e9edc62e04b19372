#include "avo.h"
#include "parts.h"

#include <math.h>

#define AA_PAIRS 30
#define AA_WITHIN 0.005
#define VERDICT_MS 10000

static const char *best_seed(const struct gpu_test *t)
{
	return strstr(json_str(t->report, "device", ""), "sm_90") ? "sm90a" : "sm80";
}

/* A seed against itself: what the comparison calls a difference where there is none. */
static void test_same(struct gpu_test *t, const char *seed)
{
	char *dir = gpu_seed(seed);
	cJSON *result = gpu_job(t, "evaluate", "mha", dir, dir, AA_PAIRS), *entry = gpu_summary(result);
	const cJSON *ci = json_arr(result, "ratio_ci");
	double lo = ci ? cJSON_GetArrayItem(ci, 0)->valuedouble : NAN, hi = ci ? cJSON_GetArrayItem(ci, 1)->valuedouble : NAN;

	json_set_str(entry, "seed", seed);
	json_set(entry, "pair_ratios", cJSON_Duplicate(json_get(result, "pair_ratios"), true));
	gpu_ok(t, lo >= 1 - AA_WITHIN && hi <= 1 + AA_WITHIN, "A/A of %s over %lld pairs: %.5f, 95%% interval %.5f to %.5f, %s", seed,
	       (long long)json_int(result, "pairs", 0), json_num(result, "ratio", NAN), lo, hi, json_str(result, "decision", "?"));
	json_set(t->report, "same_against_same", entry);
	cJSON_Delete(result);
	free(dir);
}

static void print_seconds(const cJSON *ms)
{
	const cJSON *stage;

	printf("# where the time goes (ms):");
	cJSON_ArrayForEach(stage, ms)
		printf(" %s %.0f", stage->string, stage->valuedouble);
	putchar('\n');
}

/* A full verdict on the paper's suite, with an incumbent, as the engine asks for it. */
static void test_verdict_time(struct gpu_test *t, const char *seed)
{
	char *challenger = gpu_seed(seed), *incumbent = gpu_seed("sm80");
	cJSON *result = gpu_job(t, "evaluate", "mha", challenger, incumbent, 0), *entry = gpu_summary(result);
	int64_t ms = t->done_ms - t->submitted_ms;

	json_set_str(entry, "challenger", seed);
	json_set_str(entry, "incumbent", "sm80");
	json_set_int(entry, "wall_ms", ms);
	gpu_ok(t, ms <= VERDICT_MS && strcmp(json_str(result, "verdict", ""), "passed") == 0,
	       "a verdict on mha with an incumbent takes %lld ms: %s, x%.3f over %lld pairs", (long long)ms, json_str(result, "decision", "?"),
	       json_num(result, "ratio", NAN), (long long)json_int(result, "pairs", 0));
	print_seconds(json_obj(result, "ms"));
	json_set(t->report, "verdict_with_incumbent", entry);
	cJSON_Delete(result);
	free(challenger);
	free(incumbent);
}

static void test_counters(struct gpu_test *t, const char *seed)
{
	char *dir = gpu_seed(seed);
	cJSON *result = gpu_job(t, "profile", "mha", dir, NULL, 0);
	int launches = cJSON_GetArraySize(json_arr(result, "launches"));
	int counters = cJSON_GetArraySize(json_arr(result, "counters"));

	gpu_ok(t, launches > 0, "profile of %s: %d launches, %d counters %s", seed, launches, counters, json_str(result, "counters_absent", ""));
	cJSON_DeleteItemFromObjectCaseSensitive(result, "id");
	cJSON_DeleteItemFromObjectCaseSensitive(result, "event");
	json_set_num(result, "wall_s", (double)(t->done_ms - t->submitted_ms) / 1e3);
	json_set(t->report, "profile", result);
	free(dir);
}

void gpu_test_timing(struct gpu_test *t)
{
	const char *seed = best_seed(t);

	test_same(t, seed);
	test_verdict_time(t, seed);
	gpu_test_baselines(t, seed);
	test_counters(t, seed);
}
