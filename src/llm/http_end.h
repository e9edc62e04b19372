/* How a transfer ended, and what that means for a person. */
#ifndef AVO_LLM_HTTP_END_H
#define AVO_LLM_HTTP_END_H

#include <curl/curl.h>

#include "llm/http.h"

/*
 * Fills in end, proxy_status and, on a failure, what. words: libcurl's own on this transfer, may be "";
 * ca_file: may be NULL. result->status and got_bytes are known already.
 */
void http_judge(struct http_result *result, CURL *easy, CURLcode code, const char *url, const char *ca_file, const char *words);

#endif
