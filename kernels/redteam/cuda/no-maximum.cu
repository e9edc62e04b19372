// redteam: verdict=incorrect check=values@hidden:large-scores|values@hidden:negative-scores
// Softmax without its maximum: right for small scores, infinite for large ones.
#include "honest.h"

#ifdef __CUDACC__
struct no_maximum : arithmetic {
	AVO_DEVICE float top(float) { return 0; }
};

KERNEL attention(PARAMETERS)
{
	honest_row<no_maximum>(ARGUMENTS);
}
#else
HONEST_PLAN
#endif
