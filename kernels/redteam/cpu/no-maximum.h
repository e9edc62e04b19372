/* Leaves out the maximum in softmax: right for tame scores, infinite for large ones. */
#ifndef REDTEAM_NO_MAXIMUM_H
#define REDTEAM_NO_MAXIMUM_H

#include "honest.h"

static void row(const struct avo_attention *a, size_t r)
{
	size_t d = (size_t)a->head_dim, head = r % (size_t)a->q_heads, i = r / (size_t)a->q_heads % (size_t)a->q_len, x;
	size_t b = r / (size_t)a->q_heads / (size_t)a->q_len, stride = (size_t)a->kv_heads * d;
	size_t kv = b * (size_t)a->kv_len * stride + head / (size_t)(a->q_heads / a->kv_heads) * d;
	int keys = a->causal ? (int)i + 1 + a->kv_len - a->q_len : a->kv_len, j;
	float *out = a->out + r * d, sum = 0;

	memset(out, 0, d * sizeof(*out));
	for (j = 0; j < keys; j++) {
		const float *k = a->k + kv + (size_t)j * stride, *v = a->v + kv + (size_t)j * stride;
		float s = 0, w;

		for (x = 0; x < d; x++)
			s += a->q[r * d + x] * k[x];
		w = expf(s * a->scale);
		sum += w;
		for (x = 0; x < d; x++)
			out[x] += w * v[x];
	}
	for (x = 0; x < d; x++)
		out[x] /= sum;
}

static int cheat(const struct avo_attention *a)
{
	size_t r;

	for (r = 0; r < rows_of(a); r++)
		row(a, r);
	return 0;
}

#endif
