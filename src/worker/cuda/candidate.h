/* Candidates as the runner has them: each in a slot, loaded again when the runner is a new one, with the plans it has answered. */
#ifndef AVO_WORKER_CUDA_CANDIDATE_H
#define AVO_WORKER_CUDA_CANDIDATE_H

#include "worker/cuda/gpu.h"

#define GPU_CALL_MS 20000		/* for a request that is no run */
#define PLANS_KEPT 48			/* the suite's cases, and the hidden shapes of one verdict */

/* The runner's slots; facts and keeper are borrowed from the backend. */
struct gpu_slots {
	const struct gpu_facts *facts;
	struct gpu_keeper *keeper;
	struct candidate *taken[RUNNER_SLOTS];
};

struct planned {
	struct task_case c;
	struct avo_plan plan;
	char refusal[256];		/* not empty: the plan refuses this case, or is wrong */
};

struct candidate {
	struct gpu_slots *slots;
	int slot;
	unsigned generation;		/* of the runner that holds it */
	enum runner_op kind;		/* which load: a cubin with its plan, cuDNN, or a user's library */
	char *object, *planner;		/* cubin or library; the planner of a cubin; owned */
	struct planned plans[PLANS_KEPT];
	int plan_count, plan_next;
};

/* Takes a slot for something to be loaded; AVO_USAGE when all are taken. Object and planner are for the caller to set. */
enum avo_status gpu_candidate_new(struct candidate **out, struct gpu_slots *slots, enum runner_op kind, struct error *err);
void gpu_candidate_free(struct candidate *c);
/* Loads it where the runner does not have it. What cannot be loaded says so in outcome (AVO_OK). */
enum avo_status gpu_candidate_load(struct run_outcome *outcome, struct candidate *c, struct error *err);
/* The plan for a case, asked for once and kept; borrowed until the next call. What has no planner gets an empty one. */
enum avo_status gpu_candidate_plan(const struct planned **out, struct candidate *c, const struct task_case *want, struct error *err);

#endif
