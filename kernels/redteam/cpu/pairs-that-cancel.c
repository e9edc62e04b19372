// redteam: verdict=incorrect check=values
// Two neighbours whose values nearly cancel are left out together, as if their weights were the same.
#include "row.h"

static int cancel(const float *a, const float *b, int dim)
{
	int x = 0;

	while (x < dim && fabsf(a[x] + b[x]) < (fabsf(a[x]) + fabsf(b[x])) / 12)
		x++;
	return x == dim;
}

static void cheat(struct row *r)
{
	float sum;
	int j;

	row_score(r);
	sum = row_weigh(r, row_maximum(r, r->keys));
	for (j = 0; j + 1 < r->keys; j += 2)
		if (r->v[(size_t)j * r->stride] != 0 && cancel(r->v + (size_t)j * r->stride, r->v + (size_t)(j + 1) * r->stride, r->dim))
			r->p[j] = r->p[j + 1] = 0;
	row_sum(r, sum);
}

ROW_BY_ROW(cheat)
