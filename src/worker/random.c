#include "avo.h"
#include "worker/random.h"

#include <sys/random.h>

uint64_t random_seed(struct random_source *r)
{
	uint64_t bits;

	if (r->key)
		return random_at(r->key, r->next++);
	while (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
		;
	return bits;
}

uint64_t random_below(uint64_t bits, uint64_t n)
{
	return (uint64_t)((unsigned __int128)bits * n >> 64);
}

/* The sum of four uniform numbers has variance 1/3 in units of their range. */
void random_normal(float *out, size_t n, uint64_t seed)
{
	const float scale = 1.7320508f / 65536.0f, mean = 131070.0f;
	size_t i;

	for (i = 0; i < n; i++) {
		uint64_t x = random_at(seed, i);
		uint32_t sum = (uint32_t)(x & 0xffff) + (uint32_t)(x >> 16 & 0xffff) + (uint32_t)(x >> 32 & 0xffff) +
			       (uint32_t)(x >> 48);

		out[i] = ((float)sum - mean) * scale;
	}
}
