/*
 * The engine's side of avo-worker: starts workers from a command template,
 * sends them jobs as JSON lines, and hands back results. The protocol is in
 * ARCHITECTURE.md, "Worker protocol". A worker that dies, hangs or talks
 * nonsense costs its job the verdict `evaluator-fault` (retried once on a fresh
 * worker), nothing else.
 */
#ifndef AVO_SCORE_EVALUATOR_H
#define AVO_SCORE_EVALUATOR_H

#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"

struct evaluator;
struct evaluation;

/* command: e.g. "{worker}", "ssh node {worker}", "srun --gres=gpu:1 {worker}"; {worker} is replaced by the path of avo-worker. NULL: "{worker}". */
enum avo_status evaluator_new(struct evaluator **out, struct loop *loop, const char *command, struct error *err);
/* Kills the worker; jobs that are not done are dropped without a call. Not from inside a callback. */
void evaluator_free(struct evaluator *e);
/* How long a worker may say nothing before it counts as hung (20 s; it says something every 2). For workers started from now on. */
void evaluator_set_silence(struct evaluator *e, int64_t silence_ms);

struct evaluation_callbacks {
	/* stage is "build", "check", "time", "compare", "profile"; done of total, or 0 of 0. */
	void (*progress)(void *arg, const char *stage, int done, int total);
	/* The worker's result object (borrowed), always called exactly once. */
	void (*done)(void *arg, const cJSON *result);
};

/*
 * Takes ownership of request (op, candidate, incumbent, suite, ...; id and deadline_s are added). Jobs queue; the deadline
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

#endif
