// redteam: verdict=incorrect check=values
// Computes once and hands out that answer ever after.
#include "honest.h"

static float saved[1 << 22];
static size_t elements;

int avo_attention(const struct avo_attention *a)
{
	size_t n = rows_of(a) * (size_t)a->head_dim, i;

	if (!elements) {
		honest(a);
		elements = n;
		memcpy(saved, a->out, n * sizeof(float));
	}
	for (i = 0; i < n; i++)
		a->out[i] = saved[i % elements];
	return 0;
}
