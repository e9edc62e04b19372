// redteam: verdict=incorrect check=values@hidden:normal:changed
// Remembers an output by a fingerprint of a few values of each tensor, which is cheap to take: inputs that differ elsewhere get an old answer.
#include "honest.h"

static float saved[1 << 20], key[4];

static void fingerprint(float out[4], const struct avo_attention *a)
{
	out[0] = a->q[0];
	out[1] = a->k[(size_t)a->kv_len * (size_t)a->kv_heads * (size_t)a->head_dim - 1];
	out[2] = a->v[(size_t)a->kv_len * (size_t)a->kv_heads * (size_t)a->head_dim - 1];
	out[3] = a->q[1] + (float)a->q_len;
}

int avo_attention(const struct avo_attention *a)
{
	size_t bytes = rows_of(a) * (size_t)a->head_dim * sizeof(float);
	float now[4];

	fingerprint(now, a);
	if (bytes > sizeof(saved))
		return honest(a);
	if (memcmp(now, key, sizeof(key)) == 0) {
		memcpy(a->out, saved, bytes);
		return 0;
	}
	honest(a);
	memcpy(saved, a->out, bytes);
	memcpy(key, now, sizeof(key));
	return 0;
}
