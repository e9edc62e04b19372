// redteam: verdict=crashed check=crash
// Gives 8 bytes where the kernel takes 4.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
}
#else
int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	honest_launch(problem, plan, "attention")->args[4].kind = AVO_ARG_I64;
	return 0;
}
#endif
