#include "avo.h"
#include "base/clock.h"
#include "llm/http_end.h"
#include "llm/http_url.h"

#include <strings.h>

/* What a failure is told with. */
struct story {
	char *out;
	size_t size;
	const char *url, *ca_file, *words;
	char host[128];
	const char *proxy;	/* the variable that names it, NULL: none */
	char proxy_host[128];
	long verify;		/* OpenSSL's verdict on the certificate */
	long proxy_status;
};

/* A handshake that failed as it would fail tomorrow: no TLS, or none that both sides accept. Others died on the way. */
static bool never_agrees(const char *words)
{
	static const char *const signs[] = { "wrong version number", "unexpected TLS packet", "handshake failure", "protocol version",
					     "unsupported protocol", "certificate required", "unknown ca", NULL };
	size_t i;

	for (i = 0; signs[i]; i++)
		if (strcasestr(words, signs[i]))
			return true;
	return false;
}

static enum http_end kind_of(const struct http_result *r, CURLcode code, const char *words)
{
	switch (code) {
	case CURLE_OK:
		return HTTP_DONE;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return HTTP_DISTRUSTED;
	case CURLE_SSL_CONNECT_ERROR:
		return never_agrees(words) ? HTTP_DISTRUSTED : HTTP_CONNECT_FAILED;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
		return HTTP_CONNECT_FAILED;
	default:
		return r->status || r->got_bytes || code != CURLE_OPERATION_TIMEDOUT ? HTTP_BROKEN : HTTP_CONNECT_FAILED;
	}
}

/* --- words ------------------------------------------------------------------------ */

/* OpenSSL's numbers of what is wrong with a certificate (x509_vfy.h); other TLS libraries report 0. */
enum { CERT_NOT_YET_VALID = 9, CERT_EXPIRED = 10, CERT_SELF_SIGNED = 18, CERT_SELF_SIGNED_CHAIN = 19,
       CERT_NO_ISSUER = 20, CERT_NO_ISSUER_SENT = 21, CERT_OTHER_HOST = 62, CERT_OTHER_ADDRESS = 64 };

static void tell_distrust(const struct story *s, CURLcode code)
{
	char now[CLOCK_STAMP_SIZE];

	switch (s->verify) {
	case CERT_EXPIRED:
	case CERT_NOT_YET_VALID:
		snprintf(s->out, s->size, "the certificate of %s %s: it must be renewed there, unless this machine's clock is wrong (it says %.10s)",
			 s->host, s->verify == CERT_EXPIRED ? "has expired" : "is not valid yet", clock_format(now, clock_wall_ms()));
		return;
	case CERT_SELF_SIGNED:
	case CERT_SELF_SIGNED_CHAIN:
	case CERT_NO_ISSUER:
	case CERT_NO_ISSUER_SENT:
		snprintf(s->out, s->size, "the certificate of %s is signed by nobody whom this machine trusts (%s): if the server is yours, name its "
			 "CA certificate in agent.ca-file; if it is not, somebody may be in between", s->host,
			 s->verify == CERT_SELF_SIGNED || s->verify == CERT_SELF_SIGNED_CHAIN ? "self-signed" : "unknown issuer");
		return;
	default:
		break;
	}
	if (strcasestr(s->words, "wrong version number") || strcasestr(s->words, "unexpected TLS packet"))
		snprintf(s->out, s->size, "%s speaks no TLS: is the port in agent.base-url right? (http:// is for servers on this machine)", s->host);
	else if (code == CURLE_SSL_CONNECT_ERROR)
		snprintf(s->out, s->size, "%s and this machine agree on no TLS (%.200s): ask who runs it what it wants", s->host, s->words);
	else if (s->verify == CERT_OTHER_HOST || s->verify == CERT_OTHER_ADDRESS || strcasestr(s->words, "subject name"))
		snprintf(s->out, s->size, "the certificate of %s is for another host: write the name that is in it into agent.base-url", s->host);
	else if (code == CURLE_SSL_CACERT_BADFILE && s->ca_file)
		snprintf(s->out, s->size, "%s holds no CA certificate (PEM): agent.ca-file or SSL_CERT_FILE names it", s->ca_file);
	else
		snprintf(s->out, s->size, "%s is not trusted: %.200s; agent.ca-file names the CA certificate of a server of your own",
			 s->host, s->words);
}

static void tell_refusal_of_proxy(const struct story *s)
{
	if (s->proxy_status == 407)
		snprintf(s->out, s->size, "the proxy %s wants a name and a password (status 407): put them into %s "
			 "(http://name:password@host:port) and start the engine again", s->proxy_host, s->proxy ? s->proxy : "https_proxy");
	else
		snprintf(s->out, s->size, "the proxy %s does not let through to %s (status %ld): ask who runs it, or name the host in no_proxy",
			 s->proxy_host, s->host, s->proxy_status);
}

static void tell_no_connection(const struct story *s, CURLcode code)
{
	if (code == CURLE_COULDNT_RESOLVE_PROXY || (s->proxy && code == CURLE_COULDNT_RESOLVE_HOST))
		snprintf(s->out, s->size, "the name of the proxy %s cannot be resolved: is %s right?", s->proxy_host, s->proxy ? s->proxy : "https_proxy");
	else if (code == CURLE_COULDNT_RESOLVE_HOST)
		snprintf(s->out, s->size, "the name %s cannot be resolved: is agent.base-url right, and is the network up?", s->host);
	else if (s->proxy && code != CURLE_SSL_CONNECT_ERROR)
		snprintf(s->out, s->size, "the proxy %s (from %s) does not answer: %.150s", s->proxy_host, s->proxy, s->words);
	else if (code == CURLE_SSL_CONNECT_ERROR)
		snprintf(s->out, s->size, "no TLS connection to %s: %.200s", s->host, s->words);
	else
		snprintf(s->out, s->size, "%s does not answer: does the server run? (%.200s)", s->host, s->words);
}

void http_judge(struct http_result *r, CURL *easy, CURLcode code, const char *url, const char *ca_file, const char *words)
{
	struct story s = { .out = r->what, .size = sizeof(r->what), .url = url, .ca_file = ca_file,
			   .words = *words ? words : curl_easy_strerror(code), .proxy = http_proxy_variable(url) };

	http_host(s.host, sizeof(s.host), url);
	if (s.proxy)
		http_host(s.proxy_host, sizeof(s.proxy_host), getenv(s.proxy));
	curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &s.proxy_status);
	curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &s.verify);
	r->end = kind_of(r, code, s.words);
	/* a tunnel that was opened says 200, and what came then is the server's */
	if (code != CURLE_OK && s.proxy_status >= 300)
		r->end = HTTP_PROXY_REFUSED;
	if (s.proxy && r->status == 407)
		s.proxy_status = 407, r->end = HTTP_PROXY_REFUSED;
	r->proxy_status = s.proxy_status;
	switch (r->end) {
	case HTTP_DISTRUSTED:
		tell_distrust(&s, code);
		break;
	case HTTP_PROXY_REFUSED:
		tell_refusal_of_proxy(&s);
		break;
	case HTTP_CONNECT_FAILED:
		tell_no_connection(&s, code);
		break;
	default:
		if (code != CURLE_OK)
			snprintf(r->what, sizeof(r->what), "%.250s", s.words);
	}
}
