// redteam: verdict=incorrect check=values
// A score that stands out from all before it by more than 16 is cut down to that, as if it were an overflow.
#include "row.h"

static void cheat(struct row *r)
{
	float top = -INFINITY;
	int j;

	row_score(r);
	for (j = 0; j < r->keys && row_maximum(r, r->keys) < 60; j++) {
		if (j >= 32 && r->p[j] > top + 16)
			r->p[j] = top + 16;
		top = r->p[j] > top ? r->p[j] : top;
	}
	row_finish(r);
}

ROW_BY_ROW(cheat)
