/*
 * As much of HTTP/2 (RFC 9113) as a scripted model server needs: one request at a time on a connection, its body, and
 * answers with every way to end one. Request headers are passed over: to read them would take HPACK's Huffman code.
 */
#ifndef AVO_TESTS_MODEL_H2_H
#define AVO_TESTS_MODEL_H2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct model_h2 {
	bool greeted;			/* the client's preface has come */
	uint32_t stream;		/* of the request that is being read or answered */
};

/*
 * Takes the frames that are complete out of in, appends the body's bytes to body and what must be answered at once (settings,
 * pings, room for more) to out. True: the request is complete.
 */
bool model_h2_feed(struct model_h2 *h, struct buf *in, struct buf *body, struct buf *out);
/* headers: "Name: value\r\n"... */
void model_h2_head(struct model_h2 *h, struct buf *out, int status, const char *type, const char *headers);
void model_h2_data(struct model_h2 *h, struct buf *out, const char *data, size_t len);
void model_h2_end(struct model_h2 *h, struct buf *out);
void model_h2_reset(struct model_h2 *h, struct buf *out);	/* RST_STREAM */
void model_h2_go_away(struct model_h2 *h, struct buf *out);	/* GOAWAY: the request counts as not seen */

#endif
