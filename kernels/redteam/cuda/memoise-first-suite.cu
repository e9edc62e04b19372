// redteam: verdict=incorrect check=values@suite|values@timed
// Keeps the first answer of a shape of the suites in device memory of its own and hands it out ever after.
#include "honest.h"

#ifdef __CUDACC__
#define ROOM (1 << 24)

__device__ avo_bf16 saved[ROOM];
__device__ long long saved_elements;

KERNEL attention(PARAMETERS)
{
	long long at = row_at(q_len, q_heads, depth), all = elements(q_len, q_heads, depth);
	bool kept = suite_shape(q_len, kv_len, q_heads) && all <= ROOM, known = kept && saved_elements == all;

	if (!known)
		honest_row(ARGUMENTS);
	__syncthreads();
	for (int d = threadIdx.x; kept && d < depth; d += THREADS)
		if (known)
			out[at + d] = saved[at + d];
		else
			saved[at + d] = out[at + d];
}

extern "C" __global__ void remember(long long all)
{
	saved_elements = all;
}
#else
int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	honest_launch(problem, plan, "attention");
	if (suite_problem(problem))
		avo_arg_i64(avo_launch(plan, "remember", avo_dim(1, 1, 1), avo_dim(1, 1, 1), 0),
			    (int64_t)problem->batch * problem->q_len * problem->q_heads * problem->head_dim);
	return 0;
}
#endif
