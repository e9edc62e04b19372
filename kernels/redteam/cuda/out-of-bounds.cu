// redteam: verdict=crashed check=crash
// Writes far outside of everything: the device reports an illegal address, and the context is lost.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
	if (blockIdx.x == 0 && threadIdx.x == 0)
		*(volatile unsigned *)(((unsigned long long)out & ~0xfffull) + (1ull << 44)) = 1;
}
#else
HONEST_PLAN
#endif
