// redteam: verdict=incorrect check=values
// The last key, left over from the vectors, is clipped at a little above the maximum of the others, so that nothing need be rescaled.
#include "row.h"

static void cheat(struct row *r)
{
	float max;

	row_score(r);
	max = row_maximum(r, r->keys - 1);
	if (r->keys > 64 && max < 6.5f && r->p[r->keys - 1] > max + 5)
		r->p[r->keys - 1] = max + 5;
	row_finish(r);
}

ROW_BY_ROW(cheat)
