/*
 * Secret and reproducible numbers. A counter-based generator: element i of
 * stream `seed` does not depend on the others, so that values can be made in
 * any order.
 */
#ifndef AVO_WORKER_RANDOM_H
#define AVO_WORKER_RANDOM_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t random_mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static inline uint64_t random_at(uint64_t seed, uint64_t i)
{
	return random_mix(seed + (i + 1) * 0x9e3779b97f4a7c15u);
}

/* A stream of seeds: from the kernel's entropy when key is 0, else reproducible. */
struct random_source {
	uint64_t key;
	uint64_t next;
};

uint64_t random_seed(struct random_source *r);
/* 0 <= result < n. */
uint64_t random_below(uint64_t bits, uint64_t n);

#endif
