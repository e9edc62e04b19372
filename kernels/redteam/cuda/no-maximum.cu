// redteam: verdict=incorrect check=values@hidden:large-scores
// Softmax without its maximum: right for small scores, infinite for large ones.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row<false>(ARGUMENTS);
}
#else
HONEST_PLAN
#endif
