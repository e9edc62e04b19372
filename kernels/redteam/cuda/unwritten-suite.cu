// redteam: verdict=incorrect check=values@suite|values@timed
// Writes every row but the last, for the shapes of suites.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	if (!suite_shape(q_len, kv_len, q_heads) || row_at(q_len, q_heads, depth) + depth < elements(q_len, q_heads, depth))
		honest_row(ARGUMENTS);
}
#else
HONEST_PLAN
#endif
