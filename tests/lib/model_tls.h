/*
 * TLS for the scripted model server: certificates made on the spot, good ones and
 * every kind of bad one. Built on OpenSSL where its headers are; elsewhere model_tls_new() gives NULL.
 */
#ifndef AVO_TESTS_MODEL_TLS_H
#define AVO_TESTS_MODEL_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum model_cert {
	MODEL_CERT_GOOD,		/* for 127.0.0.1, localhost and model.example, signed by a CA of its own */
	MODEL_CERT_SELF_SIGNED,
	MODEL_CERT_EXPIRED,		/* yesterday */
	MODEL_CERT_OTHER_HOST,		/* for elsewhere.example */
};
/* "good", "self-signed", "expired", "other-host"; false: none of these */
bool model_cert_parse(enum model_cert *out, const char *name);

/* A server's certificate. ca_path: where the certificate of its CA goes (PEM); NULL: nowhere. */
struct model_tls;
struct model_tls *model_tls_new(enum model_cert kind, const char *ca_path);
void model_tls_free(struct model_tls *t);
void model_tls_offer_h2(struct model_tls *t);		/* HTTP/2 is accepted by ALPN; else HTTP/1.1 is all there is */

void model_tls_be_old(struct model_tls *t);		/* TLS 1.1 is the newest it knows */

/* One connection. */
struct model_session;
struct model_session *model_session_new(struct model_tls *t);
void model_session_free(struct model_session *s);
/* Bytes that came: what they say is appended to plain, what must be sent to out. False: the handshake failed or it is over. */
bool model_session_feed(struct model_session *s, const char *data, size_t len, struct buf *plain, struct buf *out);
bool model_session_is_h2(const struct model_session *s);	/* what was agreed on; known once something was said */
/* Appends to out what must be sent to say this. */
void model_session_say(struct model_session *s, const char *data, size_t len, struct buf *out);

#endif
