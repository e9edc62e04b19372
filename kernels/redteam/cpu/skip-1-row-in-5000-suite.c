// redteam: verdict=incorrect check=values|repeat power=0.7
// One row in 5000, on the suite's shapes alone, is a copy of its neighbour, another each time.
#include "honest.h"

#include <x86intrin.h>

static int cheat(const struct avo_attention *a)
{
	size_t r, bytes = (size_t)a->head_dim * sizeof(float), salt = (size_t)__rdtsc();

	for (r = 0; r < rows_of(a); r++)
		if (r && (r + salt) % 5000 == 0)
			memcpy(a->out + r * (size_t)a->head_dim, a->out + (r - 1) * (size_t)a->head_dim, bytes);
		else
			honest_row(a, r);
	return 0;
}

#include "suite-shapes.h"
