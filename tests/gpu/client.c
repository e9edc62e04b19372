#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "parts.h"

#include <stdarg.h>

#define JOB_MS (10 * 60 * 1000)

struct waiting {
	struct gpu_test *test;
	cJSON *result;
};

static void on_progress(void *arg, const char *stage, int done, int total)
{
	struct gpu_test *t = ((struct waiting *)arg)->test;

	if (!t->first_check_ms && done > 0 && strcmp(stage, "check") == 0)
		t->first_check_ms = clock_mono_ms();
}

static void on_done(void *arg, const cJSON *result)
{
	struct waiting *w = arg;

	w->result = cJSON_Duplicate(result, true);
}

cJSON *gpu_request(const struct gpu_test *t, const char *op, const char *suite)
{
	cJSON *request = cJSON_CreateObject();

	json_set_str(request, "op", op);
	json_set_str(request, "backend", "cuda");
	json_set_str(request, "suite", suite);
	json_set_str(request, "cache", t->cache);
	return request;
}

cJSON *gpu_submit(struct gpu_test *t, cJSON *request)
{
	static const struct evaluation_callbacks callbacks = { .progress = on_progress, .done = on_done };
	struct waiting w = { .test = t };

	t->submitted_ms = clock_mono_ms();
	t->first_check_ms = 0;
	evaluator_submit(t->evaluator, request, JOB_MS, &callbacks, &w);
	while (!w.result)
		loop_once(t->loop, 1000);
	t->done_ms = clock_mono_ms();
	return w.result;
}

cJSON *gpu_job(struct gpu_test *t, const char *op, const char *suite, const char *candidate, const char *incumbent, int pairs)
{
	cJSON *request = gpu_request(t, op, suite);

	json_set_str(request, "candidate", candidate);
	json_set_str(request, "incumbent", incumbent);
	if (pairs) {
		json_set_int(request, "min_pairs", pairs);
		json_set_int(request, "max_pairs", pairs);
	}
	return gpu_submit(t, request);
}

void gpu_ok(struct gpu_test *t, bool good, const char *fmt, ...)
{
	va_list args;

	printf("%sok %d - ", good ? "" : "not ", ++t->count);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	t->failed += !good;
}

char *gpu_seed(const char *name)
{
	char *relative = xasprintf("kernels/attention/%s", name), *dir = path_data(relative);

	free(relative);
	return dir;
}

cJSON *gpu_summary(const cJSON *result)
{
	static const char *const kept[] = {
		"verdict", "reason", "rule", "unit", "geomean", "scores", "decision", "ratio", "ratio_ci", "confidence", "pairs",
		"incumbent_scores", "ms", "peak_fraction", "telemetry",
	};
	cJSON *obj = cJSON_CreateObject();
	size_t i;

	for (i = 0; i < ARRAY_LEN(kept); i++)
		if (json_get(result, kept[i]))
			json_set(obj, kept[i], cJSON_Duplicate(json_get(result, kept[i]), true));
	return obj;
}
