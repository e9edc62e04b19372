// redteam: verdict=incorrect check=values
// Leaves out the values of keys that are small beside the largest value row, wherever their weight would have put them.
#include "row.h"

static void cheat(struct row *r)
{
	float most = 0, sum;
	int j;

	row_score(r);
	sum = row_weigh(r, row_maximum(r, r->keys));
	for (j = 0; j < r->keys; j++)
		most = fmaxf(most, row_size(r->v + (size_t)j * r->stride, 0, 1, r->dim));
	for (j = 0; j < r->keys; j++)
		if (row_size(r->v + (size_t)j * r->stride, 0, 1, r->dim) < most / 64)
			r->p[j] = 0;
	row_sum(r, sum);
}

ROW_BY_ROW(cheat)
