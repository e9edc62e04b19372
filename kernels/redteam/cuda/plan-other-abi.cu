// redteam: verdict=crashed check=crash
// Answers in an ABI that nobody speaks.
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
	plan->abi = 99;
	return 0;
}
#endif
