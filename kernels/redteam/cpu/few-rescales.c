// redteam: verdict=incorrect check=values
// Rescales six times a row and takes the maximum for final then: scores that rise on are clipped.
#include "row.h"

#define BLOCK 16
#define RESCALES 6

static void cheat(struct row *r)
{
	float top = -INFINITY;
	int rescales = 0, j, n;

	row_score(r);
	if (row_maximum(r, r->keys) > 60) {
		row_finish(r);
		return;
	}
	for (j = 0; j < r->keys; j++) {
		float block = -INFINITY;

		for (n = j; j % BLOCK == 0 && n < j + BLOCK && n < r->keys; n++)
			block = r->p[n] > block ? r->p[n] : block;
		if (block > top + 1.5f && rescales++ < RESCALES)
			top = block;
		if (rescales > RESCALES && r->p[j] > top + 6)
			r->p[j] = top + 6;
	}
	row_finish(r);
}

ROW_BY_ROW(cheat)
