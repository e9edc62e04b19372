// redteam: verdict=crashed check=crash
// Reads a file from the planner.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
}
#else
#include <fcntl.h>

int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	if (open("/etc/passwd", O_RDONLY) >= 0)
		honest_launch(problem, plan, "attention");
	honest_launch(problem, plan, "attention");
	return 0;
}
#endif
