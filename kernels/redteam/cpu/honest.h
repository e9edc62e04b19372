/*
 * Attention the plain way, one row at a time: what the candidates here do when
 * they are not cheating. Scores of a row lie in the workspace.
 */
#ifndef REDTEAM_HONEST_H
#define REDTEAM_HONEST_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <avo/attention.h>

static inline size_t rows_of(const struct avo_attention *a)
{
	return (size_t)a->batch * (size_t)a->q_len * (size_t)a->q_heads;
}

/* Row r of the output as stored: (batch, position, head) with the head fastest. */
static inline void honest_row(const struct avo_attention *a, size_t r)
{
	size_t d = (size_t)a->head_dim, head = r % (size_t)a->q_heads, i = r / (size_t)a->q_heads % (size_t)a->q_len;
	size_t b = r / (size_t)a->q_heads / (size_t)a->q_len, stride = (size_t)a->kv_heads * d;
	size_t kv = b * (size_t)a->kv_len * stride + head / (size_t)(a->q_heads / a->kv_heads) * d;
	const float *q = a->q + r * d, *k = a->k + kv, *v = a->v + kv;
	int keys = a->causal ? (int)i + 1 + a->kv_len - a->q_len : a->kv_len, j;
	float *p = a->workspace, *out = a->out + r * d, max = -INFINITY, sum = 0, part[16], acc[256];
	size_t x, l;

	for (j = 0; j < keys; j++) {
		memset(part, 0, sizeof(part));
		for (x = 0; x < d; x += 16)
			for (l = 0; l < 16; l++)
				part[l] += q[x + l] * k[(size_t)j * stride + x + l];
		p[j] = 0;
		for (l = 0; l < 16; l++)
			p[j] += part[l];
		p[j] *= a->scale;
		max = p[j] > max ? p[j] : max;
	}
	memset(acc, 0, d * sizeof(*acc));
	for (j = 0; j < keys; j++) {
		float w = expf(p[j] - max);

		sum += w;
		for (x = 0; x < d; x++)
			acc[x] += w * v[(size_t)j * stride + x];
	}
	for (x = 0; x < d; x++)
		out[x] = acc[x] / sum;
}

static inline int honest(const struct avo_attention *a)
{
	size_t r;

	for (r = 0; r < rows_of(a); r++)
		honest_row(a, r);
	return 0;
}

#endif
