/*
 * The one worker that an evaluator uses: started when it is wanted, waited for
 * as long as its client waits (a scheduler's queue), started again with growing
 * pauses when it ended or failed, ended in good order. One client at a time: the
 * next one would queue behind what the last one still holds.
 */
#ifndef AVO_SCORE_SUPPLY_H
#define AVO_SCORE_SUPPLY_H

#include "base/json.h"
#include "base/loop.h"

struct supply;

struct supply_callbacks {
	void (*message)(void *arg, const cJSON *object);	/* of a worker that said hello; borrowed */
	void (*lost)(void *arg, const char *why);		/* such a worker is of no more use */
	void (*changed)(void *arg);				/* it is ready, or what is known of the wait has changed */
	void (*retired)(void *arg, bool killed);		/* supply_retire() is done */
};

/* What is known while no worker is ready. */
struct supply_wait {
	bool ready;			/* nothing is waited for */
	bool away;			/* no client runs: the last one ended before it said hello, or failed */
	bool given_up;			/* and nothing is tried any more: supply_retry() */
	int64_t since_ms;		/* monotonic: when there was none any more */
	int64_t next_ms;		/* monotonic: the next try, when away */
	int tries;			/* that failed in a row */
	const char *why;		/* how the last one ended, "" when none did; borrowed */
	const char *said[8];		/* the client's last lines, ends with NULL; borrowed until the next turn of the loop */
};

void supply_new(struct supply **out, struct loop *loop, const char *command, const struct supply_callbacks *cb, void *arg);
void supply_free(struct supply *s);	/* ends the worker, waits for that; NULL is fine */

void supply_set_silence(struct supply *s, int64_t silence_ms);
/* The first pause (the table in supply.c says how it grows), and how long a worker may be away (0: for ever). */
void supply_set_patience(struct supply *s, int64_t first_ms, int64_t limit_ms);

/* Starts a worker unless one is there, on the way, ending, or a pause is not over. An error is one of the very first start only. */
enum avo_status supply_want(struct supply *s, struct error *err);
bool supply_ready(const struct supply *s);
void supply_send(struct supply *s, const cJSON *object);
/* Words of the worker that have not been read yet (an engine that was suspended). */
bool supply_has_word(const struct supply *s);
/* The worker failed its user: it is ended, and another one started after a pause. */
void supply_drop(struct supply *s, const char *why);
/* It did what it is for: the next failure is the first again. */
void supply_praise(struct supply *s);
/* Somebody asked for it: the next try is now. */
void supply_retry(struct supply *s);
/* Ends the worker for good; retired is called when it and all of its group have gone. */
void supply_retire(struct supply *s);
/* What the last worker that said hello said of itself; NULL before. */
const cJSON *supply_hello(const struct supply *s);
void supply_waiting(struct supply_wait *out, const struct supply *s);

#endif
