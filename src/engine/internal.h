/*
 * The engine's own struct and what its files offer one another. One thing is
 * done at a time: engine_kick() asks for advance(), which looks at the state and starts
 * the next thing that may start, so that no callback recurses into another.
 */
#ifndef AVO_ENGINE_INTERNAL_H
#define AVO_ENGINE_INTERNAL_H

#include "base/loop.h"
#include "control/server.h"
#include "engine/engine.h"
#include "engine/settings.h"
#include "engine/supervisor.h"
#include "journal/journal.h"
#include "journal/state.h"
#include "lineage/lineage.h"
#include "operator/operator.h"
#include "candidate/source.h"
#include "score/evaluator.h"

enum flight_kind { FLIGHT_NONE, FLIGHT_PEERS, FLIGHT_SEED, FLIGHT_ATTEMPT };

/* The one evaluation that is under way. */
struct flight {
	enum flight_kind kind;
	struct evaluation *evaluation;
	unsigned serial;
	int attempt, action;
	struct loop_timer *settle;	/* the result is known without a worker: it is delivered from the loop */
	cJSON *known;			/* that result; owned */
};

/* A profile that is being measured, beside the flight: nothing waits for it but a queue of one worker's jobs. */
struct profiling {
	struct engine *engine;
	struct evaluation *evaluation;	/* NULL: none */
	char what[32], case_name[SCORE_NAME_SIZE];
};

/* The child that packs the repository. */
struct packing {
	struct loop_child *child;	/* NULL: none */
	pid_t pid;
	bool look;			/* it may be time: see whether it is due */
};

/* What failed, and is tried again until it works. */
enum trouble_kind { TROUBLE_JOURNAL, TROUBLE_PROMOTION, TROUBLE_ATTEMPT, TROUBLE_READING };

struct trouble {
	bool on;
	enum trouble_kind kind;
	bool locked;			/* by a lock file of git's */
	bool told, warned;		/* the state says so; so does a warning, after a while */
	int tries;
	int64_t since_ms;		/* monotonic */
	char *reason;			/* owned */
	int promoted;			/* the attempt that became a version in the end, 0: none */
	struct loop_timer *timer;
};

enum limit_kind { LIMIT_TIME, LIMIT_STEPS, LIMIT_ATTEMPTS, LIMIT_COST, LIMIT_TOKENS, LIMIT_COUNT };

struct limit {
	double limit;		/* of the whole run, in the kind's unit (time: ms); 0: none */
	double announced;	/* the highest level journaled */
};

struct engine {
	struct operator_host host;	/* first: the operator's handle is the engine */
	struct engine_options options;
	struct settings settings;
	struct conf *conf;
	char *run_dir, *scratch_dir;
	char *conf_text;		/* avo.conf as the journal has it last */
	char *suite_path;		/* the run's own copy of the suite, for the worker */
	int lock_fd;
	struct loop *loop;
	struct control_server *server;
	struct evaluator *evaluator;
	struct lineage *lineage;

	struct journal *journal;
	struct loop_timer *sync_timer;
	cJSON **backlog;		/* events that a full disk did not take, in order */
	enum journal_sync *backlog_sync;
	size_t backlog_count, backlog_cap, backlog_sync_cap;
	struct run_state state;

	const struct operator_ops *ops;
	void *op;

	struct flight flight;
	struct profiling own_profile, asked_profile;	/* the engine's, the operator's */
	struct packing packing;
	unsigned cache_look_at;		/* flight.serial at which the cache is walked again */
	bool profile_owed;		/* something came to be in this life that may want one: asked for in a pause, too */
	int profile_tried[2];		/* the attempt, and 1 + the version, last looked at: nothing is asked for twice in one life */
	cJSON *result;			/* of the attempt that is being decided; owned */
	char *why;			/* of the attempt in flight; owned, may be NULL */
	int seed_faults, faults;	/* evaluator faults in a row */
	int peers_faults;		/* of the peers, in this life */
	size_t peers_after;		/* attempts: then they are asked for again */

	int step;			/* the step that runs, 0: none */
	bool orphan;			/* it was begun by an engine that died: no operator runs it */
	bool asked;			/* the operator waits for go() */
	int actions_started;		/* of the step */
	struct buf guidance;		/* hints since the last step */

	bool in_action_unit;		/* stepping counts actions, not steps */
	int64_t left;			/* steps or actions still to do while stepping */
	enum engine_state then;		/* the state that follows awaiting, waiting or trouble */
	int approved;			/* attempt whose approval is journaled but not yet a version, 0: none */

	char *known;			/* what host.known points to */
	uint64_t known_digest;		/* of that candidate's files */
	struct source submission;	/* handed in, waits until a step can take it; count 0: none */
	bool submission_again;		/* it is measured even if the record answers it */
	char *submission_title;

	const char *cancel_outcome;	/* a step is being cancelled: how it will have ended; NULL: it is not */
	char *cancel_reason;		/* owned; NULL as long as nothing was cancelled */

	struct trouble trouble;

	struct limit limits[LIMIT_COUNT];
	struct loop_timer *tick;	/* while a time limit runs */
	bool tree_edited;		/* the user was told */

	struct loop_timer *countdown;	/* while a worker is waited for */
	struct loop_timer *kick;
	struct loop_timer *end_timer;
	struct loop_timer *presence;	/* the next look at whether the run's directory is there */
	bool lost;			/* it is not, or it is another engine's */
	int beats;			/* looks since the last heartbeat */
	bool stopping;			/* ends as soon as nothing is in flight */
	bool retiring;			/* the worker is being ended, the last thing before the end */
	char *end_reason;		/* owned; NULL while it does not end */
	struct error failure;		/* why the engine failed */
};

/* engine.c */
void engine_kick(struct engine *e);
bool engine_active(const struct engine *e);		/* running or stepping */
/* Journals the state when it (or its reason) changes. */
void engine_set_state(struct engine *e, enum engine_state state, const char *reason);
void engine_fail(struct engine *e, const char *reason);
void engine_finish(struct engine *e, const char *reason);
/* Ends an engine that nobody waits for, once the run is over and nothing is being profiled any more. */
void engine_end_when_idle(struct engine *e);
void engine_end(struct engine *e, const char *reason, bool now);

/* record.c: everything that is written goes through here */
void engine_record(struct engine *e, cJSON *event, enum journal_sync sync);	/* takes ownership */
cJSON *engine_event(const char *type);
void engine_warn(struct engine *e, const char *fmt, ...) AVO_PRINTF(2, 3);
/* Writes what was held back; false when the disk still does not take it. */
bool engine_write_backlog(struct engine *e, struct error *err);

/* trouble.c: pauses with the reason, and tries the same again until it works */
void engine_trouble(struct engine *e, enum trouble_kind kind, const struct error *err);
/* Now, because somebody asked for it. */
enum avo_status engine_retry_trouble(struct engine *e, struct error *err);

/* start.c: what a former life left behind */
struct resume {
	bool killed;			/* it recorded no end */
	enum engine_state state, then;
	bool in_action_unit;
	int64_t left;
	int approved;
	int steps_at_stepping;
	char *conf, *suite_text;	/* as the journal has them last; owned, NULL: it does not */
	bool suite_known;		/* the journal has the suite's text */
	char *said;			/* what terms_open() put right, for the journal; owned, may be NULL */
};
enum avo_status engine_load(struct engine *e, struct resume *r, struct error *err);
/* Closes what was in flight, completes half a promotion; AVO_CONFLICT leaves the explanation in err. */
enum avo_status engine_recover(struct engine *e, const struct resume *r, struct error *err);
void engine_first_state(struct engine *e, const struct resume *r, const char *conflict);

/* step.c: steps and the operator's host */
void engine_host_init(struct engine *e);
void engine_begin_step(struct engine *e);
/* Journals the end of the running step. */
void engine_end_step(struct engine *e, const char *outcome, int version, const char *text);
/* Ends the running step as soon as nothing is in flight. */
void engine_cancel_step(struct engine *e, const char *outcome, const char *reason);
void engine_cancel_now(struct engine *e);

/* away.c: a worker that is away. evaluator_on_wait's. */
void engine_look_for_worker(void *arg);
/* The member "wait" of an answer, while a worker is waited for. */
void engine_describe_wait(const struct engine *e, cJSON *answer);

/* attempt.c: evaluation */
int engine_evaluate(struct engine *e, const struct candidate *candidate);
/* A request to the worker, with what every job of this run has. */
cJSON *engine_request(const struct engine *e, const char *op);
/* Peers and the seed's score, which every run measures once; false when that was done. */
bool engine_prepare(struct engine *e);
void engine_cancel_flight(struct engine *e);
/* What is left of a flight when the engine ends. */
void engine_flight_release(struct engine *e);
/* The evaluation's outcome reaches the operator, and the supervisor. */
void engine_deliver(struct engine *e, int attempt, bool committed);

/* known.c: what the record answers without measuring */
/* True when the same files were scored against the same incumbent by the same judge; e->known then says what came of it. */
bool engine_is_known(struct engine *e, const struct source_file *files, size_t count);
/* A digest of what decides a verdict besides the two candidates: versions, suite, settings, device; "" while the worker has not said what it is. */
void engine_judge(char out[JUDGE_SIZE], const struct engine *e);
/* The attempt's files are those of the version that it competes with: it can never be another one. */
bool engine_is_unchanged(const struct engine *e, const struct attempt *a, int version);

/* profile.c: counters of versions and of what waits for approval. Failing is no failure of the run: the reason is recorded. */
void engine_profile_init(struct engine *e);
/* Asks for what is due; true while something is being measured. */
bool engine_profile_look(struct engine *e);
/* For the operator, which gets it by profiled(). False with *why: not now. */
bool engine_profile_for_operator(struct engine *e, const char *what, const char *dir, const char *case_name, const char **why);
void engine_cancel_profiles(struct engine *e);

/* supervise.c: looks at the record; called whenever something that counts has ended */
void engine_supervise(struct engine *e);

/* gate.c */
void engine_decide(struct engine *e, int attempt);
bool engine_qualifies(const struct engine *e, const struct attempt *a);
/* Makes an attempt a version and journals it. */
enum avo_status engine_promote(struct engine *e, int attempt, const char *by, const char *message, struct error *err);
enum avo_status engine_approve(struct engine *e, int attempt, const char *by, const char *message, struct error *err);
enum avo_status engine_reject(struct engine *e, int attempt, const char *by, const char *reason, struct error *err);
enum avo_status engine_set_gate(struct engine *e, enum gate gate, const char *by, struct error *err);
/* The note of a version whose note is gone. */
enum avo_status engine_write_note(struct engine *e, const struct version *v, struct error *err);
/* Promotes what is decided and was held; attempt: 0 when nothing was. */
enum avo_status engine_promote_held(struct engine *e, int *attempt, struct error *err);
/* A pending attempt is promoted or awaited; false when something is pending still. */
bool engine_settle(struct engine *e);

/* budget.c */
void budget_init(struct engine *e);
double budget_used(const struct engine *e, enum limit_kind kind);
/* Announces what was crossed; the limit that is used up, or -1. */
int budget_check(struct engine *e);
/* Ends the run's activity when a limit is used up. True when it did. */
bool budget_enforce(struct engine *e);
void budget_watch_time(struct engine *e);
void budget_describe(char *out, size_t size, const struct engine *e, enum limit_kind kind);

/* commands.c */
/* Hands what was submitted to the operator, when it can take it now: the attempt's id, else -1. */
int engine_try_submission(struct engine *e);
extern const struct control_handlers engine_handlers;

/* cache.c */
/* Exports a commit to .avo/cache/eval/<tree>/; the path is owned by the caller. */
enum avo_status cache_export(char **out, char tree[COMMIT_ID_SIZE], struct engine *e, const char *commit, struct error *err);
/* What was used least goes once a directory holds more than that; returns how many of its entries stay. */
size_t cache_trim(const char *dir, int64_t max_bytes);
/* Trims exports and builds to score.cache-size when enough came to be; only while nothing is in flight. */
void cache_keep_bound(struct engine *e);

/* presence.c */
/* Looks at the run's directory every second, for as long as the engine lives. */
void presence_watch(struct engine *e);
/* True when it is not there any more: the engine is then ending. */
bool presence_lost(struct engine *e);
/* Somebody else writes the run's record: this engine ends, and writes nothing more. */
void presence_intruded(struct engine *e, const char *why);

/* pack.c */
/* Has the repository packed when that is due; true while it is: nothing else begins then. */
bool engine_pack_look(struct engine *e);
/* Ends it before something is measured; what was begun is safe to leave. */
void engine_pack_stop(struct engine *e);

/* lock.c */
enum avo_status engine_lock(int *out, const char *run_dir, struct error *err);
#define ENGINE_BEAT_MS 5000
void engine_lock_beat(int fd);		/* tells other hosts that we live; every ENGINE_BEAT_MS */
void engine_unlock(int fd);		/* -1 is fine */
/* Before anything is written: AVO_ENVIRONMENT, with what to do, when the run is another user's. Leaves nothing behind. */
enum avo_status engine_may_write(const char *run_dir, struct error *err);

/* restore.c: refs and notes that the record knows and the repository lost are written again, and that is said */
void engine_restore_refs(struct engine *e);

/* terms.c: what the run was created with, and avo.conf */
void resume_release(struct resume *r);
/*
 * Opens avo.conf, which is written from the record when it is gone, and the settings in it. AVO_CONFLICT, with the commands
 * that go on, when it says something else than the record does. Nothing is journaled yet: terms_record() does that.
 */
enum avo_status terms_open(struct engine *e, struct resume *r, struct error *err);
void terms_record(struct engine *e, struct resume *r);
/* Reads avo.conf again in mid-life; what changed is journaled. */
enum avo_status terms_reread(struct engine *e, struct error *err);

/* daemon.c */
/* The engine's life; ready_fd (or -1) is told when it answers its socket. */
enum avo_status engine_live(const struct engine_options *o, int ready_fd, struct error *err);

#endif
