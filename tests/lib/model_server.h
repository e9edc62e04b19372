/*
 * A scripted model server on a real loopback socket, served from the test's own
 * loop: speaks both wires, cuts its bytes wherever it is told, and fails in
 * every way that servers and proxies fail.
 */
#ifndef AVO_TESTS_MODEL_SERVER_H
#define AVO_TESTS_MODEL_SERVER_H

#include "base/json.h"
#include "base/loop.h"
#include "tests/lib/model_tls.h"

struct model_server;

/* A request as it came. Borrowed during the call. */
struct model_ask {
	int number;			/* from 1 */
	const char *path;
	const char *head;		/* request line and headers; "HTTP/2" when it came by that */
	const cJSON *body;		/* NULL when it is not JSON */
};

enum model_end {
	MODEL_END_CLEAN,		/* the last chunk, then close */
	MODEL_END_CUT,			/* close without the last chunk */
	MODEL_END_RESET,		/* TCP reset; HTTP/2: of the stream */
	MODEL_END_HANG,			/* nothing more, connection open */
	MODEL_END_PINGS,		/* comments and pings for ever */
	MODEL_END_GO_AWAY,		/* HTTP/2: the connection is given up, politely; else as a cut */
};

struct model_answer {
	int status;			/* 0: 200; -1: close before any header */
	const char *content_type;	/* NULL: text/event-stream for 200, application/json else */
	char headers[512];		/* further ones, each ended by \r\n */
	struct buf body;		/* released by the server */
	size_t chunk;			/* bytes a write; 0: all at once */
	int chunk_ms;			/* pause between writes */
	int head_ms;			/* pause before the header */
	size_t cut_at;			/* send only so many bytes of the body; 0: all */
	enum model_end end;
};

typedef void model_answer_fn(void *arg, const struct model_ask *ask, struct model_answer *out);

struct model_server *model_server_new(struct loop *loop, model_answer_fn *fn, void *arg);
/* At this port; 0: at one that is free. */
struct model_server *model_server_new_at(int port, struct loop *loop, model_answer_fn *fn, void *arg);
void model_server_free(struct model_server *s);
int model_server_port(const struct model_server *s);
/* Called, with new's arg, when an answer that ends in MODEL_END_HANG has been handed to the socket as far as it goes. */
void model_server_on_hang(struct model_server *s, void (*fn)(void *arg));
/* From now on connections speak TLS; tls must outlive the server. */
void model_server_use_tls(struct model_server *s, struct model_tls *tls);
/*
 * It is a proxy from now on: answers CONNECT with this status, and behind a 200 is the server itself (with TLS, if it has
 * that); requests with a whole URL get the status, or, if it is 200, the server's answer.
 */
void model_server_be_proxy(struct model_server *s, int status);
/* Requests to the proxy so far, and the newest one's head. */
int model_server_tunnels(const struct model_server *s);
const char *model_server_tunnel_head(const struct model_server *s);
/* The next `times` requests are cut off, by closing, after so many bytes of them. */
void model_server_cut_uploads(struct model_server *s, size_t at, int times);

/* What a model says in one turn; written in either wire's bytes, streamed or whole. */
struct model_call {
	const char *id, *name, *input;	/* input: JSON text */
};
struct model_turn {
	const char *thinking, *text;	/* NULL: none */
	struct model_call calls[8];
	const char *stop;		/* NULL: as the calls suggest; else the wire's own word */
	int input, output, cache_read, cache_write;	/* usage */
};
enum model_wire { MODEL_MESSAGES, MODEL_CHAT };
void model_stream(struct buf *out, enum model_wire wire, const struct model_turn *turn);
void model_whole(struct buf *out, enum model_wire wire, const struct model_turn *turn);
/* What a strict server would refuse in the messages of a request; NULL: nothing. */
const char *model_judge(enum model_wire wire, const cJSON *messages);

#endif
