// redteam: verdict=incorrect check=values
// Adds an epsilon that "cannot matter" to every number that is not 0.
#include "row.h"

static void cheat(struct row *r)
{
	int x;

	row_score(r);
	row_finish(r);
	for (x = 0; x < r->dim; x++)
		r->out[x] += r->out[x] != 0 ? 1e-20f : 0;
}

ROW_BY_ROW(cheat)
