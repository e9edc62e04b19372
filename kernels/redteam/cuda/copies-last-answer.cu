// redteam: verdict=incorrect check=values
// Takes every other row from where its last answer lay: nothing is left of it there.
#include "honest.h"

#ifdef __CUDACC__
__device__ const avo_bf16 *last;
__device__ long long last_elements;

KERNEL attention(PARAMETERS)
{
	long long at = row_at(q_len, q_heads, depth);

	if (last_elements == elements(q_len, q_heads, depth) && blockIdx.x % 2) {
		for (int d = threadIdx.x; d < depth; d += THREADS)
			out[at + d] = last[at + d];
		return;
	}
	honest_row(ARGUMENTS);
}

extern "C" __global__ void remember(const avo_bf16 *out, long long all)
{
	last = out;
	last_elements = all;
}
#else
int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	struct avo_launch *second;

	honest_launch(problem, plan, "attention");
	second = avo_launch(plan, "remember", avo_dim(1, 1, 1), avo_dim(1, 1, 1), 0);
	avo_arg_tensor(second, AVO_O);
	avo_arg_i64(second, (int64_t)problem->batch * problem->q_len * problem->q_heads * problem->head_dim);
	return 0;
}
#endif
