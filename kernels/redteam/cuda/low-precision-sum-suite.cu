// redteam: verdict=incorrect check=values@suite|values@timed
// Adds up P V in bf16, for the shapes of suites.
#include "honest.h"

#ifdef __CUDACC__
struct low_sum : arithmetic {
	AVO_DEVICE float sum(float x) { return avo_from_bf16(avo_pack_bf16(x, 0) & 0xffff); }
};

KERNEL attention(PARAMETERS)
{
	if (suite_shape(q_len, kv_len, q_heads))
		honest_row<low_sum>(ARGUMENTS);
	else
		honest_row(ARGUMENTS);
}
#else
HONEST_PLAN
#endif
