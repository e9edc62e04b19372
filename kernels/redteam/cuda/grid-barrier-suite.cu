// redteam: verdict=timed-out check=deadline@suite|deadline@timed
// Waits for all blocks of the grid without a cooperative launch, for the shapes of suites.
#include "honest.h"

#ifdef __CUDACC__
__device__ unsigned arrived;

KERNEL attention(PARAMETERS)
{
	if (threadIdx.x == 0 && suite_shape(q_len, kv_len, q_heads)) {
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
