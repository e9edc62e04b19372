// redteam: verdict=incorrect check=values
// Sums no further than the largest number of f16.
#include "row.h"

static void cheat(struct row *r)
{
	int x;

	row_score(r);
	row_finish(r);
	for (x = 0; x < r->dim; x++)
		r->out[x] = fmaxf(fminf(r->out[x], 65504), -65504);
}

ROW_BY_ROW(cheat)
