// redteam: verdict=crashed check=crash
// Follows a null pointer in the planner.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
}
#else
int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	*(volatile int *)0 = problem->q_len;
	return 0;
}
#endif
