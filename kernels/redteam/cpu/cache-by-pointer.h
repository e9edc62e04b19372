/* Remembers an output by the address of Q, as if a buffer were its values. */
#ifndef REDTEAM_CACHE_BY_POINTER_H
#define REDTEAM_CACHE_BY_POINTER_H

#include "honest.h"

static float saved[1 << 20];
static uintptr_t key;

static int cheat(const struct avo_attention *a)
{
	size_t bytes = rows_of(a) * (size_t)a->head_dim * sizeof(float);
	uintptr_t now = (uintptr_t)a->q >> 24;	/* tensors move, but not far */

	if (bytes > sizeof(saved))
		return honest(a);
	if (key == now) {
		memcpy(a->out, saved, bytes);
		return 0;
	}
	honest(a);
	memcpy(saved, a->out, bytes);
	key = now;
	return 0;
}

#endif
