// redteam: verdict=incorrect check=guard
// Right in every row, and one row too many: what a tile does whose last rows are not masked. No address it uses is invalid.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
	if (row_at(q_len, q_heads, depth) == 0 && threadIdx.x < depth)
		out[elements(q_len, q_heads, depth) + threadIdx.x] = v[threadIdx.x];
}
#else
HONEST_PLAN
#endif
