/*
 * The viewer's side of a run's control socket: JSON lines, ARCHITECTURE.md,
 * "Control protocol". Used by the command line (blocking calls) and by the
 * workbench (its descriptor in the workbench's loop).
 */
#ifndef AVO_CONTROL_CLIENT_H
#define AVO_CONTROL_CLIENT_H

#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

struct control_client;

/*
 * Connects to the engine of a run. AVO_NEGATIVE: no engine runs (no socket, or
 * nobody listens). read_only asks for a connection that cannot command.
 */
enum avo_status control_connect(struct control_client **out, const char *run_dir, bool read_only, struct error *err);
void control_close(struct control_client *c);
/* What the engine said of itself: run state step seq version pid. Borrowed. */
const cJSON *control_hello(const struct control_client *c);
int control_fd(const struct control_client *c);
/* POLLIN, and POLLOUT when something waits to be sent. */
short control_events(const struct control_client *c);

/*
 * Asks for the events with seq > after, then everything that follows, live
 * progress and text included. They come as {"event":{...}} and {"live":{...}}. {"resync":N} says
 * that this viewer was too slow: the journal's files hold what it missed, up to
 * event N; what comes next is N + 1.
 */
enum avo_status control_subscribe(struct control_client *c, uint64_t after, struct error *err);

/*
 * Sends a command (takes ownership; "id" is added) and returns its id; the
 * answer comes as a message with the same "re". Never blocks.
 */
int control_send(struct control_client *c, cJSON *command);

/* Reads and writes what is possible now. AVO_CLOSED when the engine has gone. */
enum avo_status control_pump(struct control_client *c, struct error *err);
/* The next message received, owned by the caller, or NULL when there is none. */
cJSON *control_next(struct control_client *c);

/* Sends and waits for the answer, keeping events that arrive meanwhile queued for control_next(). A refusal is the
 * answer's own status and text. answer may be NULL. */
enum avo_status control_call(struct control_client *c, cJSON *command, cJSON **answer, int64_t deadline_ms, struct error *err);

#endif
