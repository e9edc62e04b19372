/*
 * The state of a run, rebuilt by applying journal events in order. The engine
 * resumes from it, the command line prints it, the workbench draws it: nobody
 * keeps a second copy of these facts. Applying an event never fails: unknown
 * types and members are ignored, so that an older avo can read a newer journal.
 *
 * Ids are plain numbers (17 for a17); -1 means none.
 */
#ifndef AVO_JOURNAL_STATE_H
#define AVO_JOURNAL_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "journal/journal.h"
#include "task/score.h"

#define COMMIT_ID_SIZE 41	/* 40 hex digits and a NUL */

enum engine_state {
	ENGINE_NONE,		/* never started */
	ENGINE_RUNNING,
	ENGINE_PAUSED,
	ENGINE_STEPPING,	/* running until the asked-for steps or actions are done */
	ENGINE_AWAITING,	/* an approval is pending and the step cannot go on without it */
	ENGINE_WAITING,		/* for a worker that is away, or in a scheduler's queue */
	ENGINE_FINISHED,	/* a budget or the search space is used up */
	ENGINE_FAILED,
	ENGINE_STOPPED,		/* the engine was told to stop, or its end was recorded */
};
const char *engine_state_name(enum engine_state s);	/* "running", ... */
enum engine_state engine_state_parse(const char *name);

enum gate { GATE_AUTO, GATE_MANUAL };
const char *gate_name(enum gate g);

enum direction_state { DIRECTION_OPEN, DIRECTION_TRIED, DIRECTION_FAILED, DIRECTION_PARTIAL, DIRECTION_MERGED, DIRECTION_DROPPED };
const char *direction_state_name(enum direction_state s);
enum direction_state direction_state_parse(const char *name);

struct version {
	int id;
	char commit[COMMIT_ID_SIZE];
	int parent;			/* version id, -1 for v0 */
	int attempt;			/* -1 for v0 */
	int direction;
	struct score score;		/* as measured when it was committed, the seed's at the first start; count 0 before */
	struct comparison comparison;	/* against its parent */
	char *author;			/* operator name or user name; owned, never NULL */
	char *title;			/* first line of the commit message; owned */
	int64_t time_ms;
	struct journal_ref ref;		/* the "version" event */
};

enum attempt_stage {
	ATTEMPT_STARTED,	/* being evaluated */
	ATTEMPT_SCORED,		/* it has a verdict */
	ATTEMPT_PENDING,	/* waits for approval; an approved one stays so until its version is recorded */
	ATTEMPT_COMMITTED,
	ATTEMPT_REJECTED,	/* by the engineer */
	ATTEMPT_DROPPED,	/* its step or the engine ended before there was a verdict */
};

#define JUDGE_SIZE 33

struct attempt {
	int id;
	enum attempt_stage stage;
	int step, action;
	int parent;			/* version id it was varied from */
	int direction;
	char commit[COMMIT_ID_SIZE];
	char tree[COMMIT_ID_SIZE];	/* equal for identical candidates; "" (and commit, too) when its files broke the rules and were not kept */
	char judge[JUDGE_SIZE];		/* digest of what it was measured by: equal judges and devices may be answered from the record; "" unknown */
	char *author;			/* owned, never NULL */
	char *title;			/* what was changed, in a line; owned */
	int added, removed;		/* lines against the parent */
	enum verdict verdict;
	char *reason;			/* one sentence, NULL when passed and not rejected; owned */
	struct score score;
	struct comparison comparison;
	int incumbent;			/* version id it was compared with */
	int version;			/* the version it became, -1 */
	int profile;			/* 1 + the index of its newest profile, 0: none */
	int64_t started_ms, ended_ms;	/* ended 0: still being evaluated */
	struct journal_ref scored;	/* the full "attempt-scored" event: build log, checks, pairs, telemetry */
};

struct direction {
	int id;
	enum direction_state state;
	int step;
	int parent;			/* version id it started from */
	char *title, *hypothesis, *expected, *outcome;	/* owned, may be NULL */
	int attempts;			/* count */
	int64_t opened_ms, closed_ms;
};

struct action {
	int id;				/* counts over the whole run */
	int step, attempt;		/* attempt -1 unless it is an evaluation */
	char *kind;			/* owned, never NULL: edit shell evaluate profile read search note ... */
	char *text;			/* what, in a line; owned */
	char *result;			/* how it ended, in a line; owned, NULL while it runs */
	bool ok;
	uint64_t call;			/* equal for the same tool with the same arguments; 0: unknown */
	int64_t started_ms, ended_ms;
	struct journal_ref ended;	/* the event with the full result or its blob */
};

struct step {
	int id;
	int parent;			/* version id */
	char *operator;			/* owned, as outcome; never NULL */
	char *outcome;			/* committed gave-up budget stopped rejected; "" while it runs */
	int version;			/* what it committed, -1 */
	int attempts, actions;
	int64_t started_ms, ended_ms;
};

struct intervention {
	char *trigger;			/* no-version, repeated-candidate, cycle, ...; owned, never NULL */
	char *reason, *act;		/* owned */
	int attempt;			/* the newest attempt then, 0 before the first */
	int level;
	int64_t time_ms;
};

/* A baseline measured on the run's own suite: OpenBLAS, cuDNN, ... or the peak. */
struct peer {
	char *name;			/* owned */
	struct score score;
};

/* What the hardware said of a candidate while it ran; the newest of each candidate and case. A version and its attempt are one candidate. */
struct profile {
	char what[32];			/* as it was asked for: "v3", "a17", "work" */
	char case_name[48];
	bool counted;			/* counters are there, else the event says why not */
	int older;			/* 1 + the index of another case of the same candidate, 0: none */
	int64_t time_ms;
	struct journal_ref ref;		/* the "profile" event */
};

/* Totals of the run at some moment. */
struct spent {
	double cost_usd, tokens;	/* tokens: read and written */
	int64_t active_ms;
	int actions, steps;
};

struct run_state {
	uint64_t seq;			/* of the last event applied */
	int64_t first_ms, last_ms;	/* times of the first and the last event */
	char *name, *suite, *backend, *operator, *unit, *device;	/* owned, never NULL: "" when unknown */
	enum engine_state state;
	char *state_reason;		/* owned, never NULL */
	enum gate gate;
	int engine_pid;
	double peak;			/* measured peak in the score's unit, NAN when unknown */

	struct version *versions;	size_t version_count, version_cap;	/* in order: versions[i].id == i */
	struct attempt *attempts;	size_t attempt_count, attempt_cap;	/* attempts[i].id == i + 1 */
	struct direction *directions;	size_t direction_count, direction_cap;	/* directions[i].id == i + 1 */
	struct step *steps;		size_t step_count, step_cap;		/* steps[i].id == i + 1 */
	struct action *actions;		size_t action_count, action_cap;	/* a window: the newest ones, at most STATE_MAX_ACTIONS */
	struct intervention *interventions; size_t intervention_count, intervention_cap;
	struct peer *peers;		size_t peer_count, peer_cap;
	struct profile *profiles;	size_t profile_count, profile_cap;
	int seed_profile, work_profile;	/* 1 + the index of the newest profile of v0, and of files of no attempt; 0: none */
	uint64_t actions_total;

	bool active;			/* running or stepping */
	int64_t active_ms;		/* time spent so up to the last event, over all engine lives */
	int64_t recorded_mono_ms;	/* the engine's monotonic clock at the last event; 0 in everybody else */
	double cost_usd;		/* money spent on models */
	double tokens_in, tokens_out;
	struct spent mark;		/* at the newest version or intervention, whichever came later */
};

#define STATE_MAX_ACTIONS 4096
#define STATE_MAX_GAP_MS (3600 * (int64_t)1000)

void state_init(struct run_state *s);
void state_release(struct run_state *s);	/* to be initialised again before it is used again */
/*
 * Applies one parsed event; ref says where its line stands (zeroes when unknown). An event whose seq was applied
 * already is ignored, so that the file and the socket may overlap.
 */
void state_apply(struct run_state *s, const cJSON *event, struct journal_ref ref);
/* Reads a whole journal directory into s, which is initialised. AVO_CORRUPT names the place; s then holds what came before it. */
enum avo_status state_load(struct run_state *s, const char *journal_dir, struct error *err);

/* Lookups return NULL when there is no such thing; borrowed until the next apply. */
const struct version *state_version(const struct run_state *s, int id);
/*
 * Three questions that have one answer as long as a run has a single lineage, and are asked apart for the day it has more:
 * what a challenger must beat, what was committed last, and what nothing that met it has beaten.
 */
const struct version *state_incumbent(const struct run_state *s);
const struct version *state_newest(const struct run_state *s);
const struct version *state_champion(const struct run_state *s);
const struct attempt *state_attempt(const struct run_state *s, int id);
/* what: "v3", "a17" or "work". case_name may be NULL: the case that was profiled last. */
const struct profile *state_profile(const struct run_state *s, const char *what, const char *case_name);
const struct direction *state_direction(const struct run_state *s, int id);
const struct step *state_step(const struct run_state *s, int id);	/* newest: state_step(s, s->step_count) */
/* The attempt that waits for approval and was pending longest, or NULL. */
const struct attempt *state_pending(const struct run_state *s);
/* Attempts evaluated or rejected since the newest version was tried; those that say nothing about
 * their candidate (evaluator-fault, cancelled) and pending ones do not count. */
int state_attempts_since_version(const struct run_state *s);
/*
 * Active time as of now. The engine's own goes by its monotonic clock; a reader adds what the wall clock shows since the last
 * event, and no more than STATE_MAX_GAP_MS, as a clock that was set or a suspended machine is no work.
 */
int64_t state_active_ms(const struct run_state *s, int64_t now_ms);
/* The totals up to the last event. */
void state_spent(struct spent *out, const struct run_state *s);

#endif
