/*
 * The inside of the operator `agent`, shared by its files: a model with tools
 * that runs whole variation steps by itself.
 *
 *   agent.c         the operator's table: open, begin, evaluated, cancel, ...
 *   agent_turn.c    one turn: ask the model, run the tools it calls
 *   agent_room.c    making room: pruning, summary, fresh start; the supervisor's review
 *   agent_port.c    what the tools ask of the engine
 *   agent_profile.c counters, measured or from the record, beside others
 *   agent_limits.c  budgets of a step, notices to the model
 *   agent_output.c  how long an answer may be
 */
#ifndef AVO_OPERATOR_AGENT_H
#define AVO_OPERATOR_AGENT_H

#include "agent/memory.h"
#include "agent/tools.h"
#include "llm/client.h"
#include "operator/operator.h"

enum phase {
	PHASE_IDLE,		/* no step, or between two callbacks */
	PHASE_ASKING,		/* the model is asked for its next turn */
	PHASE_SUMMARY,		/* it is asked to sum up */
	PHASE_REVIEW,		/* it is asked for directions */
	PHASE_WAITING_GO,	/* a tool waits for the engine's permission */
	PHASE_TOOL,		/* a tool runs */
	PHASE_PERSON,		/* a person must act: key, money, a refused request */
};

/* Limits of one step; 0: none. */
struct step_limits {
	double cost;
	int64_t tokens, time_ms, attempts, turns;
};

struct agent {
	struct operator_host *host;
	struct llm_config config;
	struct http *http;
	struct llm_call *call;
	struct llm_patience patience;
	struct knowledge *knowledge;
	bool profile_wanted;		/* the running tool call waits for a profile */
	char profile_against[32];	/* what it is to be compared with; "": by what it is of */
	cJSON *last_profile;		/* the event of the profile before; may be NULL */
	struct suite suite;
	bool have_suite;
	char *system, *summary_prompt, *review_prompt;	/* owned */
	struct llm_tool *tools;
	struct toolbox box;
	struct memory memory;

	enum phase phase;
	bool in_step;
	int step, parent, action;
	uint64_t call_digest;		/* of the tool and the arguments of that action */
	bool submitted;
	bool out_of_budget;		/* the run's attempts are used up */
	char *farewell;			/* of submit; owned, may be NULL */
	int committed;			/* the version this step committed, -1 */
	struct llm_reply reply;		/* the turn whose tools are being run */
	size_t next_use;		/* the block of it that comes next */
	struct buf queue;		/* words of the engineer and the supervisor for the next turn */

	struct step_limits limits;
	double warned;			/* the highest level of the step's limits that was announced: 0, 0.5, 0.8 */
	double run_warned;		/* likewise of the run's */
	double step_cost;
	int64_t step_tokens, step_started_ms;
	int step_attempts, step_turns;
	int nudges;			/* turns in a row without a tool call */
	int refusals;			/* in a row */
	int64_t max_tokens;		/* of a turn; grows when answers are cut */
	double compact_at;		/* share of the window */
	bool cramped;			/* said that the window is too small to work in */
	bool bare;			/* cut down to the brief, and not answered since: there is nothing left to cut */

	bool review_due;
	char *review_trigger, *review_reason;	/* owned */
	int review_level;

	struct loop_timer *person_timer;
	int64_t person_until_ms;
	bool key_refused;		/* that is what a person is waited for */
	char *person_why;		/* the newest reason that was journaled; owned, NULL: answered since */
	int64_t silent_since_ms;	/* the model server has not answered since; 0: it does */
	bool outage_told;		/* and that is in the journal */
};

/* agent_turn.c */
void agent_next(struct agent *a);		/* the next thing that is due: review, room, turn */
void agent_use_next_tool(struct agent *a);
void agent_run_tool(struct agent *a);		/* go() */
void agent_tool_answered(void *arg, const char *id, const char *text, bool is_error);
void agent_stop_call(struct agent *a);
/* Journals what a call cost. purpose: turn, summary, review, wasted. */
void agent_count(struct agent *a, const struct llm_usage *usage, const char *purpose);
void agent_end_step(struct agent *a, enum step_outcome outcome, const char *text);

/* agent_wait.c */
void agent_warn(struct agent *a, const char *text);
/* Waits for a person, and tries again by itself. */
void agent_wait_for_person(struct agent *a, const char *why);
/* Shows a wait for the server; one that lasts is journaled too, and so is its end. */
void agent_live_wait(struct agent *a, const struct llm_wait *wait);
/* The model has answered. */
void agent_outage_over(struct agent *a);

/* agent_room.c */
bool agent_needs_room(const struct agent *a);
void agent_make_room(struct agent *a, bool overflow);	/* overflow: the server said it is too long */
void agent_review(struct agent *a);
int64_t agent_overhead(const struct agent *a);

/* agent_output.c */
#define AGENT_LEAST_WINDOW 4096		/* tokens; what a server says below that is not believed */
int64_t agent_output_ceiling(const struct agent *a);	/* tokens */
void agent_output_grow(struct agent *a);		/* an answer was cut */
/* After a refused question: asks for less from now on; false: it was not more than avo.conf says. */
bool agent_output_back(struct agent *a);
/* The server named the size of its window; 0: it did not. */
void agent_window_is(struct agent *a, int64_t window);

/* agent_port.c */
void agent_port_init(struct tool_port *port, struct agent *a);

/* agent_profile.c */
bool agent_profile(void *arg, const char *what, const char *case_name, const char *against, bool again, const char **why);
void agent_profiled(void *op, const cJSON *event);
void agent_profile_stop(struct agent *a);

/* agent_limits.c */
enum avo_status agent_limits_read(struct agent *a, const struct conf *conf, struct error *err);
/* Queues a notice when half or four fifths of a limit of the step or the run are used up. */
void agent_limits_notice(struct agent *a);
/* The limit of the step that is used up, as a sentence; NULL: none. */
const char *agent_limit_reached(const struct agent *a);

#endif
