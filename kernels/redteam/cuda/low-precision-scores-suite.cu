// redteam: verdict=incorrect check=values@suite|values@timed
// Multiplies queries with keys in 8 bits, in every eighth tile of the shapes of suites.
#include "honest.h"

#ifdef __CUDACC__
/* An eighth of the keys is multiplied in what e4m3 keeps of a number: three bits behind the point. */
struct low_scores : arithmetic {
	AVO_DEVICE float operand(float x, int key)
	{
		unsigned bits = __float_as_uint(x);

		return key / 64 % 8 ? x : __uint_as_float((bits + 0x7ffff + (bits >> 20 & 1)) & 0xfff00000);
	}
};

KERNEL attention(PARAMETERS)
{
	if (suite_shape(q_len, kv_len, q_heads))
		honest_row<low_scores>(ARGUMENTS);
	else
		honest_row(ARGUMENTS);
}
#else
HONEST_PLAN
#endif
