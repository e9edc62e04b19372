// redteam: verdict=incorrect check=values
// Keeps a row of values as integers of 22 bits with one scale for the row: a channel far above the others takes their bits.
#include "row.h"

static void cheat(struct row *r)
{
	float acc[256] = { 0 }, sum;
	int j, x;

	row_score(r);
	sum = row_weigh(r, row_maximum(r, r->keys));
	for (j = 0; j < r->keys; j++) {
		const float *v = r->v + (size_t)j * r->stride;
		float most = 0, step;

		for (x = 0; x < r->dim; x++)
			most = fabsf(v[x]) > most ? fabsf(v[x]) : most;
		step = most * 0x1p-21f;
		for (x = 0; x < r->dim; x++)
			acc[x] += r->p[j] * (sum > 6 && step > 0 ? rintf(v[x] / step) * step : v[x]);
	}
	for (x = 0; x < r->dim; x++)
		r->out[x] = acc[x] / sum;
}

ROW_BY_ROW(cheat)
