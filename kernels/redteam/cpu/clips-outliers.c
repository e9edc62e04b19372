// redteam: verdict=incorrect check=values
// Clips values beyond four standard deviations of both their row and their channel, as a quantiser would.
#include "row.h"

static void cheat(struct row *r)
{
	float acc[256] = { 0 }, channel[256], sum;
	int j, x;

	row_score(r);
	sum = row_weigh(r, row_maximum(r, r->keys));
	for (x = 0; x < r->dim; x++)
		channel[x] = 4 * row_size(r->v + x, r->stride, r->keys, 1);
	for (j = 0; j < r->keys; j++) {
		const float *v = r->v + (size_t)j * r->stride;
		float row = 4 * row_size(v, 0, 1, r->dim);

		for (x = 0; x < r->dim; x++) {
			float most = row > channel[x] ? row : channel[x];

			acc[x] += r->p[j] * (v[x] > most ? most : v[x] < -most ? -most : v[x]);
		}
	}
	for (x = 0; x < r->dim; x++)
		r->out[x] = acc[x] / sum;
}

ROW_BY_ROW(cheat)
