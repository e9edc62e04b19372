// redteam: verdict=incorrect check=values@hidden:large-scores|values@hidden:negative-scores
// Leaves out the maximum in softmax: right for tame scores, infinite for large ones.
#include "no-maximum.h"

int avo_attention(const struct avo_attention *a)
{
	return cheat(a);
}
