/* What was scored, and the set of genomes that were tried. */
#include "avo.h"
#include "base/mem.h"
#include "base/rng.h"
#include "operator/mutate_trials.h"

void mutate_trials_init(struct mutate_trials *p)
{
	memset(p, 0, sizeof(*p));
}

void mutate_trials_release(struct mutate_trials *p)
{
	free(p->trials);
	free(p->tried);
	mutate_trials_init(p);
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

static void grow_tried(struct mutate_trials *p)
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

bool mutate_trials_tried(const struct mutate_trials *p, const struct parameter_set *set, const struct genome *g)
{
	return p->tried_cap && p->tried[find_slot(p->tried, p->tried_cap, genome_hash(set, g))] != 0;
}

bool mutate_trials_mark(struct mutate_trials *p, const struct parameter_set *set, const struct genome *g)
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

void mutate_trials_add(struct mutate_trials *p, const struct mutate_trial *t)
{
	p->trials = xgrow(p->trials, &p->cap, p->count + 1, sizeof(*p->trials));
	p->trials[p->count++] = *t;
}
