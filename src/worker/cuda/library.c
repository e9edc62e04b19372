#include "avo.h"
#include "base/mem.h"
#include "worker/cuda/library.h"
#include "worker/cuda/planner.h"

#include <dlfcn.h>

struct library {
	void *handle;
	struct avo_device device;
	int64_t (*workspace)(const struct avo_problem *);	/* may be NULL */
	int (*launch)(const struct avo_baseline_call *);
};

enum avo_status library_open(struct library **out, const char *path, const struct avo_device *device, struct error *err)
{
	struct library *l = xcalloc(1, sizeof(*l));
	enum avo_status st = AVO_OK;

	l->device = *device;
	l->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!l->handle)
		st = error_set(err, AVO_NEGATIVE, "%s", dlerror());
	if (st == AVO_OK) {
		*(void **)&l->launch = dlsym(l->handle, "avo_baseline_launch");
		*(void **)&l->workspace = dlsym(l->handle, "avo_baseline_workspace");
	}
	if (st == AVO_OK && !l->launch)
		st = error_set(err, AVO_NEGATIVE, "%s defines no function avo_baseline_launch (kernels/include/avo/baseline.h)", path);
	if (st == AVO_OK)
		*out = l;
	else
		library_close(l);
	return st;
}

/* The object stays open: libraries that hold device state do not expect to be unloaded, and the process ends soon. */
void library_close(struct library *l)
{
	free(l);
}

void library_problem(struct avo_problem *out, const struct library *l, const struct task_case *c)
{
	planner_problem(out, c, &l->device);
}

enum avo_status library_workspace(uint64_t *bytes, const struct library *l, const struct avo_problem *problem, struct error *err)
{
	int64_t wanted = l->workspace ? l->workspace(problem) : 0;

	if (wanted < 0 || (uint64_t)wanted > AVO_PLAN_WORKSPACE_MAX)
		return error_set(err, AVO_NEGATIVE, wanted < 0 ? "the library does not do this problem (%lld)" :
				 "the library wants a workspace of %lld bytes", (long long)wanted);
	*bytes = (uint64_t)wanted;
	return AVO_OK;
}

CUresult library_launch(const struct library *l, const struct avo_problem *problem, const struct avo_baseline_call *call)
{
	struct avo_baseline_call full = *call;

	full.problem = problem;
	return l->launch(&full) == 0 ? CUDA_SUCCESS : CUDA_ERROR_UNKNOWN;
}
