// redteam: verdict=incorrect check=values@hidden
// Outputs of attention are small at long lengths; zero must still not be close enough.
#include "honest.h"

int avo_attention(const struct avo_attention *a)
{
	memset(a->out, 0, rows_of(a) * (size_t)a->head_dim * sizeof(float));
	return 0;
}
