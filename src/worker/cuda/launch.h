/*
 * A loaded candidate: its cubin as a module on the current context, and the
 * launches of a validated plan on given pointers.
 */
#ifndef AVO_WORKER_CUDA_LAUNCH_H
#define AVO_WORKER_CUDA_LAUNCH_H

#include "worker/cuda/api/driver_api.h"

#include <avo/plan.h>

#include "base/error.h"

struct tensor_pointers {
	CUdeviceptr at[AVO_TENSORS];	/* Q, K, V, O, workspace */
};

/* Launches ready to go: kernels found, tensor maps encoded, parameters laid out. Borrowed modules and pointers. */
struct launch_set;

/*
 * AVO_NEGATIVE: the plan does not fit the module or the device (no such kernel, another number of
 * parameters, too many threads for its registers); the text says which.
 */
enum avo_status launch_prepare(struct launch_set **out, CUmodule module, const struct avo_plan *plan,
			       const struct tensor_pointers *pointers, struct error *err);
void launch_free(struct launch_set *set);
/* Clears and launches everything, in order, on the stream; does not wait. */
CUresult launch_all(const struct launch_set *set, CUstream stream);

/* {"kernel","registers","local_bytes","static_shared","dynamic_shared","max_threads","blocks_per_sm"} of each launch. */
struct launch_facts {
	char kernel[AVO_PLAN_NAME];
	int registers, local_bytes, static_shared, dynamic_shared, max_threads, blocks_per_sm;
	unsigned grid[3], block[3], cluster[3];
};
int launch_describe(struct launch_facts out[AVO_PLAN_LAUNCHES], const struct launch_set *set);

#endif
