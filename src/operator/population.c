#include "avo.h"
#include "base/mem.h"
#include "operator/genome.h"

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

void population_init(struct population *p)
{
	memset(p, 0, sizeof(*p));
}

void population_release(struct population *p)
{
	free(p->trials);
	free(p->tried);
	population_init(p);
}

/* The skeleton is part of it: the same values in other code are another candidate. */
static uint64_t genome_hash(const struct parameter_set *set, const struct genome *g)
{
	struct rng mix = { set->skeleton };
	int i;

	for (i = 0; i < set->count; i++) {
		mix.s ^= (uint64_t)(unsigned)g->values[i] + 1;
		mix.s = rng_next(&mix);
	}
	return mix.s ? mix.s : 1;
}

static size_t find_slot(const uint64_t *table, size_t cap, uint64_t hash)
{
	size_t i = hash & (cap - 1);

	while (table[i] && table[i] != hash)
		i = (i + 1) & (cap - 1);
	return i;
}

static void grow_tried(struct population *p)
{
	size_t cap = p->tried_cap ? p->tried_cap * 2 : 256, i;
	uint64_t *table = xcalloc(cap, sizeof(*table));

	for (i = 0; i < p->tried_cap; i++)
		if (p->tried[i])
			table[find_slot(table, cap, p->tried[i])] = p->tried[i];
	free(p->tried);
	p->tried = table;
	p->tried_cap = cap;
}

bool population_tried(const struct population *p, const struct parameter_set *set, const struct genome *g)
{
	return p->tried_cap && p->tried[find_slot(p->tried, p->tried_cap, genome_hash(set, g))] != 0;
}

bool population_mark(struct population *p, const struct parameter_set *set, const struct genome *g)
{
	uint64_t hash = genome_hash(set, g);
	size_t slot;

	if (p->tried_count * 2 >= p->tried_cap)
		grow_tried(p);
	slot = find_slot(p->tried, p->tried_cap, hash);
	if (p->tried[slot])
		return false;
	p->tried[slot] = hash;
	p->tried_count++;
	return true;
}

void population_add(struct population *p, const struct trial *t)
{
	p->trials = xgrow(p->trials, &p->cap, p->count + 1, sizeof(*p->trials));
	p->trials[p->count++] = *t;
}
