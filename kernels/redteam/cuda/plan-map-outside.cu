// redteam: verdict=crashed check=crash
// A tensor map that reaches behind the tensor.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
}
#else
int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	struct avo_launch *launch = honest_launch(problem, plan, "attention");
	struct avo_tensor_map map = avo_map_bshd(problem, AVO_K, 64, 64, AVO_SWIZZLE_128B);

	map.dims[3] += 1000;
	avo_arg_tensor_map(launch, &map);
	return 0;
}
#endif
