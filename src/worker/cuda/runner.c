#include "avo.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "worker/cuda/counters.h"
#include "worker/cuda/driver.h"
#include "worker/cuda/runner.h"
#include "worker/cuda/slots.h"
#include "worker/cuda/values.h"
#include "worker/random.h"

#include <errno.h>
#include <math.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_FD 3
/*
 * The card is power-capped under attention load: a pause before each timed run,
 * as long as the last one took (within these bounds), keeps the clock steadier than
 * back-to-back runs, the same for both sides of a comparison.
 */
#define REST_MIN_NS 1000000
#define REST_MAX_NS 20000000

struct runner {
	CUcontext context;
	int device;
	CUstream stream;
	CUevent start, stop;
	struct gpu_values *values;
	struct slot slots[RUNNER_SLOTS];
	struct runner_reply reply;
	int64_t last_run_ns;
};

static void send_reply(struct runner *r, enum runner_reply_kind kind, unsigned index)
{
	r->reply.kind = kind;
	r->reply.index = index;
	while (send(REQUEST_FD, &r->reply, sizeof(r->reply), MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			_exit(0);	/* the worker is gone */
}

static void reply_failed(struct runner *r, const struct error *err)
{
	snprintf(r->reply.text, sizeof(r->reply.text), "%s", err->text);
	send_reply(r, RUNNER_FAILED, 0);
}

/* ---- one timed run ------------------------------------------------------------------ */

static void rest(const struct runner *r)
{
	int64_t ns = r->last_run_ns < REST_MIN_NS ? REST_MIN_NS : r->last_run_ns > REST_MAX_NS ? REST_MAX_NS : r->last_run_ns;
	struct timespec ts = { .tv_nsec = ns };

	nanosleep(&ts, NULL);
}

static void crashed(struct run_outcome *o, CUresult result)
{
	struct error why;

	cuda_check(result, "the kernel failed", &why);
	o->verdict = VERDICT_CRASHED;
	o->seconds = NAN;
	snprintf(o->reason, sizeof(o->reason), "%.250s", why.text);
}

/* Events and the host's clock must tell the same story. */
static void judge_clocks(struct run_outcome *o)
{
	if (o->seconds > 0 && o->wall_seconds >= o->seconds * 0.999 && o->wall_seconds < o->seconds * 1.05 + 300e-6)
		return;
	o->verdict = VERDICT_EVALUATOR_FAULT;
	snprintf(o->reason, sizeof(o->reason), "the GPU's events say %.1f us, the host's clock %.1f us", o->seconds * 1e6, o->wall_seconds * 1e6);
}

/* Waits for what was launched; AVO_NEGATIVE: the context is broken, outcome holds why, and the process must end. */
static enum avo_status wait_launched(struct run_outcome *o, struct runner *r, CUresult launched)
{
	CUresult result = launched == CUDA_SUCCESS ? cu()->cuEventSynchronize(r->stop) : launched;

	if (result == CUDA_SUCCESS)
		return AVO_OK;
	crashed(o, result);
	return cuda_is_sticky(result) ? AVO_NEGATIVE : AVO_OK;
}

/*
 * The flush keeps the GPU busy while the host records the first event and
 * launches: what the launches cost the host is not in the time.
 */
static enum avo_status time_one(struct run_outcome *o, struct runner *r, const struct runnable *what, struct error *err)
{
	enum avo_status st;
	CUresult result;
	int64_t begun;
	float ms = NAN;

	rest(r);
	st = cuda_check(cu()->cuStreamSynchronize(r->stream), "preparing a run", err);
	if (st == AVO_OK)
		st = gpu_values_flush(r->values, err);
	if (st != AVO_OK)
		return st;
	begun = clock_mono_ns();
	cu()->cuEventRecord(r->start, r->stream);
	result = runnable_launch(what, r->stream, err);
	cu()->cuEventRecord(r->stop, r->stream);
	st = wait_launched(o, r, result);
	r->last_run_ns = clock_mono_ns() - begun;
	if (st != AVO_OK || o->verdict != VERDICT_PASSED)
		return st;
	st = cuda_check(cu()->cuEventElapsedTime(&ms, r->start, r->stop), "reading the time of a run", err);
	o->seconds = ms * 1e-3;
	o->wall_seconds = (double)r->last_run_ns * 1e-9;
	judge_clocks(o);
	return st == AVO_OK ? gpu_values_inputs(o, r->values, err) : st;
}

/* The context is gone, and this process with it; outcomes[i] says why. */
static void leave(struct runner *r, unsigned i)
{
	send_reply(r, RUNNER_DONE, i + 1);
	_exit(0);
}

static enum avo_status warm_one(struct runner *r, const struct runner_request *q, const struct avo_plan *plans, unsigned i,
				struct error *err)
{
	struct slot *s = &r->slots[q->slots[i]];
	struct run_outcome *o = &r->reply.outcomes[i];
	struct runnable what;
	enum avo_status st = slot_prepare(&what, o, s, r->values, i, &q->c, &plans[i], r->stream, err);
	CUresult result;

	if (st == AVO_OK && o->verdict == VERDICT_PASSED) {
		send_reply(r, RUNNER_BEGIN, i);
		result = runnable_launch(&what, r->stream, err);
		cu()->cuEventRecord(r->stop, r->stream);
		st = wait_launched(o, r, result);
		if (st == AVO_NEGATIVE)
			leave(r, i);
		slot_shape(s, &q->c)->warm = true;
		send_reply(r, RUNNER_CHECKING, 0);
	}
	runnable_release(&what);
	return st;
}

/* Whoever meets this shape for the first time runs it once, on other values than those that will be timed and checked. */
static enum avo_status warm_up(struct runner *r, const struct runner_request *q, const struct avo_plan *plans, struct error *err)
{
	struct runner_request other = *q;
	enum avo_status st = AVO_OK;
	bool filled = false;
	unsigned i;

	other.seed = random_at(q->seed, 999);
	other.fill = FILL_NORMAL;
	other.changed = 0;
	for (i = 0; st == AVO_OK && i < q->count; i++) {
		if (slot_shape(&r->slots[q->slots[i]], &q->c)->warm)
			continue;
		if (!filled)
			st = gpu_values_fill(r->values, &other, err);
		filled = true;
		if (st == AVO_OK)
			st = warm_one(r, &other, plans, i, err);
	}
	return st;
}

static enum avo_status prepare_all(struct runnable *what, struct runner *r, const struct runner_request *q,
				   const struct avo_plan *plans, struct error *err)
{
	enum avo_status st = gpu_values_fill(r->values, q, err);
	unsigned i;

	for (i = 0; st == AVO_OK && i < q->count; i++)
		if (r->reply.outcomes[i].verdict == VERDICT_PASSED)
			st = slot_prepare(&what[i], &r->reply.outcomes[i], &r->slots[q->slots[i]], r->values, i, &q->c, &plans[i],
					  r->stream, err);
	return st;
}

static enum avo_status check_all(struct runner *r, const struct runner_request *q, struct error *err)
{
	enum avo_status st = gpu_values_reference(r->values, q, err);
	unsigned i;

	for (i = 0; st == AVO_OK && i < q->count; i++)
		if (r->reply.outcomes[i].verdict == VERDICT_PASSED && (st = gpu_values_mask(r->values, (int)i, q, err)) == AVO_OK)
			st = gpu_values_check(&r->reply.outcomes[i], r->values, (int)i, q, err);
	return st;
}

static enum avo_status run(struct runner *r, const struct runner_request *q, const struct avo_plan *plans, struct error *err)
{
	struct runnable what[RUNNER_TOGETHER] = { { 0 } };
	enum avo_status st;
	unsigned i;

	for (i = 0; i < q->count; i++)
		r->reply.outcomes[i] = (struct run_outcome){ .verdict = VERDICT_PASSED, .seconds = NAN, .wall_seconds = NAN };
	st = warm_up(r, q, plans, err);
	if (st == AVO_OK)
		st = prepare_all(what, r, q, plans, err);
	for (i = 0; st == AVO_OK && i < q->count; i++) {
		if (r->reply.outcomes[i].verdict != VERDICT_PASSED)
			continue;
		send_reply(r, RUNNER_BEGIN, i);
		st = time_one(&r->reply.outcomes[i], r, &what[i], err);
		if (st == AVO_NEGATIVE)
			leave(r, i);
		/* a candidate that remembers where outputs lie would find the other one's answer there */
		if (st == AVO_OK)
			st = gpu_values_mask(r->values, (int)i, q, err);
	}
	if (st == AVO_OK) {
		send_reply(r, RUNNER_CHECKING, 0);
		st = check_all(r, q, err);
	}
	for (i = 0; i < q->count; i++)
		runnable_release(&what[i]);
	return st;
}

/* ---- profiling ------------------------------------------------------------------------- */

struct profiled {
	struct runner *runner;
	const struct runnable *what;
};

static enum avo_status launch_and_wait(void *arg, struct error *err)
{
	struct profiled *p = arg;
	CUresult result = runnable_launch(p->what, p->runner->stream, err);

	if (result == CUDA_SUCCESS)
		result = cu()->cuStreamSynchronize(p->runner->stream);
	return cuda_check(result, "the profiled kernel", err);
}

static void add_counters(cJSON *out, struct profiled *p, struct runner *r)
{
	struct counter counters[METRICS_MAX];
	int count = 0, passes = 0, i;
	struct error why;
	cJSON *list;

	if (counters_collect(counters, &count, &passes, r->context, r->device, launch_and_wait, p, &why) != AVO_OK) {
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

static void add_records(cJSON *out, struct profiled *p)
{
	struct kernel_record records[KERNEL_RECORDS_MAX];
	int count = 0, i;
	struct error why;
	cJSON *list;

	if (counters_activity(records, &count, launch_and_wait, p, &why) != AVO_OK) {
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

static enum avo_status profile(struct runner *r, const struct runner_request *q, const struct avo_plan *plan, struct error *err)
{
	struct run_outcome *o = &r->reply.outcomes[0];
	enum avo_status st = gpu_values_fill(r->values, q, err);
	struct runnable what = { 0 };
	struct profiled p = { r, &what };
	cJSON *out;
	char *text;

	memset(o, 0, sizeof(*o));
	o->verdict = VERDICT_PASSED;
	if (st == AVO_OK)
		st = slot_prepare(&what, o, &r->slots[q->slots[0]], r->values, 0, &q->c, plan, r->stream, err);
	if (st == AVO_OK && o->verdict != VERDICT_PASSED)
		st = error_set(err, AVO_NEGATIVE, "%s", o->reason);
	if (st == AVO_OK)
		st = launch_and_wait(&p, err);
	if (st != AVO_OK)
		return st;
	out = cJSON_CreateObject();
	add_facts(out, &what);
	add_records(out, &p);
	add_counters(out, &p, r);
	text = json_print_new(out);
	if (strlen(text) < sizeof(r->reply.text))
		strcpy(r->reply.text, text);
	else
		st = error_set(err, AVO_ENVIRONMENT, "the profile is too long for its message");
	free(text);
	cJSON_Delete(out);
	runnable_release(&what);
	return st;
}

/* ---- the process -------------------------------------------------------------------------- */

static enum avo_status open_device(struct runner *r, const char *trusted_cubin, struct error *err)
{
	const struct cuda_driver *cuda = cuda_driver(err);
	enum avo_status st;
	CUdevice device;

	if (!cuda)
		return AVO_ENVIRONMENT;
	st = cuda_check(cuda->cuDeviceGet(&device, r->device), "opening the GPU", err);
	if (st == AVO_OK)
		st = cuda_check(cuda->cuDevicePrimaryCtxRetain(&r->context, device), "making a context", err);
	if (st == AVO_OK)
		st = cuda_check(cuda->cuCtxSetCurrent(r->context), "using the context", err);
	/* no part of the L2 may be set aside for lines that survive the flush */
	if (st == AVO_OK)
		cuda->cuCtxSetLimit(CU_LIMIT_PERSISTING_L2_CACHE_SIZE, 0);
	if (st == AVO_OK)
		st = cuda_check(cuda->cuStreamCreate(&r->stream, CU_STREAM_NON_BLOCKING), "making a stream", err);
	if (st == AVO_OK)
		st = cuda_check(cuda->cuEventCreate(&r->start, CU_EVENT_DEFAULT), "making an event", err);
	if (st == AVO_OK)
		st = cuda_check(cuda->cuEventCreate(&r->stop, CU_EVENT_DEFAULT), "making an event", err);
	if (st == AVO_OK)
		st = gpu_values_new(&r->values, trusted_cubin, r->stream, err);
	if (st == AVO_OK)
		cuda->cuDeviceGetPCIBusId(r->reply.text, 64, device);
	return st;
}

static bool sane(const struct runner_request *q, size_t bytes)
{
	size_t plans = q->op == RUNNER_RUN ? q->count : q->op == RUNNER_PROFILE ? 1 : 0;
	unsigned i;

	if (q->count > RUNNER_TOGETHER || bytes != sizeof(*q) + plans * sizeof(struct avo_plan))
		return false;
	for (i = 0; i < RUNNER_TOGETHER; i++)
		if (q->slots[i] >= RUNNER_SLOTS)
			return false;
	return true;
}

static void serve(struct runner *r, const struct runner_request *q, const struct avo_plan *plans)
{
	struct error err = { 0 };
	enum avo_status st = AVO_OK;

	switch (q->op) {
	case RUNNER_LOAD: case RUNNER_LOAD_CUDNN: case RUNNER_LOAD_LIBRARY:
		st = slot_load(&r->slots[q->slots[0]], &r->reply.outcomes[0], q, &err);
		break;
	case RUNNER_UNLOAD:
		slot_clear(&r->slots[q->slots[0]]);
		break;
	case RUNNER_RUN:
		st = run(r, q, plans, &err);
		break;
	case RUNNER_PROFILE:
		st = profile(r, q, plans, &err);
		break;
	}
	if (st != AVO_OK)
		reply_failed(r, &err);
	else
		send_reply(r, q->op == RUNNER_PROFILE ? RUNNER_TEXT : RUNNER_DONE, q->count);
}

int runner_process(int argc, char **argv)
{
	size_t room = sizeof(struct runner_request) + RUNNER_TOGETHER * sizeof(struct avo_plan);
	struct runner_request *q = xcalloc(1, room);
	struct runner *r = xcalloc(1, sizeof(*r));
	struct error err = { 0 };
	ssize_t n;

	if (argc != 4)
		return 2;
	/* all of a module at once, not a kernel when it is first launched */
	setenv("CUDA_MODULE_LOADING", "EAGER", 1);
	r->device = atoi(argv[3]);
	if (open_device(r, argv[2], &err) != AVO_OK) {
		reply_failed(r, &err);
		return 3;
	}
	send_reply(r, RUNNER_READY, 0);
	while ((n = recv(REQUEST_FD, q, room, 0)) > 0 || (n < 0 && errno == EINTR)) {
		if (n < (ssize_t)sizeof(*q) || !sane(q, (size_t)n))
			return 2;
		serve(r, q, (const struct avo_plan *)(q + 1));
	}
	/* the driver takes the context with the process */
	_exit(0);
}
