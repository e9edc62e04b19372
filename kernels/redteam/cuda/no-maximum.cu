// redteam: verdict=incorrect
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
