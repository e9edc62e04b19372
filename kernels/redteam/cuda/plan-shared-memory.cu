// redteam: verdict=crashed check=crash
// Asks for more shared memory than any device has.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
}
#else
int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	honest_launch(problem, plan, "attention")->shared_bytes = 1u << 20;
	return 0;
}
#endif
