#include "avo.h"
#include "base/rng.h"

void rng_seed(struct rng *r, uint64_t seed, uint64_t number)
{
	r->s = seed * 0x9e3779b97f4a7c15ULL ^ number * 0xd1342543de82ef95ULL;
	rng_next(r);
}

/* splitmix64 */
uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->s += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

double rng_unit(struct rng *r)
{
	return (double)(rng_next(r) >> 11) * 0x1p-53;
}

int rng_below(struct rng *r, int n)
{
	return (int)(rng_unit(r) * n);
}
