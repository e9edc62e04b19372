#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "parts.h"
#include "score/stats.h"

#define VERDICT_MEDIAN_MS 3000

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

/* Where one and the same file is evaluated many times, every verdict must be the same. */
static const struct {
	const char *seed, *incumbent, *suite;
	int cc_major;
} repeated[] = {
	{ "sm80", NULL, "quick", 8 },
	{ "sm90a", NULL, "quick", 9 },
	{ "sm90a", "sm80", "mha", 9 },
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

static bool runs_here(int wanted, int major)
{
	return wanted == 8 ? major >= 8 : major == wanted;
}

void gpu_test_seeds(struct gpu_test *t)
{
	cJSON *list = cJSON_CreateArray();
	int major = device_major(t);
	size_t s, i;

	for (s = 0; s < ARRAY_LEN(seeds); s++) {
		if (!runs_here(seeds[s].cc_major, major)) {
			printf("ok %d - seed %s # SKIP it needs compute capability %d, this device has %d\n", ++t->count, seeds[s].seed,
			       seeds[s].cc_major, major);
			continue;
		}
		for (i = 0; i < ARRAY_LEN(seeds[s].suites) && seeds[s].suites[i]; i++)
			one_seed(t, list, seeds[s].seed, seeds[s].suites[i]);
	}
	json_set(t->report, "seeds", list);
}

/* The same evaluation again and again; what was not passed is kept with its reason. */
static void repeat(struct gpu_test *t, cJSON *entry, const char *seed, const char *incumbent, const char *suite)
{
	char *dir = gpu_seed(seed), *other = incumbent ? gpu_seed(incumbent) : NULL;
	cJSON *failures = cJSON_CreateArray();
	double ms[GPU_REPEATS];
	int passed = 0, i;

	for (i = 0; i < GPU_REPEATS; i++) {
		cJSON *result = gpu_job(t, "evaluate", suite, dir, other, 0);
		bool good = strcmp(json_str(result, "verdict", ""), "passed") == 0;

		passed += good;
		ms[i] = (double)(t->done_ms - t->submitted_ms);
		if (!good)
			json_push(failures, gpu_summary(result));
		cJSON_Delete(result);
	}
	json_set_int(entry, "passed", passed);
	json_set_int(entry, "of", GPU_REPEATS);
	json_set_num(entry, "median_ms", stats_median(ms, GPU_REPEATS));
	json_set(entry, "wall_ms", cJSON_CreateDoubleArray(ms, GPU_REPEATS));
	json_set(entry, "failures", failures);
	gpu_ok(t, passed == GPU_REPEATS, "%s%s%s on %s: passed %d of %d, median %.0f ms", seed, other ? " beside " : "", other ? incumbent : "", suite,
	       passed, GPU_REPEATS, stats_median(ms, GPU_REPEATS));
	if (other)
		gpu_ok(t, stats_median(ms, GPU_REPEATS) <= VERDICT_MEDIAN_MS, "a verdict with an incumbent on %s takes %.0f ms, at most %d", suite,
		       stats_median(ms, GPU_REPEATS), VERDICT_MEDIAN_MS);
	free(dir);
	free(other);
}

void gpu_test_repeats(struct gpu_test *t)
{
	cJSON *list = cJSON_CreateArray();
	size_t i;

	for (i = 0; i < ARRAY_LEN(repeated); i++) {
		cJSON *entry;

		if (!runs_here(repeated[i].cc_major, device_major(t)))
			continue;
		entry = cJSON_CreateObject();
		json_set_str(entry, "seed", repeated[i].seed);
		json_set_str(entry, "incumbent", repeated[i].incumbent);
		json_set_str(entry, "suite", repeated[i].suite);
		repeat(t, entry, repeated[i].seed, repeated[i].incumbent, repeated[i].suite);
		json_push(list, entry);
	}
	json_set(t->report, "repeats", list);
}
