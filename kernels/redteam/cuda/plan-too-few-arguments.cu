// redteam: verdict=crashed check=crash
// Gives one argument less than the kernel takes: it would read what lies behind.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
}
#else
int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	honest_launch(problem, plan, "attention")->arg_count--;
	return 0;
}
#endif
