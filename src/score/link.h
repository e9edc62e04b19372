/*
 * The connection to one worker process: starts it from a command template,
 * turns what it says into JSON objects, and notices when it dies, falls silent
 * or talks nonsense. Inside the score room; evaluator.h is the door.
 */
#ifndef AVO_SCORE_LINK_H
#define AVO_SCORE_LINK_H

#include "base/json.h"
#include "base/loop.h"

struct worker_link;

struct link_callbacks {
	void (*message)(void *arg, const cJSON *object);	/* borrowed */
	/* A line came on its stderr. */
	void (*said)(void *arg);
	/* The worker is of no more use; why is a sentence. Called once; then retire the link. */
	void (*gone)(void *arg, const char *why);
};

/*
 * Silence: how long a worker that has spoken may say nothing before it counts as hung. Before its first word there is no limit: a
 * scheduler's queue takes as long as it takes, and only the end of the client ends the wait.
 */
enum avo_status worker_link_new(struct worker_link **out, struct loop *loop, const char *command, int64_t silence_ms,
			 const struct link_callbacks *cb, void *arg, struct error *err);
/* Never waits: what the pipe does not take is sent later. */
void worker_link_send(struct worker_link *l, const cJSON *object);
/* The last lines that it said on stderr (score/words.h). */
const char *worker_link_said(const struct worker_link *l, int index);
/* Reads what is there before silence is judged: an engine that was suspended finds the pipe full of words. */
bool worker_link_has_word(const struct worker_link *l);

/*
 * Tells the worker to leave and sees to it that its process group ends (score/ending.h); the link is dead from now on, nothing of
 * it is called but done, from the loop. killed: it had to be killed.
 */
typedef void worker_link_retired_fn(void *arg, bool killed);
void worker_link_retire(struct worker_link *l, worker_link_retired_fn *done, void *arg);
/* The same at once, for those whose loop does not run any more: waits, seconds in the worst case. NULL is fine. */
void worker_link_free(struct worker_link *l);

#endif
