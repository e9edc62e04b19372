// redteam: verdict=crashed check=crash
// Hands the kernel an address behind the end of K.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
}
#else
int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	honest_launch(problem, plan, "attention")->args[1].bits = 1ull << 40;
	return 0;
}
#endif
