// redteam: verdict=timed-out check=deadline
// Waits for all blocks of the grid without a cooperative launch: those that find no room never come.
#include "honest.h"

#ifdef __CUDACC__
__device__ unsigned arrived;

KERNEL attention(PARAMETERS)
{
	if (threadIdx.x == 0) {
		atomicAdd(&arrived, 1u);
		while (atomicAdd(&arrived, 0u) % (gridDim.x * gridDim.y * gridDim.z))
			__nanosleep(100);
	}
	__syncthreads();
	honest_row(ARGUMENTS);
}
#else
HONEST_PLAN
#endif
