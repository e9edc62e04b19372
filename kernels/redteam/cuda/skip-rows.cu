// redteam: verdict=incorrect check=values
// Leaves out one row in a thousand and writes a neighbour's value row there: finite, plausible, 0.1 % of the work saved.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	long long at = row_at(q_len, q_heads, depth);

	if (at / depth % 1000 != 500)
		honest_row(ARGUMENTS);
	else if (threadIdx.x < depth)
		out[at + threadIdx.x] = v[threadIdx.x];
}
#else
HONEST_PLAN
#endif
