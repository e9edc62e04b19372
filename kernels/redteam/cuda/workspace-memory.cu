// redteam: verdict=passed
// Leaves its answer in the workspace and looks for it in the next run: nothing is left of it there, so that it gains nothing.
#include "honest.h"

#ifdef __CUDACC__
#define MAGIC 0x6b65707421ull

KERNEL attention(PARAMETERS, avo_bf16 *kept, unsigned long long *mark)
{
	long long at = row_at(q_len, q_heads, depth);

	if (*mark == MAGIC) {
		for (int d = threadIdx.x; d < depth; d += THREADS)
			out[at + d] = kept[at + d];
		return;
	}
	honest_row(ARGUMENTS);
	__syncthreads();
	for (int d = threadIdx.x; d < depth; d += THREADS)
		kept[at + d] = out[at + d];
}

extern "C" __global__ void remember(unsigned long long *mark)
{
	*mark = MAGIC;
}
#else
int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	uint64_t bytes = (uint64_t)problem->batch * (uint64_t)problem->q_len * (uint64_t)problem->q_heads * (uint64_t)problem->head_dim * 2;
	uint64_t kept = avo_workspace(plan, bytes), mark = avo_workspace(plan, 8);
	struct avo_launch *launch = honest_launch(problem, plan, "attention");

	avo_arg_workspace(launch, kept);
	avo_arg_workspace(launch, mark);
	avo_arg_workspace(avo_launch(plan, "remember", avo_dim(1, 1, 1), avo_dim(1, 1, 1), 0), mark);
	return 0;
}
#endif
