/*
 * The engine's side of avo-worker: has a worker started from a command template
 * (supply.h), sends it jobs as JSON lines, believes its results as far as they
 * hold (result_check.h), and hands them back. The protocol is in ARCHITECTURE.md,
 * "Worker protocol".
 *
 * A worker that is away is waited for: no job ends for that. A worker that dies,
 * hangs, talks nonsense or contradicts itself while it has a job costs that job
 * the verdict `evaluator-fault` (tried once more on a fresh worker), nothing else.
 */
#ifndef AVO_SCORE_EVALUATOR_H
#define AVO_SCORE_EVALUATOR_H

#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"
#include "score/supply.h"

struct evaluator;
struct evaluation;

/* command: e.g. "{worker}", "ssh node {worker}", "srun --gres=gpu:1 {worker}"; {worker} is replaced by the path of avo-worker. NULL: "{worker}". */
enum avo_status evaluator_new(struct evaluator **out, struct loop *loop, const char *command, struct error *err);
/* Ends the worker and waits for that (seconds, in the worst case); jobs that are not done are dropped without a call. Not from inside a callback. */
void evaluator_free(struct evaluator *e);
/* How long a worker may say nothing before it counts as hung (20 s; it says something every 2). For workers started from now on. */
void evaluator_set_silence(struct evaluator *e, int64_t silence_ms);
/* The first pause before a worker is started again (1 s; grows to a minute), and how long it may be away before nothing is tried any more (12 h; 0: for ever). */
void evaluator_set_patience(struct evaluator *e, int64_t first_ms, int64_t limit_ms);

struct evaluation_callbacks {
	/* stage is "build", "check", "time", "compare", "profile"; done of total, or 0 of 0. */
	void (*progress)(void *arg, const char *stage, int done, int total);
	/* The worker's result object (borrowed), always called exactly once. */
	void (*done)(void *arg, const cJSON *result);
};

/*
 * Takes ownership of request (op, candidate, incumbent, suite, ...; id, deadline_s and engine are added). Jobs queue; the deadline
 * (0: 5 minutes) counts from when the worker gets the job. The handle is dead once done was called; nothing is called from inside
 * submit or cancel.
 */
struct evaluation *evaluator_submit(struct evaluator *e, cJSON *request, int64_t deadline_ms,
				    const struct evaluation_callbacks *cb, void *arg);
/* done is then called with verdict `cancelled`, soon. */
void evaluator_cancel(struct evaluation *ev);
/* Tells fn when the worker gets something to measure (true) and when it has nothing any more (false), from the loop. */
void evaluator_on_measuring(struct evaluator *e, void (*fn)(void *arg, bool on), void *arg);
/* What the worker said about itself (name, device, sandbox, versions), or NULL before it has. Borrowed. */
const cJSON *evaluator_hello(const struct evaluator *e);
const char *evaluator_command(const struct evaluator *e);

/* Called from the loop when what evaluator_waiting() tells may have changed. */
typedef void evaluator_wait_fn(void *arg);
void evaluator_on_wait(struct evaluator *e, evaluator_wait_fn *fn, void *arg);
/* True while a job waits for a worker; out says what is known. */
bool evaluator_waiting(struct supply_wait *out, const struct evaluator *e);
/* The next try is now. */
void evaluator_retry(struct evaluator *e);

/* Ends the worker in good order, for good; done is called when all of its process group has gone. killed: it had to be. */
typedef void evaluator_retired_fn(void *arg, bool killed);
void evaluator_retire(struct evaluator *e, evaluator_retired_fn *done, void *arg);

#endif
