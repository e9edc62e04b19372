// redteam: verdict=incorrect check=guard@suite|guard@timed
// Right in every row, and one row too many, for the shapes of suites.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
	if (suite_shape(q_len, kv_len, q_heads) && row_at(q_len, q_heads, depth) == 0 && (int)threadIdx.x < depth)
		out[elements(q_len, q_heads, depth) + threadIdx.x] = v[threadIdx.x];
}
#else
HONEST_PLAN
#endif
