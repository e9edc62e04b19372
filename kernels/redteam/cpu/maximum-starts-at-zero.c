// redteam: verdict=incorrect check=values
// The running maximum starts at 0, not at minus infinity: right as long as some score is near 0.
#include "row.h"

static void cheat(struct row *r)
{
	float max;

	row_score(r);
	max = row_maximum(r, r->keys);
	row_sum(r, row_weigh(r, max > 0 ? max : 0));
}

ROW_BY_ROW(cheat)
