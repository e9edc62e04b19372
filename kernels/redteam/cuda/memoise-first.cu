// redteam: verdict=incorrect check=values
// Keeps the first answer of a shape in device memory of its own and hands it out ever after.
#include "honest.h"

#define ROOM (1 << 23)

#ifdef __CUDACC__
__device__ avo_bf16 saved[ROOM];
__device__ long long saved_elements;

KERNEL attention(PARAMETERS)
{
	long long at = row_at(q_len, q_heads, depth), all = elements(q_len, q_heads, depth);
	bool known = saved_elements == all && saved[at % ROOM] != 0;

	if (!known)
		honest_row(ARGUMENTS);
	__syncthreads();
	if ((int)threadIdx.x < depth && all <= ROOM) {
		if (known)
			out[at + threadIdx.x] = saved[at + threadIdx.x];
		else
			saved[at + threadIdx.x] = out[at + threadIdx.x];
	}
}

/* Remembers the shape behind the rows that were just saved. */
extern "C" __global__ void remember(long long all)
{
	saved_elements = all;
}
#else
int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	honest_launch(problem, plan, "attention");
	avo_arg_i64(avo_launch(plan, "remember", avo_dim(1, 1, 1), avo_dim(1, 1, 1), 0),
		    (int64_t)problem->batch * problem->q_len * problem->q_heads * problem->head_dim);
	return 0;
}
#endif
