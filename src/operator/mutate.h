/* What the files of the operator `mutate` share. */
#ifndef AVO_OPERATOR_MUTATE_H
#define AVO_OPERATOR_MUTATE_H

#include "operator/mutate_propose.h"
#include "operator/operator.h"
#include "candidate/source.h"

#define MUTATE_REDIRECTED 8	/* attempts for which an intervention holds */
#define MUTATE_TITLE 256
#define MUTATE_WHY 256

/* Attempts of one step that change the same parameters. */
struct group {
	uint64_t mask;		/* bit i: parameter i differs from the incumbent */
	int direction;
	bool passed;
	double best_ratio;
};

struct mutate {
	struct operator_host *host;
	int64_t seed, attempts_per_step;
	struct search_settings search;

	int parent;			/* version whose files these are, -1: none yet */
	struct source source;
	struct parameter_set set;
	struct genome incumbent;
	struct mutate_trials trials;
	bool remembered;

	bool in_step;
	int step_attempts;
	struct proposal proposal;	/* what is being evaluated */
	struct group *groups;
	int group_count, current_group;
	size_t group_cap;
};

/* mutate_record.c: how proposals are written into the journal and read back. */

/* {"op","parents":["v3"],"params":{NAME:VALUE},"changed":{NAME:[FROM,TO]},"base":"HEX"}; owned. */
cJSON *mutate_origin(const struct mutate *m, const struct proposal *p);
/* "TILE_M 16→32, EXP LIBM→POLY", and where it comes from. */
void mutate_describe(char title[MUTATE_TITLE], char why[MUTATE_WHY], const struct mutate *m, const struct proposal *p);
/* Fills in what became of a trial; false when it says nothing about the genome (cancelled). */
bool mutate_judge(struct mutate_trial *t, const struct attempt *attempt);
/* Rebuilds the trials from the journal, for the parameters in m->set. */
enum avo_status mutate_remember(struct mutate *m, struct error *err);

#endif
