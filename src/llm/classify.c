#include "avo.h"
#include "llm/classify.h"

#include <strings.h>
#include <sys/random.h>

const char *llm_remedy_name(enum llm_remedy r)
{
	static const char *const names[] = {
		[LLM_RETRY_NOW] = "retry-now", [LLM_RETRY_AFTER] = "retry-after", [LLM_BACK_OFF] = "back-off",
		[LLM_COMPACT] = "compact", [LLM_PAUSE] = "pause", [LLM_FATAL] = "fatal",
	};

	return names[r];
}

static bool any_of(const struct llm_fault *f, const char *const *words)
{
	for (; *words; words++)
		if (strcasestr(f->type, *words) || strcasestr(f->code, *words))
			return true;
	return false;
}

static bool text_has(const struct llm_fault *f, const char *const *words)
{
	for (; *words; words++)
		if (strcasestr(f->text, *words))
			return true;
	return false;
}

/* Types and codes first; the sentences are what servers without codes say today. */
static bool is_overflow(const struct llm_fault *f)
{
	static const char *const codes[] = { "context_length", "exceed_context", "request_too_large", NULL };
	static const char *const words[] = { "prompt is too long", "maximum context length", "context window",
					     "context size", "context length", NULL };

	return any_of(f, codes) || text_has(f, words);
}

/* Limits that no waiting of minutes lifts; asking again only fills logs. */
static bool is_money(const struct llm_fault *f)
{
	static const char *const codes[] = { "insufficient_quota", "billing", "spend_limit", "payment", NULL };
	static const char *const words[] = { "credit balance", "usage limit", "spend limit", "exceeded your current quota", NULL };

	return any_of(f, codes) || text_has(f, words);
}

static bool is_key(const struct llm_fault *f)
{
	static const char *const codes[] = { "authentication_error", "permission_error", "invalid_api_key", NULL };

	return any_of(f, codes);
}

bool llm_fault_is_key(const struct llm_fault *fault)
{
	return fault->status == 401 || fault->status == 403 || is_key(fault);
}

static enum llm_remedy wait_for_server(const struct http_result *http)
{
	return http->retry_after_ms >= 0 ? LLM_RETRY_AFTER : LLM_BACK_OFF;
}

static enum llm_remedy classify_status(const struct http_result *http, const struct llm_fault *f)
{
	long s = http->status;

	if (s == 413 || ((s == 400 || s == 422 || s == 500) && is_overflow(f)))
		return LLM_COMPACT;
	if (s == 401 || s == 402 || s == 403 || is_money(f))
		return LLM_PAUSE;
	if (http->should_retry == 1 || s == 408 || s == 409 || s == 425 || s == 429)
		return wait_for_server(http);
	if (s >= 500 && http->should_retry != 0)
		return wait_for_server(http);
	if (s >= 500)
		return LLM_PAUSE;
	return LLM_FATAL;
}

static enum llm_remedy classify_stream(const struct http_result *http, const struct llm_fault *f, unsigned broken)
{
	static const char *const ours[] = { "invalid_request", NULL };

	if (is_overflow(f))
		return LLM_COMPACT;
	if (is_money(f) || is_key(f))
		return LLM_PAUSE;
	if (any_of(f, ours))
		return LLM_FATAL;
	if (!f->type[0] && broken <= 1)
		return LLM_RETRY_NOW;
	return wait_for_server(http);
}

/* A proxy that cannot reach the server now (5xx) is an outage; one that does not want to stays so. */
static enum llm_remedy classify_proxy(const struct http_result *http)
{
	return http->proxy_status >= 500 ? LLM_BACK_OFF : LLM_PAUSE;
}

enum llm_remedy llm_classify(const struct http_result *http, const struct llm_fault *fault, unsigned broken)
{
	if (http->end == HTTP_PROXY_REFUSED)
		return classify_proxy(http);
	if (http->end == HTTP_DISTRUSTED)
		return LLM_PAUSE;
	if (http->status >= 300)
		return classify_status(http, fault);
	if (fault->type[0] || fault->text[0])
		return classify_stream(http, fault, broken);
	if (http->end == HTTP_CONNECT_FAILED)
		return LLM_BACK_OFF;
	/* 200 and a web page: a login portal or a wrong base-url */
	if (http->status == 200 && strncasecmp(http->content_type, "text/html", 9) == 0)
		return LLM_PAUSE;
	return broken <= 1 ? LLM_RETRY_NOW : LLM_BACK_OFF;
}

int64_t llm_back_off_ms(unsigned n, int64_t first_ms, int64_t limit_ms)
{
	int64_t whole = first_ms;
	uint32_t dice = 0;

	while (n-- > 0 && whole < limit_ms)
		whole *= 2;
	if (whole > limit_ms)
		whole = limit_ms;
	if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) != (ssize_t)sizeof(dice))
		dice = (uint32_t)whole * 2654435761u;
	return whole / 2 + (int64_t)((double)dice / 4294967296.0 * (double)(whole / 2));
}
