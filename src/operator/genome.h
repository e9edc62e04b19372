/*
 * The classic search over annotated parameters: a genome assigns a value to
 * each, a population remembers what was scored, and proposals come from
 * mutation of a parent or crossover of two, never twice the same. Pure: all
 * chance comes from the generator that is handed in.
 */
#ifndef AVO_OPERATOR_GENOME_H
#define AVO_OPERATOR_GENOME_H

#include <stdbool.h>
#include <stdint.h>

#include "operator/parameter.h"

struct rng {
	uint64_t s;
};
/* Independent streams for (seed, number): the same proposal for the same attempt, whatever came before. */
void rng_seed(struct rng *r, uint64_t seed, uint64_t number);
uint64_t rng_next(struct rng *r);
double rng_unit(struct rng *r);				/* [0, 1) */
int rng_below(struct rng *r, int n);			/* [0, n), n >= 1 */

struct genome {
	int values[PARAMETER_MAX];	/* indexes into the parameters' values */
};

/* A genome that was evaluated. */
struct trial {
	struct genome genome;
	struct genome against;		/* the incumbent's at that time: what differs was changed */
	int attempt;
	bool passed;
	double score;			/* geomean, when it passed */
	double gain;			/* log of the ratio to the incumbent; a penalty when it did not pass */
};

struct population {
	struct trial *trials;		/* in order of evaluation */
	size_t count, cap;
	uint64_t *tried;		/* open-addressing set of genome hashes; 0: free */
	size_t tried_count, tried_cap;
};

void population_init(struct population *p);
void population_release(struct population *p);
/* Marks a genome as tried. False when it was already. */
bool population_mark(struct population *p, const struct parameter_set *set, const struct genome *g);
bool population_tried(const struct population *p, const struct parameter_set *set, const struct genome *g);
void population_add(struct population *p, const struct trial *t);

enum proposal_op { PROPOSAL_MUTATION, PROPOSAL_CROSSOVER, PROPOSAL_RESTART };
const char *proposal_op_name(enum proposal_op op);

/* How to search now; chances in [0, 1]. */
struct search_settings {
	double crossover;		/* chance of a crossover instead of a mutation */
	double other_parent;		/* chance that the parent is not the incumbent */
	double more;			/* chance of each further changed parameter: geometric */
	int least;			/* changed parameters at least */
	bool restart;			/* start from a random genome far away instead */
};

struct proposal {
	struct genome genome;
	enum proposal_op op;
	int parents[2];			/* attempts; 0: the incumbent; -1: none */
	int parent_count;
};

/* False when every genome of the space was tried. */
bool propose(struct proposal *out, const struct parameter_set *set, const struct genome *incumbent,
	     const struct population *p, const struct search_settings *s, struct rng *r);

#endif
