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
void evaluator_free(struct evaluator *e);

struct evaluation_callbacks {
	/* stage is "build", "check", "time", "compare", "profile"; done of total, or 0 of 0. */
	void (*progress)(void *arg, const char *stage, int done, int total);
	/* The worker's result object (borrowed), always called exactly once. */
	void (*done)(void *arg, const cJSON *result);
};

/* Takes ownership of request (op, candidate, incumbent, suite, ...; id is added). */
struct evaluation *evaluator_submit(struct evaluator *e, cJSON *request, int64_t deadline_ms,
				    const struct evaluation_callbacks *cb, void *arg);
/* done is then called with verdict `cancelled`, soon. */
void evaluator_cancel(struct evaluation *ev);
/* What the worker said about itself (name, device, sandbox, versions), or NULL before it has. Borrowed. */
const cJSON *evaluator_hello(const struct evaluator *e);

#endif
