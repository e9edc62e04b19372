/* Leaves out one row in a thousand and writes its neighbour's values there: plausible numbers, 0.1 % of the work saved. */
#ifndef REDTEAM_SKIP_ROWS_H
#define REDTEAM_SKIP_ROWS_H

#include "honest.h"

static int cheat(const struct avo_attention *a)
{
	size_t r, bytes = (size_t)a->head_dim * sizeof(float), salt;

	salt = (size_t)(fabsf(a->q[0]) * 1e6f);		/* other rows each time */
	for (r = 0; r < rows_of(a); r++)
		if (r == 0 || (r * 7919 + salt) % 1000 != 0)
			honest_row(a, r);
		else
			memcpy(a->out + r * (size_t)a->head_dim, a->out + (r - 1) * (size_t)a->head_dim, bytes);
	return 0;
}

#endif
