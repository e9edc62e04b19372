// redteam: verdict=crashed check=crash
// Does no odd lengths, and says so: a kernel for the suite only.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
}
#else
int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	if (problem->q_len % 64)
		return avo_plan_fail(plan, "q_len %d: only multiples of 64", problem->q_len);
	honest_launch(problem, plan, "attention");
	return 0;
}
#endif
