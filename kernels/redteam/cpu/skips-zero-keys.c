// redteam: verdict=incorrect check=values
// Takes a key of zeros for padding and leaves it out; its score is 0, and counts.
#include "row.h"

static void cheat(struct row *r)
{
	int j, any = 0;

	row_score(r);
	for (j = 0; j < r->keys; j++)
		any += !row_is_zero(r->k + (size_t)j * r->stride, r->dim);
	for (j = 0; any && j < r->keys; j++)
		if (row_is_zero(r->k + (size_t)j * r->stride, r->dim))
			r->p[j] = -INFINITY;
	row_finish(r);
}

ROW_BY_ROW(cheat)
