/* Computes the scores from inputs rounded to bf16 where f32 is asked for. */
#ifndef REDTEAM_LOW_PRECISION_H
#define REDTEAM_LOW_PRECISION_H

#include "honest.h"

static void round_to_bf16(float *out, const float *in, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		uint32_t bits;

		memcpy(&bits, in + i, 4);
		bits = (bits + 0x8000) & 0xffff0000;
		memcpy(out + i, &bits, 4);
	}
}

static int cheat(const struct avo_attention *a)
{
	static float q[1 << 20], k[1 << 20];
	size_t nq = rows_of(a) * (size_t)a->head_dim;
	size_t nk = (size_t)a->batch * (size_t)a->kv_len * (size_t)a->kv_heads * (size_t)a->head_dim;
	struct avo_attention b = *a;

	if (nq > 1 << 20 || nk > 1 << 20)
		return honest(a);
	round_to_bf16(q, a->q, nq);
	round_to_bf16(k, a->k, nk);
	b.q = q;
	b.k = k;
	return honest(&b);
}

#endif
