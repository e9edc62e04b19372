/*
 * One end of a control connection: a non-blocking stream socket that carries
 * JSON lines, with a bounded buffer in each direction. Shared by the server
 * and the client.
 */
#ifndef AVO_CONTROL_WIRE_H
#define AVO_CONTROL_WIRE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"

struct wire {
	int fd;			/* owned */
	struct buf in, out;
	size_t out_sent;	/* bytes of out that are on their way already */
	size_t start;		/* where the next line of in begins */
	size_t scanned;		/* up to where in is known to hold no newline behind start */
	size_t max_line;	/* a longer line is dropped and counted */
	bool skipping;		/* inside such a line */
	bool ended;		/* the other end has closed */
};

void wire_init(struct wire *w, int fd, size_t max_line);
void wire_release(struct wire *w);

/* Reads what is there, at most about 256 KiB a call. AVO_CLOSED on an error of the socket; the end of the stream only sets `ended`. */
enum avo_status wire_fill(struct wire *w, struct error *err);
enum wire_line { WIRE_NONE, WIRE_LINE, WIRE_TOO_LONG };
/* The next whole line, without its newline, borrowed until the next call. */
enum wire_line wire_next(struct wire *w, const char **line, size_t *len);

/* Queues a value, or text that is one already, as a line. */
void wire_put(struct wire *w, const cJSON *value);
void wire_put_text(struct wire *w, const char *text, size_t len);
size_t wire_queued(const struct wire *w);
/* Sends what the socket takes now. */
enum avo_status wire_flush(struct wire *w, struct error *err);

/*
 * Sockets by name. A path longer than a socket address holds (107 bytes) is
 * reached through /proc/self/fd of its directory. Descriptors are
 * close-on-exec and non-blocking.
 */
enum avo_status wire_listen(int *out, const char *path, struct error *err);
/* AVO_NEGATIVE when there is no socket or nobody listens on it. */
enum avo_status wire_connect(int *out, const char *path, struct error *err);

#endif
