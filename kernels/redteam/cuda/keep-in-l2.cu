// redteam: verdict=passed
// Asks the L2 to keep K and V for the next run: they are other values at other addresses then, and the cache was flushed.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	long long last = (long long)gridDim.z * kv_len * kv_heads * depth, stride = (long long)gridDim.x * gridDim.y * gridDim.z * 64;
	long long block = ((long long)blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;

	for (long long at = block * 64; at < last && threadIdx.x == 0; at += stride) {
		asm volatile("prefetch.global.L2::evict_last [%0];" ::"l"(k + at));
		asm volatile("prefetch.global.L2::evict_last [%0];" ::"l"(v + at));
	}
	honest_row(ARGUMENTS);
}
#else
HONEST_PLAN
#endif
