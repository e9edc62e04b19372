// redteam: verdict=crashed check=crash
// Never comes back with a plan.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
}
#else
int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	for (volatile int i = 0; i >= 0; i &= 1)
		;
	honest_launch(problem, plan, "attention");
	return 0;
}
#endif
