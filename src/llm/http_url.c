#include "avo.h"
#include "base/str.h"
#include "llm/http_url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <strings.h>

struct parts {
	CURLU *url;
	char *scheme, *host, *port;	/* NULL where there is none; libcurl's memory */
};

static void release_parts(struct parts *p)
{
	curl_free(p->scheme);
	curl_free(p->host);
	curl_free(p->port);
	curl_url_cleanup(p->url);
}

/* flags: of curl_url_set. False: it is no URL. release_parts() in any case. */
static bool parse(struct parts *p, const char *url, unsigned flags)
{
	memset(p, 0, sizeof(*p));
	p->url = curl_url();
	if (!p->url || curl_url_set(p->url, CURLUPART_URL, url, flags) != CURLUE_OK)
		return false;
	curl_url_get(p->url, CURLUPART_PORT, &p->port, 0);
	return curl_url_get(p->url, CURLUPART_SCHEME, &p->scheme, 0) == CURLUE_OK &&
	       curl_url_get(p->url, CURLUPART_HOST, &p->host, 0) == CURLUE_OK && *p->host;
}

static bool has_credentials(const struct parts *p)
{
	char *user = NULL;
	bool has = curl_url_get(p->url, CURLUPART_USER, &user, 0) == CURLUE_OK;

	curl_free(user);
	return has;
}

/* Whole names and numbers only: localhost.example.org is somebody else's machine. */
static bool is_loopback(const char *host)
{
	struct in_addr v4;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

bool http_is_this_machine(const char *url)
{
	struct parts p;
	bool is = parse(&p, url, 0) && is_loopback(p.host);

	release_parts(&p);
	return is;
}

static enum avo_status check_parts(const struct parts *p, const char *url, struct error *err)
{
	const char *allow = getenv("AVO_ALLOW_HTTP");

	if (has_credentials(p))
		return error_set(err, AVO_USAGE, "the URL of the server at %.100s holds a name or a password, and avo.conf is no place for them: "
				 "take them out, and use agent.key-env, agent.key-file or agent.key-command", p->host);
	if (strcasecmp(p->scheme, "https") == 0 || is_loopback(p->host) || (allow && strcmp(allow, "1") == 0))
		return AVO_OK;
	return error_set(err, AVO_USAGE, "'%.100s' would send the key and the code unencrypted; use https://, "
			 "or set AVO_ALLOW_HTTP=1 for a server on a network you trust", url);
}

enum avo_status http_check_url(const char *url, struct error *err)
{
	struct parts p;
	enum avo_status st;

	if (parse(&p, url, 0) && (strcasecmp(p.scheme, "https") == 0 || strcasecmp(p.scheme, "http") == 0))
		st = check_parts(&p, url, err);
	else
		st = error_set(err, AVO_USAGE, "'%.100s' is not a URL of a model server; "
			       "it must begin with https:// (or http:// for this machine)", url);
	release_parts(&p);
	return st;
}

char *http_host(char *out, size_t size, const char *url)
{
	struct parts p;

	*out = '\0';
	/* a proxy's variable may leave the scheme out */
	if (parse(&p, url, CURLU_DEFAULT_SCHEME | CURLU_NON_SUPPORT_SCHEME))
		snprintf(out, size, "%s%s%s", p.host, p.port ? ":" : "", p.port ? p.port : "");
	release_parts(&p);
	return out;
}

/* --- proxies -------------------------------------------------------------------- */

static const char *first_set(const char *const *names)
{
	for (; *names; names++) {
		const char *value = getenv(*names);

		if (value && *value)
			return *names;
	}
	return NULL;
}

/* One entry of no_proxy: a host, or a domain with everything below it. */
static bool covers(const char *entry, size_t len, const char *host)
{
	size_t host_len = strlen(host);

	if (len && *entry == '.') {
		entry++;
		len--;
	}
	if (!len || len > host_len || strncasecmp(host + host_len - len, entry, len) != 0)
		return false;
	return len == host_len || host[host_len - len - 1] == '.';
}

static bool is_excluded(const char *host)
{
	static const char *const names[] = { "no_proxy", "NO_PROXY", NULL };
	const char *name = first_set(names), *at = name ? getenv(name) : "";

	if (strcmp(at, "*") == 0)
		return true;
	while (*at) {
		size_t len;

		at += strspn(at, ", ");
		len = strcspn(at, ", ");
		if (covers(at, len, host))
			return true;
		at += len;
	}
	return false;
}

const char *http_proxy_variable(const char *url)
{
	/* HTTP_PROXY in capitals is what a web server makes of a visitor's header: nobody reads it */
	static const char *const plain[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL };
	static const char *const secure[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL };
	const char *name = NULL;
	struct parts p;

	if (parse(&p, url, 0) && !is_loopback(p.host) && !is_excluded(p.host))
		name = first_set(strcasecmp(p.scheme, "https") == 0 ? secure : plain);
	release_parts(&p);
	return name;
}
