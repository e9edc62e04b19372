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
	/* The worker is of no more use; why is a sentence. Called once; free the link. */
	void (*gone)(void *arg, const char *why);
};

/* Silence: how long the worker may say nothing before it counts as hung; it has ten times as long for its first word. */
enum avo_status worker_link_new(struct worker_link **out, struct loop *loop, const char *command, int64_t silence_ms,
			 const struct link_callbacks *cb, void *arg, struct error *err);
/* Kills the worker and everything it started. */
void worker_link_free(struct worker_link *l);
/* Never waits: what the pipe does not take is sent later. */
void worker_link_send(struct worker_link *l, const cJSON *object);

#endif
