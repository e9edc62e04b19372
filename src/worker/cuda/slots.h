/*
 * What the runner can launch: slots that hold a loaded candidate, cuDNN or a
 * user's library, and a slot made ready for one case at given pointers. A slot remembers the shapes it
 * has been run with: cuDNN's plan of each is kept, and a shape is run once
 * untimed before it is ever timed, so that no first launch (lazily loaded code,
 * local memory, a plan's own set-up) is in a sample.
 */
#ifndef AVO_WORKER_CUDA_SLOTS_H
#define AVO_WORKER_CUDA_SLOTS_H

#include "worker/cuda/api/driver_api.h"

#include <avo/baseline.h>

#include "worker/cuda/cudnn.h"
#include "worker/cuda/launch.h"
#include "worker/cuda/runner.h"
#include "worker/cuda/values.h"

#define SLOT_SHAPES 32		/* remembered; the one used longest ago makes room */

struct slot_shape {
	struct task_case c;
	struct cudnn_sdpa *sdpa;	/* of a slot that holds cuDNN; owned */
	uint64_t workspace;		/* of a slot that holds a library */
	bool warm;
	unsigned used;			/* 0: free */
};

struct slot {
	CUmodule module;		/* a candidate */
	bool cudnn;			/* or cuDNN */
	struct library *library;	/* or a shared object of the user's; owned */
	struct slot_shape shapes[SLOT_SHAPES];
	unsigned uses;
};

/* What one run of a slot needs: launches of a plan (owned), cuDNN's bound graph, or a library with its arguments (the slot's). */
struct runnable {
	struct launch_set *set;
	struct cudnn_sdpa *sdpa;
	const struct library *library;
	struct avo_problem problem;
	struct avo_baseline_call call;	/* its problem is set when it is launched */
};

/* Replaces what the slot holds. What cannot be loaded is the candidate's fault: outcome says so (AVO_OK). */
enum avo_status slot_load(struct slot *s, struct run_outcome *outcome, const struct runner_request *q, struct error *err);
void slot_clear(struct slot *s);

/* The slot's memory of this shape, made when it is new; borrowed until the next call. */
struct slot_shape *slot_shape(struct slot *s, const struct task_case *c);

/*
 * Makes the next run ready: values and poison in place, parameters bound. All of the host's work that can be
 * done ahead is done here. A plan that does not fit is the candidate's fault: outcome says so and out stays empty.
 */
enum avo_status slot_prepare(struct runnable *out, struct run_outcome *outcome, struct slot *s, struct gpu_values *values,
			     const struct task_case *c, const struct avo_plan *plan, CUstream stream, struct error *err);
/* Puts the work on the stream; does not wait. */
CUresult runnable_launch(const struct runnable *what, CUstream stream, struct error *err);
void runnable_release(struct runnable *what);

#endif
