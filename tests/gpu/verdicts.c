#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "parts.h"
#include "score/redteam.h"

#define BACK_WITHIN_MS 5000

/* The reference is not meant to be fast: it gets the short suite only. */
static const struct {
	const char *seed;
	int cc_major;		/* runs on exactly this, or on 8 and above when 8 */
	const char *suites[5];
} seeds[] = {
	{ "reference", 8, { "quick" } },
	{ "sm80", 8, { "quick", "mha", "gqa4", "gqa8" } },
	{ "sm90a", 9, { "quick", "mha", "gqa4", "gqa8" } },
	{ "sm100a", 10, { "quick", "mha", "gqa4", "gqa8" } },
};

static int device_major(const struct gpu_test *t)
{
	const char *arch = strstr(json_str(t->report, "device", ""), "sm_");
	int n = arch ? atoi(arch + 3) : 0;

	return n / 10;
}

static void one_seed(struct gpu_test *t, cJSON *list, const char *seed, const char *suite)
{
	char *dir = gpu_seed(seed);
	cJSON *result = gpu_job(t, "evaluate", suite, dir, NULL, 0), *entry = gpu_summary(result);
	bool passed = strcmp(json_str(result, "verdict", ""), "passed") == 0;

	json_set_str(entry, "seed", seed);
	json_set_str(entry, "suite", suite);
	json_set_num(entry, "wall_s", (double)(t->done_ms - t->submitted_ms) / 1e3);
	json_push(list, entry);
	gpu_ok(t, passed, "seed %s passes %s: %s%s %.1f %s", seed, suite, json_str(result, "verdict", "?"), passed ? "," : json_str(result, "reason", ""),
	       json_num(result, "geomean", 0), json_str(result, "unit", ""));
	cJSON_Delete(result);
	free(dir);
}

void gpu_test_seeds(struct gpu_test *t)
{
	cJSON *list = cJSON_CreateArray();
	int major = device_major(t);
	size_t s, i;

	for (s = 0; s < ARRAY_LEN(seeds); s++) {
		bool runs = seeds[s].cc_major == 8 ? major >= 8 : major == seeds[s].cc_major;

		if (!runs) {
			printf("ok %d - seed %s # SKIP it needs compute capability %d, this device has %d\n", ++t->count, seeds[s].seed,
			       seeds[s].cc_major, major);
			continue;
		}
		for (i = 0; i < ARRAY_LEN(seeds[s].suites) && seeds[s].suites[i]; i++)
			one_seed(t, list, seeds[s].seed, seeds[s].suites[i]);
	}
	json_set(t->report, "seeds", list);
}

/* How long the next candidate waits for the GPU after one that hung or broke the context. */
static void measure_recovery(struct gpu_test *t, cJSON *entry, const char *after, const char *honest)
{
	cJSON *result = gpu_job(t, "evaluate", "quick", honest, NULL, 0);
	int64_t ms = t->first_check_ms ? t->first_check_ms - t->submitted_ms : INT64_MAX;

	json_set_int(entry, "next_run_ms", ms);
	gpu_ok(t, ms <= BACK_WITHIN_MS && strcmp(json_str(result, "verdict", ""), "passed") == 0,
	       "after %s the next candidate has run within %lld ms and is %s", after, (long long)ms, json_str(result, "verdict", "?"));
	cJSON_Delete(result);
}

static void one_bad(struct gpu_test *t, cJSON *list, const struct redteam_case *c, const char *honest)
{
	char *dir = path_join(t->scratch, c->name), got[400];
	struct redteam_tally tally = { 0 };
	struct error err = { 0 };
	cJSON *result, *entry = cJSON_CreateObject();
	bool good;

	if (redteam_stage(c, dir, &err) != AVO_OK) {
		gpu_ok(t, false, "%s: %s", c->name, err.text);
		cJSON_Delete(entry);
		free(dir);
		return;
	}
	result = gpu_job(t, "evaluate", "quick", dir, NULL, 0);
	redteam_judge(got, sizeof(got), &tally, c, result);
	good = redteam_holds(c, &tally);
	json_set_str(entry, "candidate", c->name);
	json_set_str(entry, "must_be", c->verdict);
	json_set_str(entry, "check", c->check);
	json_set_str(entry, "got", got);
	json_set_bool(entry, "ok", good);
	json_set_num(entry, "wall_s", (double)(t->done_ms - t->submitted_ms) / 1e3);
	gpu_ok(t, good, "%s must be %s %s by %s, is %s", c->name, c->verdict, c->rule, c->check, got);
	if (strncmp(got, "timed-out", 9) == 0 || strstr(got, "illegal") || strstr(got, "misaligned"))
		measure_recovery(t, entry, c->name, honest);
	json_push(list, entry);
	cJSON_Delete(result);
	free(dir);
}

void gpu_test_redteam(struct gpu_test *t)
{
	cJSON *list = cJSON_CreateArray();
	char *honest = gpu_seed("sm80");
	struct redteam team;
	struct error err = { 0 };
	int i;

	if (redteam_load(&team, "cuda", &err) != AVO_OK)
		gpu_ok(t, false, "%s", err.text);
	for (i = 0; i < team.count; i++)
		one_bad(t, list, &team.cases[i], honest);
	redteam_release(&team);
	json_set(t->report, "redteam", list);
	free(honest);
}
