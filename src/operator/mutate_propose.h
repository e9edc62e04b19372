/*
 * The classic search over annotated parameters: proposals come from mutation
 * of a parent or crossover of two, never twice the same. Pure: all chance
 * comes from the generator that is handed in.
 */
#ifndef AVO_OPERATOR_MUTATE_PROPOSE_H
#define AVO_OPERATOR_MUTATE_PROPOSE_H

#include "base/rng.h"
#include "operator/mutate_trials.h"

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
bool mutate_propose(struct proposal *out, const struct parameter_set *set, const struct genome *incumbent,
		    const struct mutate_trials *p, const struct search_settings *s, struct rng *r);

#endif
