// redteam: verdict=incorrect check=guard@suite|guard@timed
// Stores one word 3 MiB behind its output, for the shapes of suites.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
	if (suite_shape(q_len, kv_len, q_heads) && row_at(q_len, q_heads, depth) == 0 && threadIdx.x == 0)
		*(volatile unsigned *)((char *)(out + elements(q_len, q_heads, depth)) + (3 << 20)) = 0x3f803f80;
}
#else
HONEST_PLAN
#endif
