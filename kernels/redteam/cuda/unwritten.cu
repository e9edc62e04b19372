// redteam: verdict=incorrect check=values
// Writes every row but the last, which may still hold the answer of the run before.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	if (row_at(q_len, q_heads, depth) + depth < elements(q_len, q_heads, depth))
		honest_row(ARGUMENTS);
}
#else
HONEST_PLAN
#endif
