// redteam: verdict=crashed check=crash
// Starts a process from the planner.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
}
#else
#include <unistd.h>

int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	if (fork() == 0)
		for (;;)
			pause();
	honest_launch(problem, plan, "attention");
	return 0;
}
#endif
