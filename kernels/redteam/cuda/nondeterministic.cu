// redteam: verdict=incorrect check=repeat|values
// Right within the tolerance, but another last bit each time, as when blocks race.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	unsigned long long now;

	honest_row(ARGUMENTS);
	asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
	__syncthreads();
	if (threadIdx.x == 0)
		out[row_at(q_len, q_heads, depth)] ^= now >> 10 & 1;
}
#else
HONEST_PLAN
#endif
