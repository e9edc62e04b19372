// redteam: verdict=incorrect check=values
// Adds up P V in bf16: every addition is rounded to eight bits.
#include "honest.h"

#ifdef __CUDACC__
struct low_sum : arithmetic {
	AVO_DEVICE float sum(float x) { return avo_from_bf16(avo_pack_bf16(x, 0) & 0xffff); }
};

KERNEL attention(PARAMETERS)
{
	honest_row<low_sum>(ARGUMENTS);
}
#else
HONEST_PLAN
#endif
