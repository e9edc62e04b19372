/*
 * The variation operator: what turns a parent version into candidates.
 *
 * The engine owns evaluation, promotion, commits, budgets and the journal; an
 * operator owns ideas. It runs inside the engine's loop and never blocks: a step may
 * take milliseconds (mutate) or an hour with hundreds of actions (agent). One step
 * runs at a time. All calls in both directions come from the loop's thread;
 * the host may be called from inside any operator call.
 *
 *   engine -> operator                      operator -> engine (host)
 *   begin(step)                             action_ask -> go (stepping, pause)
 *   go(action)   permission for one action  action_start / action_done
 *   evaluated(attempt, result)              evaluate(candidate) -> attempt id
 *   redirect(...) supervisor               direction_open / direction_close
 *   message(text) engineer                  say (transcript), step_done(outcome)
 *   cancel()
 */
#ifndef AVO_OPERATOR_OPERATOR_H
#define AVO_OPERATOR_OPERATOR_H

#include "base/conf.h"
#include "base/loop.h"
#include "journal/state.h"
#include "lineage/lineage.h"

struct operator_host;		/* the engine, seen by an operator; below */

/* What a step starts from. Borrowed during the call. */
struct step_begin {
	int step;
	int parent;			/* version id to vary */
	const char *guidance;		/* the engineer's hints and the supervisor's direction since the last step; may be NULL */
};

enum step_outcome {
	STEP_COMMITTED, STEP_GAVE_UP, STEP_BUDGET, STEP_STOPPED,
	STEP_EXHAUSTED,			/* there is nothing more to try: the run is finished */
	STEP_UNREADABLE,		/* what the step needs could not be read just now: it is begun again once it can */
};
const char *step_outcome_name(enum step_outcome o);	/* "committed" "gave-up" "budget" "stopped" "exhausted" */

/* How strongly a supervisor's intervention changes the search. */
struct redirection {
	const char *trigger;		/* no-version, repeated-candidate, cycle, ...: the table in engine/supervisor.c */
	const char *reason;		/* a sentence */
	const char *act;		/* what is asked for: "larger-moves" or "restart" */
	int level;			/* 1, 2, ...: how often it fired since the last version */
};

struct candidate;

struct operator_ops {
	const char *name;		/* "mutate", "manual", "agent" */
	const char *summary;		/* what varies, in a line, for avo list operators */
	bool keeps_directions;		/* open directions outlive the step they were opened in */
	/* Reads its own section of conf; rebuilds what it must know from the state (a resumed run included). */
	enum avo_status (*open)(void **out, struct operator_host *host, const struct conf *conf, struct error *err);
	void (*close)(void *op);

	void (*begin)(void *op, const struct step_begin *begin);
	/* The action asked for by host->action_ask may start now. */
	void (*go)(void *op);
	/* The evaluation it asked for has ended; the attempt in the state holds everything. committed: it became a version. */
	void (*evaluated)(void *op, const struct attempt *attempt, bool committed, const cJSON *result);
	/* A worker measures something now, or nothing any more: what runs beside it must stand still meanwhile. May be NULL. */
	void (*measuring)(void *op, bool on);
	/* Stop soon and call step_done(STEP_STOPPED); what is half done is dropped. */
	void (*cancel)(void *op);	/* only while a step runs; an evaluation in flight is cancelled by the engine */
	void (*redirect)(void *op, const struct redirection *r);	/* may be NULL */
	void (*message)(void *op, const char *from, const char *text);	/* may be NULL */
	/* A candidate that a person hands in through the control socket. As host->evaluate, -1 also when it is not the moment. May be NULL. */
	int (*submit)(void *op, const struct candidate *candidate);
	/* The profile it asked for by host->profile: the journaled event, or without "what" when it was cancelled. NULL where it never asks. */
	void (*profiled)(void *op, const cJSON *event);
};

/* A candidate handed in for evaluation. Borrowed during the call. */
struct candidate {
	const struct source_file *files;	/* all files of the candidate */
	size_t file_count;
	const char *refused;		/* why its files cannot be a candidate's (there are none then): the attempt is build-failed; NULL */
	bool again;			/* measure it even if the record answers it */
	const char *title;		/* what was changed, in a line */
	const char *why;		/* longer; may be NULL */
	int direction;			/* -1: none */
	const cJSON *origin;		/* operator's own record, kept in the journal: parameters, parents, rng; may be NULL */
};

struct operator_host {
	struct loop *loop;
	const struct run_state *state;
	struct lineage *lineage;
	const char *run_dir;		/* the run: working tree and .avo/ */
	const char *scratch_dir;	/* .avo/work: the operator's own */
	const struct conf *conf;
	const char *known;		/* what the record says of the candidate last handed in, for a person; the host's */

	/* Asks to start an action; go() is called at once, or later when the run is paused or stepped. */
	void (*action_ask)(struct operator_host *host);
	/* Journals the start of an action; returns its id. */
	int (*action_start)(struct operator_host *host, const char *kind, const char *text);
	void (*action_done)(struct operator_host *host, int action, bool ok, const char *result, const cJSON *detail);
	/*
	 * Opens an evaluate action and submits; evaluated() follows. Returns the attempt's id; 0 when the record answers it, which known
	 * then tells (no attempt is made, nothing follows); or -1 when a budget is used up (step_done is then expected).
	 */
	int (*evaluate)(struct operator_host *host, const struct candidate *candidate);
	/*
	 * Asks for the counters of a version ("v3"), an attempt ("a17") or of the files in dir ("work"), on a case of the suite (NULL:
	 * its first); profiled() follows. One at a time. False with *why set: not now, or never here.
	 */
	bool (*profile)(struct operator_host *host, const char *what, const char *dir, const char *case_name, const char **why);
	/* What was asked for is not wanted any more. */
	void (*profile_cancel)(struct operator_host *host);
	/* Returns the direction's id. */
	int (*direction_open)(struct operator_host *host, const char *title, const char *hypothesis, const char *expected);
	void (*direction_close)(struct operator_host *host, int direction, enum direction_state state, const char *outcome);
	/* A journaled event of the operator's own (transcript, usage, memory). Takes ownership. */
	void (*record)(struct operator_host *host, cJSON *event);
	/* Something live that is shown but not kept: streaming text, a count. */
	void (*live)(struct operator_host *host, const char *kind, const char *text);
	/* The step is over; begin() follows when the run goes on. */
	void (*step_done)(struct operator_host *host, enum step_outcome outcome, const char *text);
};

/* The table of operators; NULL when there is none of that name. */
const struct operator_ops *operator_find(const char *name);
/* The operators in order; NULL behind the last. */
const struct operator_ops *operator_at(size_t i);
/* Names for messages: "mutate, manual"; static. */
const char *operator_names(void);

#endif
