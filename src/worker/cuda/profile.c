#include "avo.h"
#include "base/json.h"
#include "worker/cuda/counters.h"
#include "worker/cuda/driver.h"
#include "worker/cuda/profile.h"

#include <math.h>

struct launched {
	const struct runnable *what;
	CUstream stream;
};

static enum avo_status launch_and_wait(void *arg, struct error *err)
{
	struct launched *l = arg;
	CUresult result = runnable_launch(l->what, l->stream, err);

	if (result == CUDA_SUCCESS)
		result = cu()->cuStreamSynchronize(l->stream);
	return cuda_check(result, "the profiled kernel", err);
}

static void add_counters(cJSON *out, const struct profiled *p, struct launched *l)
{
	struct counter counters[METRICS_MAX];
	int count = 0, passes = 0, i;
	struct error why;
	cJSON *list;

	if (counters_collect(counters, &count, &passes, p->context, p->device, launch_and_wait, l, &why) != AVO_OK) {
		json_set_str(out, "counters_absent", why.text);
		return;
	}
	list = cJSON_CreateArray();
	for (i = 0; i < count; i++) {
		cJSON *c = cJSON_CreateObject();

		json_set_str(c, "id", counters[i].metric->id);
		json_set_str(c, "label", counters[i].metric->label);
		json_set_str(c, "group", metric_group_name(counters[i].metric->group));
		json_set_str(c, "unit", counters[i].metric->unit);
		json_set_num(c, "value", counters[i].valid ? counters[i].value : NAN);
		json_push(list, c);
	}
	json_set(out, "counters", list);
	json_set_int(out, "passes", passes);
}

static void add_records(cJSON *out, struct launched *l)
{
	struct kernel_record records[KERNEL_RECORDS_MAX];
	int count = 0, i;
	struct error why;
	cJSON *list;

	if (counters_activity(records, &count, launch_and_wait, l, &why) != AVO_OK) {
		json_set_str(out, "activity_absent", why.text);
		return;
	}
	list = cJSON_CreateArray();
	for (i = 0; i < count; i++) {
		cJSON *k = cJSON_CreateObject();

		json_set_str(k, "kernel", records[i].name);
		json_set_num(k, "us", records[i].duration_ns / 1000);
		json_set_int(k, "registers", records[i].registers);
		json_set_int(k, "dynamic_shared", records[i].dynamic_shared);
		json_set_int(k, "local_per_thread", records[i].local_per_thread);
		json_push(list, k);
	}
	json_set(out, "activity", list);
}

static void add_facts(cJSON *out, const struct runnable *what)
{
	struct launch_facts facts[AVO_PLAN_LAUNCHES];
	cJSON *list = cJSON_CreateArray();
	int count = what->set ? launch_describe(facts, what->set) : 0, i;

	for (i = 0; i < count; i++) {
		cJSON *k = cJSON_CreateObject();

		json_set_str(k, "kernel", facts[i].kernel);
		json_set_int(k, "registers", facts[i].registers);
		json_set_int(k, "local_bytes", facts[i].local_bytes);
		json_set_int(k, "static_shared", facts[i].static_shared);
		json_set_int(k, "dynamic_shared", facts[i].dynamic_shared);
		json_set_int(k, "max_threads", facts[i].max_threads);
		json_set_int(k, "blocks_per_sm", facts[i].blocks_per_sm);
		json_set_int(k, "grid", (int64_t)facts[i].grid[0] * facts[i].grid[1] * facts[i].grid[2]);
		json_set_int(k, "block", (int64_t)facts[i].block[0] * facts[i].block[1] * facts[i].block[2]);
		json_push(list, k);
	}
	json_set(out, "launches", list);
}

static enum avo_status print(char *text, size_t size, const cJSON *out, struct error *err)
{
	char *printed = json_print_new(out);
	enum avo_status st = AVO_OK;

	if (strlen(printed) < size)
		strcpy(text, printed);
	else
		st = error_set(err, AVO_ENVIRONMENT, "the profile is too long for its message");
	free(printed);
	return st;
}

static enum avo_status describe(char *text, size_t size, const struct profiled *p, struct launched *l, struct error *err)
{
	cJSON *out = cJSON_CreateObject();
	enum avo_status st;

	add_facts(out, l->what);
	add_records(out, l);
	add_counters(out, p, l);
	st = print(text, size, out, err);
	cJSON_Delete(out);
	return st;
}

enum avo_status profile_text(char *text, size_t size, const struct profiled *p, struct error *err)
{
	struct run_outcome outcome = { .verdict = VERDICT_PASSED };
	struct runnable what = { 0 };
	struct launched l = { &what, p->stream };
	enum avo_status st;

	gpu_values_begin(p->values, p->request);
	st = slot_prepare(&what, &outcome, p->slot, p->values, &p->request->c, p->plan, p->stream, err);
	if (st == AVO_OK && outcome.verdict != VERDICT_PASSED)
		st = error_set(err, AVO_NEGATIVE, "%s", outcome.reason);
	if (st == AVO_OK)
		st = launch_and_wait(&l, err);
	if (st == AVO_OK)
		st = describe(text, size, p, &l, err);
	runnable_release(&what);
	return st;
}
