// redteam: verdict=incorrect check=values
// Subtracts the first key's score in place of the maximum, which saves a pass: infinite where another is larger by a hundred.
#include "row.h"

static void cheat(struct row *r)
{
	row_score(r);
	row_sum(r, row_weigh(r, r->p[0]));
}

ROW_BY_ROW(cheat)
