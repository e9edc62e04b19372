// redteam: verdict=incorrect check=values@suite|values@timed
// The scale is 5 % off, for the shapes of suites.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	if (suite_shape(q_len, kv_len, q_heads))
		scale *= 0.95f;
	honest_row(ARGUMENTS);
}
#else
HONEST_PLAN
#endif
