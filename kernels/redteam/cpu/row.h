/*
 * One row of attention in its steps, for candidates that are honest but for one
 * of them: open the row, score the keys, weigh them, and sum the values.
 */
#ifndef REDTEAM_ROW_H
#define REDTEAM_ROW_H

#include "honest.h"

struct row {
	const float *q, *k, *v;		/* of this row, and of the first key that it sees */
	float *out, *p;			/* p: scores, then weights, of `keys` keys */
	size_t stride;			/* from one key to the next */
	int keys, dim;
	float scale;
};

static inline struct row row_open(const struct avo_attention *a, size_t r)
{
	size_t d = (size_t)a->head_dim, head = r % (size_t)a->q_heads, i = r / (size_t)a->q_heads % (size_t)a->q_len;
	size_t b = r / (size_t)a->q_heads / (size_t)a->q_len, stride = (size_t)a->kv_heads * d;
	size_t kv = b * (size_t)a->kv_len * stride + head / (size_t)(a->q_heads / a->kv_heads) * d;

	return (struct row){ a->q + r * d, a->k + kv, a->v + kv, a->out + r * d, a->workspace, stride,
			     a->causal ? (int)i + 1 + a->kv_len - a->q_len : a->kv_len, a->head_dim, a->scale };
}

static inline void row_score(const struct row *r)
{
	float part[16];
	int j, x, l;

	for (j = 0; j < r->keys; j++) {
		memset(part, 0, sizeof(part));
		for (x = 0; x < r->dim; x += 16)
			for (l = 0; l < 16; l++)
				part[l] += r->q[x + l] * r->k[(size_t)j * r->stride + (size_t)(x + l)];
		r->p[j] = 0;
		for (l = 0; l < 16; l++)
			r->p[j] += part[l];
		r->p[j] *= r->scale;
	}
}

/* The largest score of the first n keys. */
static inline float row_maximum(const struct row *r, int n)
{
	float max = -INFINITY;
	int j;

	for (j = 0; j < n; j++)
		max = r->p[j] > max ? r->p[j] : max;
	return max;
}

/* Scores to weights below `top`; their sum. */
static inline float row_weigh(const struct row *r, float top)
{
	float sum = 0;
	int j;

	for (j = 0; j < r->keys; j++)
		sum += r->p[j] = expf(r->p[j] - top);
	return sum;
}

static inline void row_sum(const struct row *r, float sum)
{
	float acc[256] = { 0 };
	int j, x;

	for (j = 0; j < r->keys; j++)
		for (x = 0; x < r->dim; x++)
			acc[x] += r->p[j] * r->v[(size_t)j * r->stride + (size_t)x];
	for (x = 0; x < r->dim; x++)
		r->out[x] = acc[x] / sum;
}

static inline void row_finish(const struct row *r)
{
	row_sum(r, row_weigh(r, row_maximum(r, r->keys)));
}

static inline int row_is_zero(const float *v, int dim)
{
	int x = 0;

	while (x < dim && v[x] == 0)
		x++;
	return x == dim;
}

/* Root of the mean square of n rows of v. */
static inline float row_size(const float *v, size_t stride, int n, int dim)
{
	double sum = 0;
	int j, x;

	for (j = 0; j < n; j++)
		for (x = 0; x < dim; x++)
			sum += (double)v[(size_t)j * stride + (size_t)x] * v[(size_t)j * stride + (size_t)x];
	return (float)sqrt(sum / n / dim);
}

/* The candidate: cheat() does one row. */
#define ROW_BY_ROW(cheat) \
int avo_attention(const struct avo_attention *a) \
{ \
	for (size_t r = 0; r < rows_of(a); r++) { \
		struct row row = row_open(a, r); \
		cheat(&row); \
	} \
	return 0; \
}

#endif
