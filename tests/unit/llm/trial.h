/*
 * A trial: one call of the client to a scripted server on a real socket, on either wire, in the test's own loop.
 * The server does what its script says on each request; the trial keeps what came of the call.
 */
#ifndef AVO_TESTS_LLM_TRIAL_H
#define AVO_TESTS_LLM_TRIAL_H

#include "llm/client.h"
#include "tests/lib/model_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* A name that no resolver knows, found out without asking a server: a label has at most 63 characters. */
#define NO_NAME "model-0123456789-0123456789-0123456789-0123456789-0123456789-0123.invalid"

struct trial {
	struct loop *loop;
	enum model_wire wire;
	const struct model_answer *script;	/* on the n-th request; the last one repeats */
	int length;
	int64_t silence_ms;		/* all three clocks of silence; 0: longer than any load makes it */
	int64_t outage_ms;		/* 0: no limit */
	const char *url;		/* NULL: the server's own; "%d" in it is the server's port */
	const char *ca_file;
	struct model_tls *tls;		/* NULL: in clear */
	int proxy_status;		/* the server is a proxy; see model_server_be_proxy() */
	const char *proxy_variable;	/* set during the trial: to the server, with a name and a password */
	size_t cut_uploads_at;		/* requests are cut off after so many bytes; 0: none */
	int cut_uploads;		/* so many of them; 0: the first */
	const char *words;		/* what is asked; NULL: "hi" */
	int stop_after_waits;		/* cancel when it began to wait so often; 0: wait for the end */

	int asks;			/* requests that came */
	int tunnels;			/* requests to the proxy */
	char tunnel_head[1024];
	bool saw_key, saw_whole, saw_h2;	/* saw_key: not to be seen by HTTP/2 */
	int waits, agains, wasted;
	int64_t waited_ms;		/* the longest wait that was announced */
	enum llm_remedy remedy;		/* of the newest wait */
	char why[400];
	struct buf streamed;
	bool done;
	enum llm_outcome outcome;
	struct llm_reply reply;
	struct llm_fault fault;
};

void trial_run(struct trial *t);
void trial_release(struct trial *t);
/* It was answered with "hello" after so many requests; releases it. */
void trial_assert_hello(struct trial *t, int asks);
struct buf trial_text(const char *text);		/* a body; released with buf_release() */

static const enum model_wire both_wires[] = { MODEL_MESSAGES, MODEL_CHAT };
#define FOR_BOTH(w) for (size_t w = 0; w < 2; w++)

#endif
