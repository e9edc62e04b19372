#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "worker/cuda/driver.h"
#include "worker/cuda/profile.h"
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

static size_t reply_bytes(const struct runner_reply *r)
{
	switch (r->kind) {
	case RUNNER_BEGIN: case RUNNER_CHECKING: return offsetof(struct runner_reply, outcomes);
	case RUNNER_DONE: return offsetof(struct runner_reply, text);
	default: return offsetof(struct runner_reply, text) + strlen(r->text) + 1;
	}
}

static void send_reply(struct runner *r, enum runner_reply_kind kind, unsigned index)
{
	r->reply.kind = kind;
	r->reply.index = index;
	while (send(REQUEST_FD, &r->reply, reply_bytes(&r->reply), MSG_NOSIGNAL) < 0)
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

static void crashed(struct run_outcome *o, const char *what, CUresult result)
{
	struct error why;

	cuda_check(result, what, &why);
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
	crashed(o, "the kernel failed", result);
	return cuda_is_sticky(result) ? AVO_NEGATIVE : AVO_OK;
}

static enum avo_status launch_once(struct run_outcome *o, struct runner *r, const struct runnable *what, struct error *err)
{
	CUresult result = runnable_launch(what, r->stream, err);

	cu()->cuEventRecord(r->stop, r->stream);
	return wait_launched(o, r, result);
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
	o->wall_seconds = (double)r->last_run_ns * 1e-9;
	st = cuda_check(cu()->cuEventElapsedTime(&ms, r->start, r->stop), "reading the time of a run", err);
	o->seconds = ms * 1e-3;
	judge_clocks(o);
	return st;
}

/* The context is gone, and this process with it; outcomes[i] says why. */
static void leave(struct runner *r, unsigned i)
{
	send_reply(r, RUNNER_DONE, i + 1);
	_exit(0);
}

/*
 * What a candidate has left behind. Where the context breaks in these fixed kernels, right behind a
 * candidate that may write anywhere, it is that candidate which broke them.
 */
static enum avo_status collect(struct runner *r, unsigned i, struct error *err)
{
	struct run_outcome *o = &r->reply.outcomes[i];
	enum avo_status st = gpu_values_collect(o, r->values, i, err);
	CUresult device;

	if (st == AVO_OK)
		return AVO_OK;
	device = cu()->cuCtxSynchronize();
	if (!cuda_is_sticky(device) || device == CUDA_ERROR_ECC_UNCORRECTABLE)
		return st;
	crashed(o, "the device failed right behind this kernel", device);
	leave(r, i);
	return st;
}

/* One candidate, timed or for the first time; blame is on it from BEGIN to CHECKING. */
static enum avo_status run_one(struct runner *r, const struct runner_request *q, const struct avo_plan *plan, unsigned i, bool timed,
			       struct error *err)
{
	struct slot *s = &r->slots[q->slots[i]];
	struct run_outcome *o = &r->reply.outcomes[i];
	struct runnable what;
	enum avo_status st = slot_prepare(&what, o, s, r->values, &q->c, plan, r->stream, err);

	if (st == AVO_OK && o->verdict == VERDICT_PASSED) {
		send_reply(r, RUNNER_BEGIN, i);
		st = timed ? time_one(o, r, &what, err) : launch_once(o, r, &what, err);
		if (st == AVO_NEGATIVE)
			leave(r, i);
		send_reply(r, RUNNER_CHECKING, i);
	}
	runnable_release(&what);
	return st;
}

/* Whoever meets this shape for the first time runs it once, on other values than those that will be timed and checked. */
static enum avo_status warm_up(struct runner *r, const struct runner_request *q, const struct avo_plan *plans, struct error *err)
{
	struct runner_request other = *q;
	enum avo_status st = AVO_OK;
	unsigned i;

	other.seed = random_at(q->seed, 999);
	other.deal = fill_deal_one(FILL_NORMAL);
	other.changed = 0;
	gpu_values_begin(r->values, &other);
	for (i = 0; st == AVO_OK && i < q->count; i++) {
		struct slot_shape *shape = slot_shape(&r->slots[q->slots[i]], &q->c);

		if (shape->warm)
			continue;
		st = run_one(r, &other, &plans[i], i, false, err);
		shape->warm = true;
	}
	return st;
}

static enum avo_status run(struct runner *r, const struct runner_request *q, const struct avo_plan *plans, struct error *err)
{
	struct run_outcome *o = r->reply.outcomes;
	enum avo_status st;
	unsigned i;

	for (i = 0; i < q->count; i++)
		o[i] = (struct run_outcome){ .verdict = VERDICT_PASSED, .seconds = NAN, .wall_seconds = NAN };
	st = warm_up(r, q, plans, err);
	gpu_values_begin(r->values, q);
	for (i = 0; st == AVO_OK && i < q->count; i++) {
		if (o[i].verdict != VERDICT_PASSED)
			continue;
		st = run_one(r, q, &plans[i], i, true, err);
		if (st == AVO_OK && o[i].verdict == VERDICT_PASSED)
			st = collect(r, i, err);
	}
	return st == AVO_OK ? gpu_values_judge(o, r->values, q->count, err) : st;
}

/* ---- the process -------------------------------------------------------------------------- */

static enum avo_status open_device(struct runner *r, const char *trusted_cubin, struct error *err)
{
	const struct cuda_driver *cuda = cuda_driver(err);
	enum avo_status st;
	CUdevice device;

	if (!cuda)
		return AVO_ENVIRONMENT;
	if ((st = cuda_check(cuda->cuDeviceGet(&device, r->device), "opening the GPU", err)) != AVO_OK ||
	    (st = cuda_check(cuda->cuDevicePrimaryCtxRetain(&r->context, device), "making a context", err)) != AVO_OK ||
	    (st = cuda_check(cuda->cuCtxSetCurrent(r->context), "using the context", err)) != AVO_OK ||
	    (st = cuda_check(cuda->cuStreamCreate(&r->stream, CU_STREAM_NON_BLOCKING), "making a stream", err)) != AVO_OK ||
	    (st = cuda_check(cuda->cuEventCreate(&r->start, CU_EVENT_DEFAULT), "making an event", err)) != AVO_OK ||
	    (st = cuda_check(cuda->cuEventCreate(&r->stop, CU_EVENT_DEFAULT), "making an event", err)) != AVO_OK)
		return st;
	/* no part of the L2 may be set aside for lines that survive the flush */
	cuda->cuCtxSetLimit(CU_LIMIT_PERSISTING_L2_CACHE_SIZE, 0);
	cuda->cuDeviceGetPCIBusId(r->reply.text, 64, device);
	return gpu_values_new(&r->values, trusted_cubin, r->stream, err);
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

static enum avo_status profile(struct runner *r, const struct runner_request *q, const struct avo_plan *plan, struct error *err)
{
	const struct profiled p = { r->context, r->device, r->stream, r->values, &r->slots[q->slots[0]], q, plan };

	return profile_text(r->reply.text, sizeof(r->reply.text), &p, err);
}

static void serve(struct runner *r, const struct runner_request *q, const struct avo_plan *plans)
{
	struct error err = { 0 };
	enum avo_status st = AVO_OK;

	switch (q->op) {
	case RUNNER_LOAD: case RUNNER_LOAD_CUDNN: case RUNNER_LOAD_LIBRARY:
		st = slot_load(&r->slots[q->slots[0]], &r->reply.outcomes[0], q, &err);
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
