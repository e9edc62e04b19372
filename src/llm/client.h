/*
 * One question to a model, with all the patience it needs: a call streams,
 * retries what is worth retrying, waits visibly as long as a server asks, and
 * ends in exactly one done(). Tools are never run in here, so a try can
 * always be repeated; each try that a server bills is reported.
 */
#ifndef AVO_LLM_CLIENT_H
#define AVO_LLM_CLIENT_H

#include "llm/classify.h"
#include "llm/http.h"
#include "llm/llm.h"

struct llm_call;

enum llm_outcome {
	LLM_ANSWERED,
	LLM_TOO_LONG,		/* compact the conversation, then ask again */
	LLM_NEEDS_PERSON,	/* key, money, permission, or an outage beyond its limit */
	LLM_REFUSED_REQUEST,	/* the server does not accept the question, and would not tomorrow */
};

/* Waiting between two tries; repeated every second. Borrowed. */
struct llm_wait {
	unsigned try;			/* the next try's number, from 2 */
	int64_t left_ms;
	const char *why;		/* a sentence */
	enum llm_remedy remedy;
};

struct llm_callbacks {
	void (*text)(void *arg, enum block_kind kind, const char *piece);	/* may be NULL */
	void (*tool)(void *arg, const char *name);				/* may be NULL */
	void (*again)(void *arg);				/* what was streamed so far is void; may be NULL */
	void (*wait)(void *arg, const struct llm_wait *wait);			/* may be NULL */
	/* What a try that ended without an answer will be billed; may be NULL. */
	void (*wasted)(void *arg, const struct llm_usage *usage);
	/* Takes over *reply when LLM_ANSWERED; else fault->text says what happened (borrowed). */
	void (*done)(void *arg, enum llm_outcome outcome, struct llm_reply *reply, const struct llm_fault *fault);
};

/* How long to wait; zeroes mean the defaults, 1 s doubling up to 5 minutes. */
struct llm_patience {
	int64_t first_ms, limit_ms;
};

/* The request's pieces need to live only during this call: the body is built now. */
enum avo_status llm_call_start(struct llm_call **out, struct http *http, struct loop *loop,
			       const struct llm_request *request, const struct llm_patience *patience,
			       const struct llm_callbacks *cb, void *arg, struct error *err);
/* No callback follows. NULL is fine. */
void llm_call_cancel(struct llm_call *call);
/* Ends a wait now. */
void llm_call_hurry(struct llm_call *call);

#endif
