/*
 * What the search over annotated parameters remembers: a genome assigns a
 * value to each parameter; a trial is one that was scored.
 */
#ifndef AVO_OPERATOR_MUTATE_TRIALS_H
#define AVO_OPERATOR_MUTATE_TRIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "candidate/parameter.h"

struct genome {
	int values[PARAMETER_MAX];	/* indexes into the parameters' values */
};

/* A genome that was evaluated. */
struct mutate_trial {
	struct genome genome;
	struct genome against;		/* the incumbent's at that time: what differs was changed */
	int attempt;
	bool passed;
	double score;			/* geomean, when it passed */
	double gain;			/* log of the ratio to the incumbent; a penalty when it did not pass */
};

struct mutate_trials {
	struct mutate_trial *trials;		/* in order of evaluation */
	size_t count, cap;
	uint64_t *tried;		/* open-addressing set of genome hashes; 0: free */
	size_t tried_count, tried_cap;
};

void mutate_trials_init(struct mutate_trials *p);
void mutate_trials_release(struct mutate_trials *p);
/* Marks a genome as tried. False when it was already. */
bool mutate_trials_mark(struct mutate_trials *p, const struct parameter_set *set, const struct genome *g);
bool mutate_trials_tried(const struct mutate_trials *p, const struct parameter_set *set, const struct genome *g);
void mutate_trials_add(struct mutate_trials *p, const struct mutate_trial *t);

#endif
