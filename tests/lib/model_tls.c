#include "avo.h"
#include "base/mem.h"
#include "tests/lib/model_tls.h"

bool model_cert_parse(enum model_cert *out, const char *name)
{
	static const char *const names[] = { "good", "self-signed", "expired", "other-host" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		*out = (enum model_cert)i;
		return true;
	}
	return false;
}

#ifdef HAVE_OPENSSL

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define DAY (24 * 3600)

struct model_tls {
	SSL_CTX *ctx;
};

struct model_session {
	SSL *ssl;
	BIO *in, *out;
};

/* --- certificates ------------------------------------------------------------------- */

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (!ext || !X509_add_ext(cert, ext, -1))
		abort();
	X509_EXTENSION_free(ext);
}

/* issuer NULL: signed by itself. names NULL: a CA. */
static X509 *certify(EVP_PKEY *key, const char *cn, const char *names, long ends_in, X509 *issuer, EVP_PKEY *issuer_key)
{
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);
	static long serial = 1000;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), -10 * DAY);
	X509_gmtime_adj(X509_getm_notAfter(cert), ends_in);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(cert, issuer ? X509_get_subject_name(issuer) : subject);
	X509_set_pubkey(cert, key);
	extend(cert, issuer ? issuer : cert, names ? NID_subject_alt_name : NID_basic_constraints, names ? names : "critical,CA:TRUE");
	if (!X509_sign(cert, issuer_key ? issuer_key : key, EVP_sha256()))
		abort();
	return cert;
}

static void write_pem(const char *path, X509 *cert)
{
	FILE *f = fopen(path, "w");

	if (!f || !PEM_write_X509(f, cert) || fclose(f) != 0)
		abort();
}

struct model_tls *model_tls_new(enum model_cert kind, const char *ca_path)
{
	struct model_tls *t = xcalloc(1, sizeof(*t));
	const char *names = kind == MODEL_CERT_OTHER_HOST ? "DNS:elsewhere.example" : "IP:127.0.0.1,DNS:localhost,DNS:model.example";
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	X509 *ca = certify(ca_key, "the test's own CA", NULL, 30 * DAY, NULL, NULL);
	bool alone = kind == MODEL_CERT_SELF_SIGNED;
	X509 *cert = certify(key, "model", names, kind == MODEL_CERT_EXPIRED ? -DAY : 30 * DAY, alone ? NULL : ca, alone ? NULL : ca_key);

	t->ctx = SSL_CTX_new(TLS_server_method());
	if (!t->ctx || SSL_CTX_use_certificate(t->ctx, cert) != 1 || SSL_CTX_use_PrivateKey(t->ctx, key) != 1)
		abort();
	if (ca_path)
		write_pem(ca_path, ca);
	X509_free(cert);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
	return t;
}

void model_tls_free(struct model_tls *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->ctx);
	free(t);
}

static int choose_h2(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned in_len, void *arg)
{
	static const unsigned char h2[] = { 2, 'h', '2' };

	return SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_len, h2, sizeof(h2), in, in_len) == OPENSSL_NPN_NEGOTIATED ?
		SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

void model_tls_offer_h2(struct model_tls *t)
{
	SSL_CTX_set_alpn_select_cb(t->ctx, choose_h2, NULL);
}

void model_tls_be_old(struct model_tls *t)
{
	SSL_CTX_set_security_level(t->ctx, 0);
	SSL_CTX_set_min_proto_version(t->ctx, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(t->ctx, TLS1_1_VERSION);
}

/* --- a connection -------------------------------------------------------------------- */

struct model_session *model_session_new(struct model_tls *t)
{
	struct model_session *s = xcalloc(1, sizeof(*s));

	s->ssl = SSL_new(t->ctx);
	s->in = BIO_new(BIO_s_mem());
	s->out = BIO_new(BIO_s_mem());
	SSL_set_bio(s->ssl, s->in, s->out);
	SSL_set_accept_state(s->ssl);
	return s;
}

void model_session_free(struct model_session *s)
{
	if (!s)
		return;
	SSL_free(s->ssl);
	free(s);
}

static void take_output(struct model_session *s, struct buf *out)
{
	char chunk[4096];
	int n;

	while ((n = BIO_read(s->out, chunk, sizeof(chunk))) > 0)
		buf_add(out, chunk, (size_t)n);
}

bool model_session_feed(struct model_session *s, const char *data, size_t len, struct buf *plain, struct buf *out)
{
	char chunk[16384];
	int n, error;

	BIO_write(s->in, data, (int)len);
	while ((n = SSL_read(s->ssl, chunk, sizeof(chunk))) > 0)
		buf_add(plain, chunk, (size_t)n);
	error = SSL_get_error(s->ssl, n);
	take_output(s, out);
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

bool model_session_is_h2(const struct model_session *s)
{
	const unsigned char *name;
	unsigned len;

	SSL_get0_alpn_selected(s->ssl, &name, &len);
	return len == 2 && memcmp(name, "h2", 2) == 0;
}

void model_session_say(struct model_session *s, const char *data, size_t len, struct buf *out)
{
	while (len > 0) {
		int n = SSL_write(s->ssl, data, len > 1 << 20 ? 1 << 20 : (int)len);

		if (n <= 0)
			break;
		data += n;
		len -= (size_t)n;
		take_output(s, out);
	}
}

#else

struct model_tls *model_tls_new(enum model_cert kind, const char *ca_path)
{
	return NULL;
}

void model_tls_free(struct model_tls *t)
{
}

void model_tls_offer_h2(struct model_tls *t)
{
}

void model_tls_be_old(struct model_tls *t)
{
}

struct model_session *model_session_new(struct model_tls *t)
{
	return NULL;
}

void model_session_free(struct model_session *s)
{
}

bool model_session_feed(struct model_session *s, const char *data, size_t len, struct buf *plain, struct buf *out)
{
	return false;
}

bool model_session_is_h2(const struct model_session *s)
{
	return false;
}

void model_session_say(struct model_session *s, const char *data, size_t len, struct buf *out)
{
}

#endif
