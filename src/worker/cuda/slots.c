#include "avo.h"
#include "base/path.h"
#include "worker/cuda/driver.h"
#include "worker/cuda/library.h"
#include "worker/cuda/planner.h"
#include "worker/cuda/slots.h"

void slot_clear(struct slot *s)
{
	int i;

	for (i = 0; i < SLOT_SHAPES; i++)
		cudnn_sdpa_free(s->shapes[i].sdpa);
	if (s->module)
		cu()->cuModuleUnload(s->module);
	library_close(s->library);
	memset(s, 0, sizeof(*s));
}

enum avo_status slot_load(struct slot *s, struct run_outcome *outcome, const struct runner_request *q, struct error *err)
{
	struct buf cubin = BUF_INIT;
	struct error why;
	enum avo_status st;

	slot_clear(s);
	memset(outcome, 0, sizeof(*outcome));
	outcome->verdict = VERDICT_PASSED;
	if (q->op == RUNNER_LOAD_CUDNN) {
		s->cudnn = true;
		return AVO_OK;
	}
	if (q->op == RUNNER_LOAD_LIBRARY) {
		if (library_open(&s->library, q->path, &q->device, &why) == AVO_OK)
			return AVO_OK;
		outcome->verdict = VERDICT_BUILD_FAILED;
		snprintf(outcome->reason, sizeof(outcome->reason), "%.250s", why.text);
		return AVO_OK;
	}
	st = path_read(&cubin, q->path, (size_t)256 << 20, err);
	if (st == AVO_OK && cuda_check(cu()->cuModuleLoadData(&s->module, buf_cstr(&cubin)), "the driver cannot load the cubin", &why) != AVO_OK) {
		s->module = NULL;
		outcome->verdict = VERDICT_BUILD_FAILED;
		snprintf(outcome->reason, sizeof(outcome->reason), "%.250s", why.text);
	}
	buf_release(&cubin);
	return st;
}

struct slot_shape *slot_shape(struct slot *s, const struct task_case *c)
{
	struct slot_shape *oldest = &s->shapes[0];
	int i;

	s->uses++;
	for (i = 0; i < SLOT_SHAPES; i++) {
		struct slot_shape *shape = &s->shapes[i];

		if (shape->used && planner_same_problem(&shape->c, c)) {
			shape->used = s->uses;
			return shape;
		}
		if (shape->used < oldest->used)
			oldest = shape;
	}
	cudnn_sdpa_free(oldest->sdpa);
	*oldest = (struct slot_shape){ .c = *c, .used = s->uses };
	return oldest;
}

static enum avo_status prepare_cudnn(struct runnable *out, struct slot *s, struct gpu_values *values,
				     const struct task_case *c, CUstream stream, struct error *err)
{
	struct slot_shape *shape = slot_shape(s, c);
	struct tensor_pointers p;
	enum avo_status st;

	if (!shape->sdpa && cudnn_sdpa_new(&shape->sdpa, c, stream, err) != AVO_OK)
		return AVO_NEGATIVE;	/* a case it does not do, or a device it does not know: its own business */
	st = gpu_values_place(&p, values, (uint64_t)cudnn_sdpa_workspace(shape->sdpa), err);
	if (st != AVO_OK)
		return st;
	out->sdpa = shape->sdpa;
	return cudnn_sdpa_bind(shape->sdpa, p.at[AVO_Q], p.at[AVO_K], p.at[AVO_V], p.at[AVO_O], p.at[AVO_WORKSPACE], err);
}

static enum avo_status prepare_library(struct runnable *out, struct slot *s, struct gpu_values *values,
				       const struct task_case *c, CUstream stream, struct error *err)
{
	struct slot_shape *shape = slot_shape(s, c);
	struct tensor_pointers pointers;
	enum avo_status st = AVO_OK;

	library_problem(&out->problem, s->library, c);
	if (!shape->warm)
		st = library_workspace(&shape->workspace, s->library, &out->problem, err);
	if (st == AVO_OK)
		st = gpu_values_place(&pointers, values, shape->workspace, err);
	if (st != AVO_OK)
		return st;
	out->library = s->library;
	out->call = (struct avo_baseline_call){
		.q = (const void *)pointers.at[AVO_Q], .k = (const void *)pointers.at[AVO_K], .v = (const void *)pointers.at[AVO_V],
		.o = (void *)pointers.at[AVO_O], .workspace = (void *)pointers.at[AVO_WORKSPACE], .stream = stream,
	};
	return AVO_OK;
}

/* What does not fit is its own fault: outcome says so. */
static enum avo_status blame(struct run_outcome *outcome, enum avo_status st, const struct error *err)
{
	if (st != AVO_NEGATIVE)
		return st;
	outcome->verdict = VERDICT_CRASHED;
	snprintf(outcome->reason, sizeof(outcome->reason), "%.250s", err->text);
	return AVO_OK;
}

enum avo_status slot_prepare(struct runnable *out, struct run_outcome *outcome, struct slot *s, struct gpu_values *values,
			     const struct task_case *c, const struct avo_plan *plan, CUstream stream, struct error *err)
{
	struct tensor_pointers pointers;
	enum avo_status st;

	memset(out, 0, sizeof(*out));
	if (s->cudnn)
		return blame(outcome, prepare_cudnn(out, s, values, c, stream, err), err);
	if (s->library)
		return blame(outcome, prepare_library(out, s, values, c, stream, err), err);
	st = gpu_values_place(&pointers, values, plan->workspace_bytes, err);
	if (st == AVO_OK)
		st = launch_prepare(&out->set, s->module, plan, &pointers, err);
	return blame(outcome, st, err);
}

CUresult runnable_launch(const struct runnable *what, CUstream stream, struct error *err)
{
	if (what->set)
		return launch_all(what->set, stream);
	if (what->library)
		return library_launch(what->library, &what->problem, &what->call);
	return cudnn_sdpa_execute(what->sdpa, err) == AVO_OK ? CUDA_SUCCESS : CUDA_ERROR_UNKNOWN;
}

void runnable_release(struct runnable *what)
{
	launch_free(what->set);
	memset(what, 0, sizeof(*what));
}
