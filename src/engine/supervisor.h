/*
 * The supervisor: looks at the record of a run and says when the search needs
 * another direction. A pure function of the state, so that it can be tested on
 * any trajectory and says the same after a resume.
 */
#ifndef AVO_ENGINE_SUPERVISOR_H
#define AVO_ENGINE_SUPERVISOR_H

#include <stdbool.h>

#include "journal/state.h"

/* 0 turns a trigger off. */
struct supervisor_limits {
	int stall;		/* attempts without a version */
	int repeats;		/* identical candidates among the newest attempts */
	int same_errors;	/* failures in a row with the same words */
	int cycle;		/* times a sequence of 2 to 4 candidates or errors comes back */
	int idle_steps;		/* steps in a row that evaluated nothing */
	int tool_cycle;		/* times a sequence of 1 to 4 calls of tools comes back without an evaluation */
	int64_t stall_ms;	/* active time since the last version or intervention */
	double burn;		/* share of the run's money or tokens spent since then */
	double cost_usd, tokens;	/* the whole run's budgets, which burn is a share of */
	int cooldown;		/* attempts between interventions; what counts from the last one needs none */
};

struct finding {
	const char *trigger;	/* its name in the table of supervisor.c; static */
	const char *act;	/* larger-moves, restart; static */
	int level;		/* how often it fired since the last version, this one included */
	char reason[256];
};

/* True when an intervention is due. */
bool supervisor_look(struct finding *out, const struct run_state *s, const struct supervisor_limits *l);

#endif
