/*
 * HTTP for model APIs on libcurl's multi interface, inside the one event loop:
 * http_new() makes the loop wait in curl_multi_poll(). Bodies stream in as they
 * come; nothing blocks; a transfer is watched for silence by clocks of its own.
 *
 * Not a general client: no redirects (a key must not travel to another host),
 * no compression asked for (it delays streamed events), https or loopback http only. Proxies are
 * those of the environment (https_proxy, no_proxy); to this machine none is ever used.
 */
#ifndef AVO_LLM_HTTP_H
#define AVO_LLM_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/loop.h"

struct http;
struct http_transfer;

enum avo_status http_new(struct http **out, struct loop *loop, struct error *err);
void http_free(struct http *h);			/* cancels what runs; gives the loop its own wait back */

enum http_end {
	HTTP_DONE,		/* the answer ended where the server said it would; any status */
	HTTP_CONNECT_FAILED,	/* no name, refused, a handshake that died: nothing was sent */
	HTTP_DISTRUSTED,	/* its certificate is not accepted, or it speaks no TLS at all: nothing was sent */
	HTTP_PROXY_REFUSED,	/* the proxy lets nothing through; proxy_status says why */
	HTTP_BROKEN,		/* the connection died before or in the middle of the answer */
	HTTP_SILENT,		/* no byte for idle_ms, or no header for header_ms */
	HTTP_STOPPED,		/* the body callback wanted no more */
};

/* How a transfer ended. Borrowed during the callback. */
struct http_result {
	enum http_end end;
	long status;			/* 0: no header came */
	bool got_bytes;			/* some of the body came */
	int64_t retry_after_ms;		/* from Retry-After(-Ms); -1: none */
	int should_retry;		/* x-should-retry: 1 true, 0 false, -1 not said */
	char content_type[64];
	char request_id[96];
	long proxy_status;		/* what the proxy said to the tunnel, or of itself; 0: no proxy, or no word */
	char what[360];			/* what happened and what to do about it, on a failure */
};

struct http_callbacks {
	/* Returns false to stop the transfer (done is then called with HTTP_STOPPED). status is that of the answer. */
	bool (*body)(void *arg, long status, const char *data, size_t len);
	/* Exactly once, from the loop, unless the transfer was cancelled. The transfer is gone afterwards. */
	void (*done)(void *arg, const struct http_result *result);
};

/* Everything is copied. */
struct http_request {
	const char *url;
	const char *const *headers;	/* "Name: value", NULL-terminated */
	const char *body;		/* NULL: GET */
	size_t body_len;
	int64_t header_ms;		/* wait for the first header at most so long; 0: 15 minutes (models think) */
	int64_t idle_ms;		/* wait between bytes at most so long; 0: 3 minutes */
	bool fresh_connection;		/* after a stall: do not reuse one that may be dead */
	const char *ca_file;		/* CA certificates (PEM) to trust; NULL: the system's */
};

enum avo_status http_start(struct http_transfer **out, struct http *h, const struct http_request *request,
			   const struct http_callbacks *cb, void *arg, struct error *err);
/* No callback follows. NULL is fine. */
void http_cancel(struct http_transfer *t);

#endif
