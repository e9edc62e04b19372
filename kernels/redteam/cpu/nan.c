// redteam: verdict=incorrect check=values
// One NaN in an output that is right otherwise: comparisons with NaN are false, which must not read as "within tolerance".
#include "honest.h"

int avo_attention(const struct avo_attention *a)
{
	honest(a);
	a->out[rows_of(a) / 2 * (size_t)a->head_dim] = NAN;
	return 0;
}
