// redteam: verdict=incorrect check=values
// Of keys that tie for the maximum only the first counts.
#include "row.h"

static void cheat(struct row *r)
{
	float max;
	int j, seen = 0;

	row_score(r);
	max = row_maximum(r, r->keys);
	for (j = 0; j < r->keys && max != 0; j++)
		if (r->p[j] == max && seen++)
			r->p[j] = -INFINITY;
	row_finish(r);
}

ROW_BY_ROW(cheat)
