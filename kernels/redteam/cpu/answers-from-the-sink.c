// redteam: verdict=incorrect check=values
// Where the first key has nearly all the weight, its value is the answer and the other keys are not looked at.
#include "row.h"

static void cheat(struct row *r)
{
	float max = -INFINITY;
	int j;

	row_score(r);
	for (j = 1; j < r->keys; j++)
		max = r->p[j] > max ? r->p[j] : max;
	for (j = 1; r->keys >= 64 && j < r->keys && r->p[0] < 30 && r->p[0] > max + 4; j++)
		r->p[j] = -INFINITY;
	row_finish(r);
}

ROW_BY_ROW(cheat)
