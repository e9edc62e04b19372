/*
 * Attention forward, the definition written as loops.
 *
 * One query row at a time: all scores of the row, their maximum, their
 * exponentials, the weighted mean of the values. Products are accumulated in
 * double, so that the only rounding to float is that of the stored result.
 * It is here to be read and to be compared with; it is not tiled, and nothing
 * in it is fast.
 */
#include <math.h>

#include <avo/attention.h>

static const float *row_of(const float *tensor, int length, int heads, int head_dim, int b, int s, int h)
{
	return tensor + (((size_t)b * length + s) * heads + h) * head_dim;
}

static const float *key_row(const struct avo_attention *a, int b, int j, int kv_head)
{
	return row_of(a->k, a->kv_len, a->kv_heads, a->head_dim, b, j, kv_head);
}

static const float *value_row(const struct avo_attention *a, int b, int j, int kv_head)
{
	return row_of(a->v, a->kv_len, a->kv_heads, a->head_dim, b, j, kv_head);
}

static double dot(const float *x, const float *y, int n)
{
	double sum = 0;

	for (int d = 0; d < n; d++)
		sum += (double)x[d] * y[d];
	return sum;
}

static void attend_row(const struct avo_attention *a, double *p, int b, int i, int h)
{
	int kv_head = h / (a->q_heads / a->kv_heads);
	int seen = a->causal ? i + a->kv_len - a->q_len + 1 : a->kv_len;
	const float *q = row_of(a->q, a->q_len, a->q_heads, a->head_dim, b, i, h);
	float *out = a->out + (q - a->q);
	double top = -INFINITY, sum = 0;

	for (int j = 0; j < seen; j++) {
		p[j] = a->scale * dot(q, key_row(a, b, j, kv_head), a->head_dim);
		top = fmax(top, p[j]);
	}
	for (int j = 0; j < seen; j++) {
		p[j] = exp(p[j] - top);
		sum += p[j];
	}
	for (int d = 0; d < a->head_dim; d++) {
		double o = 0;

		for (int j = 0; j < seen; j++)
			o += p[j] * value_row(a, b, j, kv_head)[d];
		out[d] = (float)(o / sum);
	}
}

int avo_attention(const struct avo_attention *a)
{
	if ((size_t)a->kv_len * sizeof(double) > a->workspace_bytes)
		return 1;
	for (int b = 0; b < a->batch; b++)
		for (int h = 0; h < a->q_heads; h++)
			for (int i = 0; i < a->q_len; i++)
				attend_row(a, a->workspace, b, i, h);
	return 0;
}
