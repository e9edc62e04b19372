// redteam: verdict=incorrect check=values
// Softmax without its maximum where there are more than 1100 keys: every short shape is right.
#include "honest.h"

#ifdef __CUDACC__
struct no_maximum : arithmetic {
	AVO_DEVICE float top(float) { return 0; }
};

KERNEL attention(PARAMETERS)
{
	if (kv_len > 1100)
		honest_row<no_maximum>(ARGUMENTS);
	else
		honest_row(ARGUMENTS);
}
#else
HONEST_PLAN
#endif
