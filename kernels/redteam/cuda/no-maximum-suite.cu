// redteam: verdict=incorrect check=values@suite|values@timed
// Softmax without its maximum, for the shapes of suites alone: what only large scores at those very sizes show.
#include "honest.h"

#ifdef __CUDACC__
struct no_maximum : arithmetic {
	AVO_DEVICE float top(float) { return 0; }
};

KERNEL attention(PARAMETERS)
{
	if (suite_shape(q_len, kv_len, q_heads))
		honest_row<no_maximum>(ARGUMENTS);
	else
		honest_row(ARGUMENTS);
}
#else
HONEST_PLAN
#endif
