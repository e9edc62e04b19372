#include "avo.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "parts.h"

#include <time.h>

/* usage: gpu_tests [REPORT [seeds|repeats|redteam|timing ...]]; $AVO_WORKER names avo-worker. Without a GPU: one line that says so. */

static void stamp(cJSON *report)
{
	char text[32];
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	json_set_str(report, "date", text);
}

/* False where there is no GPU: the worker says why. */
static bool describe_device(struct gpu_test *t)
{
	char *dir = gpu_seed("sm80");
	cJSON *result = gpu_job(t, "evaluate", "quick", dir, NULL, 0);
	const char *device = json_str(result, "device", NULL);

	stamp(t->report);
	json_set_str(t->report, "device", device);
	json_set(t->report, "worker", cJSON_Duplicate(evaluator_hello(t->evaluator), true));
	json_set(t->report, "telemetry", cJSON_Duplicate(json_get(result, "telemetry"), true));
	if (!device)
		printf("1..0 # SKIP %s\n", json_str(result, "reason", "no GPU"));
	cJSON_Delete(result);
	free(dir);
	return device;
}

static bool wanted(int argc, char **argv, const char *part)
{
	int i;

	for (i = 2; i < argc; i++)
		if (strcmp(argv[i], part) == 0)
			return true;
	return argc < 3;
}

static int write_report(const struct gpu_test *t, const char *path)
{
	struct error err = { 0 };
	char *text = cJSON_Print(t->report), *line = xasprintf("%s\n", text);
	enum avo_status st = path_write_atomic(path, line, strlen(line), 0644, &err);

	if (st != AVO_OK)
		printf("# %s\n", err.text);
	cJSON_free(text);
	free(line);
	return st != AVO_OK;
}

static bool open_worker(struct gpu_test *t)
{
	const char *worker = getenv("AVO_WORKER"), *top = getenv("AVO_TOP_BUILDDIR");
	char *command = worker ? xstrdup(worker) : xasprintf("%s/avo-worker", top ? top : ".");
	struct error err = { 0 };
	bool good = path_temp_dir(&t->scratch, "/tmp", "avo-gpu-", &err) == AVO_OK && loop_new(&t->loop, &err) == AVO_OK &&
		    evaluator_new(&t->evaluator, t->loop, command, &err) == AVO_OK;

	if (good)
		t->cache = path_join(t->scratch, "cache");
	else
		printf("Bail out! %s\n", err.text);
	free(command);
	return good;
}

int main(int argc, char **argv)
{
	struct gpu_test t = { .report = cJSON_CreateObject() };
	int status = 1;

	log_set_fd(-1);
	if (!open_worker(&t))
		goto out;
	status = 0;
	if (!describe_device(&t))
		goto out;
	if (wanted(argc, argv, "seeds"))
		gpu_test_seeds(&t);
	if (wanted(argc, argv, "repeats"))
		gpu_test_repeats(&t);
	if (wanted(argc, argv, "redteam"))
		gpu_test_redteam(&t);
	if (wanted(argc, argv, "timing"))
		gpu_test_timing(&t);
	json_set_int(t.report, "tests", t.count);
	json_set_int(t.report, "failed", t.failed);
	printf("1..%d\n", t.count);
	status = t.failed != 0;
	if (argc > 1)
		status |= write_report(&t, argv[1]);
out:
	evaluator_free(t.evaluator);
	loop_free(t.loop);
	if (t.scratch)
		path_remove_tree(t.scratch, NULL);
	free(t.scratch);
	free(t.cache);
	cJSON_Delete(t.report);
	return status;
}
