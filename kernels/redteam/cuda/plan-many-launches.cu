// redteam: verdict=crashed check=crash
// Claims more launches than a plan holds.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
}
#else
int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	honest_launch(problem, plan, "attention");
	plan->launch_count = 4000000000u;
	return 0;
}
#endif
