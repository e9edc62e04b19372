/* What a server's URL says before anything is sent: where it leads, and through which proxy. */
#ifndef AVO_LLM_HTTP_URL_H
#define AVO_LLM_HTTP_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* "https" to anywhere, "http" to this machine only unless AVO_ALLOW_HTTP=1 (a trusted cluster network). */
enum avo_status http_check_url(const char *url, struct error *err);
/* localhost, 127.0.0.0/8, [::1] by name: no other name counts, wherever it may resolve to. */
bool http_is_this_machine(const char *url);
/* "api.anthropic.com", with ":8443" when the URL names a port; "" when there is none. Returns out. */
char *http_host(char *out, size_t size, const char *url);
/*
 * The environment variable that names the proxy for this URL, NULL when none is used. libcurl
 * reads them by the same rules; this is for telling people.
 */
const char *http_proxy_variable(const char *url);

#endif
