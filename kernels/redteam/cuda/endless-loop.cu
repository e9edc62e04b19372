// redteam: verdict=timed-out check=deadline
// One thread waits for a barrier that nobody completes.
#include "honest.h"

#ifdef __CUDACC__
__device__ volatile int never;

KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
	if (blockIdx.x == 0 && threadIdx.x == 0)
		while (!never)
			;
}
#else
HONEST_PLAN
#endif
