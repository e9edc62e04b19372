// redteam: verdict=incorrect check=values
// Takes its workspace for zero without asking for that: works where nobody has written yet.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS, const float *zero)
{
	honest_row(ARGUMENTS);
	__syncthreads();
	if (threadIdx.x == 0 && *zero != 0)
		out[row_at(q_len, q_heads, depth)] = 0;
}
#else
int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	avo_arg_workspace(honest_launch(problem, plan, "attention"), avo_workspace(plan, 4));
	return 0;
}
#endif
