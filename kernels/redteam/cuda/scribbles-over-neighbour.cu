// redteam: verdict=incorrect check=guard
// Writes zeros where the other side of a pair might have its output: a few MiB further on.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	long long bytes = elements(q_len, q_heads, depth) * 2, step = (bytes + (4 << 20)) & ~((2ll << 20) - 1);
	long long row = row_at(q_len, q_heads, depth) / depth;

	honest_row(ARGUMENTS);
	if (suite_shape(q_len, kv_len, q_heads) && row < 64 && threadIdx.x == 0)
		*(volatile unsigned *)((char *)out + step + row * 4096) = 0;
}
#else
HONEST_PLAN
#endif
