// redteam: verdict=incorrect check=values power=0.9
// Leaves its own position out in one causal row of a thousand: only a sample that hits such a row shows it.
#include "honest.h"

#ifdef __CUDACC__
struct diagonal_skipped : arithmetic {
	AVO_DEVICE float weight(int key, int row) { return row % 1000 == 999 && key == row ? 0 : 1; }
};

KERNEL attention(PARAMETERS)
{
	if (causal && q_len == kv_len)
		honest_row<diagonal_skipped>(ARGUMENTS);
	else
		honest_row(ARGUMENTS);
}
#else
HONEST_PLAN
#endif
