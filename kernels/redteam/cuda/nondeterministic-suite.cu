// redteam: verdict=incorrect check=repeat@suite|values@suite|repeat@timed|values@timed
// Another last bit each time, for the shapes of suites: a race that short rows do not show.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	unsigned long long now;

	honest_row(ARGUMENTS);
	asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
	__syncthreads();
	if (threadIdx.x == 0 && suite_shape(q_len, kv_len, q_heads))
		out[row_at(q_len, q_heads, depth)] ^= now >> 10 & 1;
}
#else
HONEST_PLAN
#endif
