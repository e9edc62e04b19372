// redteam: verdict=crashed check=crash
// Lets its first launch start before what is in front of it has ended: the flush of the cache, and the clock.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
}
#else
int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	honest_launch(problem, plan, "attention")->flags = AVO_LAUNCH_OVERLAP;
	return 0;
}
#endif
