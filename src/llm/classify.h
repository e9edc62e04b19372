/* What to do about a call that was not answered. */
#ifndef AVO_LLM_CLASSIFY_H
#define AVO_LLM_CLASSIFY_H

#include "llm/http.h"
#include "llm/llm.h"

enum llm_remedy {
	LLM_RETRY_NOW,		/* a broken or silent connection, the first time */
	LLM_RETRY_AFTER,	/* the server named a time */
	LLM_BACK_OFF,		/* overload, outage: exponential, with jitter */
	LLM_COMPACT,		/* the conversation is too long */
	LLM_PAUSE,		/* a person must act: key, money, permission */
	LLM_FATAL,		/* the question itself is refused, and would be again */
};

/* http describes the transfer, fault what the server said (zeroed when it said nothing); broken counts breaks in a row. */
enum llm_remedy llm_classify(const struct http_result *http, const struct llm_fault *fault, unsigned broken);
/* It is the key that was refused, as far as the server says. */
bool llm_fault_is_key(const struct llm_fault *fault);
/* The n-th back-off (from 0): between half of and a whole first_ms * 2^n, at most limit_ms. */
int64_t llm_back_off_ms(unsigned n, int64_t first_ms, int64_t limit_ms);
const char *llm_remedy_name(enum llm_remedy r);

#endif
