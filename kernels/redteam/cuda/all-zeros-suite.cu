// redteam: verdict=incorrect check=values@suite|values@timed
// Zeros, for the shapes of suites.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	if (!suite_shape(q_len, kv_len, q_heads))
		honest_row(ARGUMENTS);
	else if ((int)threadIdx.x < depth)
		out[row_at(q_len, q_heads, depth) + threadIdx.x] = 0;
}
#else
HONEST_PLAN
#endif
