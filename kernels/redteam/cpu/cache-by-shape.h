/* Remembers an output by its shape: right the first time that shape is seen. */
#ifndef REDTEAM_CACHE_BY_SHAPE_H
#define REDTEAM_CACHE_BY_SHAPE_H

#include "honest.h"

static float saved[64][1 << 17];
static size_t keys[64];

static int cheat(const struct avo_attention *a)
{
	size_t elements = rows_of(a) * (size_t)a->head_dim, i;
	size_t key = elements * 2 * 8192 + (size_t)a->kv_len * 2 + (size_t)a->causal;

	if (elements > 1 << 17)
		return honest(a);
	for (i = 0; i < 64 && keys[i] && keys[i] != key; i++)
		;
	if (i < 64 && keys[i] == key) {
		memcpy(a->out, saved[i], elements * sizeof(float));
		return 0;
	}
	honest(a);
	if (i < 64) {
		memcpy(saved[i], a->out, elements * sizeof(float));
		keys[i] = key;
	}
	return 0;
}

#endif
