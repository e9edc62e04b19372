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
