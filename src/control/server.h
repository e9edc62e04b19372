/*
 * The engine's side of the control socket: any number of viewers, each with
 * a bounded queue, none of which is ever waited for. The protocol is in
 * ARCHITECTURE.md, "Control protocol".
 */
#ifndef AVO_CONTROL_SERVER_H
#define AVO_CONTROL_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"

#define CONTROL_MAX_QUEUE ((size_t)1 << 20)	/* bytes that wait for one viewer; beyond: resync */
#define CONTROL_MAX_COMMAND ((size_t)256 << 10)	/* bytes of one command line */
#define CONTROL_MAX_VIEWERS 512

struct control_server;

struct control_handlers {
	/*
	 * One command. Members of the answer go into `answer`; anything but AVO_OK is a
	 * refusal with the text of err. hello, subscribe and the right to command are the server's own business.
	 */
	enum avo_status (*command)(void *arg, const char *name, const cJSON *request, cJSON *answer, struct error *err);
	/* What a hello is answered beyond ok. */
	void (*greet)(void *arg, cJSON *answer);
	/* The seq of the last journal line broadcast. */
	uint64_t (*last_seq)(void *arg);
};

/*
 * Listens on <run_dir>/.avo/ctl.sock, mode 0600. The caller holds the engine's
 * lock: a socket that is there already is stale, and removed. journal_dir is
 * where a viewer that subscribes late is caught up from.
 */
enum avo_status control_server_new(struct control_server **out, struct loop *loop, const char *run_dir,
				   const struct control_handlers *handlers, void *arg, struct error *err);
/* Sends what the sockets take at once, closes, removes the socket. NULL is fine. */
void control_server_free(struct control_server *s);

/* Binds the socket again when somebody removed it. */
void control_server_keep_reachable(struct control_server *s);

/* A journal line, as written, to every subscriber. */
void control_server_event(struct control_server *s, const char *line, size_t len, uint64_t seq);
/* Something live: an object with "kind", borrowed. Dropped, without a trace, for viewers that are behind. */
void control_server_live(struct control_server *s, const cJSON *live);
int control_server_viewers(const struct control_server *s);

/* The commands that a read-only viewer may give. */
bool control_command_reads(const char *name);

#endif
