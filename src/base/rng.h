/* A small generator (splitmix64) whose numbers depend on its seed alone: what is drawn for a search, never for a secret. */
#ifndef AVO_BASE_RNG_H
#define AVO_BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t s;
};
/* Independent streams for (seed, number): the same draw for the same attempt, whatever came before. */
void rng_seed(struct rng *r, uint64_t seed, uint64_t number);
uint64_t rng_next(struct rng *r);
double rng_unit(struct rng *r);				/* [0, 1) */
int rng_below(struct rng *r, int n);			/* [0, n), n >= 1 */

#endif
