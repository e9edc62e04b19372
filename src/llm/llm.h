/*
 * Which model, on which server, by which wire, at what price; what is asked of
 * it and what it answered. The wires themselves are behind wire.h, the calls with their
 * retries behind client.h.
 */
#ifndef AVO_LLM_LLM_H
#define AVO_LLM_LLM_H

#include "base/conf.h"
#include "llm/message.h"

/* US dollars per million tokens. */
struct llm_prices {
	double input, output, cache_write, cache_read;
	bool known;			/* false: cost cannot be told, and is shown as such */
};

/* Tokens of one call. The prompt's total is input + cache_write + cache_read on every wire. */
struct llm_usage {
	int64_t input, output, cache_write, cache_read;
	int64_t cache_write_1h;		/* part of cache_write that is kept for an hour (costs 1.6 times the 5 minutes) */
	int64_t thinking;		/* part of output */
	bool known;			/* the server sent numbers */
};

enum llm_thinking { LLM_THINKING_DEFAULT, LLM_THINKING_OFF, LLM_THINKING_ADAPTIVE };

struct wire;

/* From avo.conf, section [agent]; see avo.conf(5). Strings are owned. */
struct llm_config {
	const struct wire *wire;
	char *model;
	char *base_url;			/* without a trailing slash and without /v1 */
	char *key;			/* NULL: none needed (a server on this machine) */
	char *key_source;		/* "environment variable X", for messages */
	char *ca_file;			/* CA certificates (PEM) that the server's is checked with; NULL: the system's */
	int64_t context_window;		/* tokens */
	int64_t max_output;		/* tokens a call */
	int64_t output_limit;		/* tokens to which max_output may grow when answers are cut; 0: a share of the window */
	enum llm_thinking thinking;
	char *effort;			/* NULL: the server's default */
	bool cache;			/* mark the prefix for prompt caching */
	bool cache_1h;			/* keep it for an hour: evaluations can last longer than five minutes */
	bool tool_choice;		/* the server knows the member tool_choice */
	bool replay_reasoning;		/* chat: send reasoning_content back */
	char **headers;			/* "Name: value", NULL-terminated */
	cJSON *extra_body;		/* merged over the request; NULL: nothing */
	struct llm_prices prices;
	int64_t header_ms, idle_ms, stall_ms;	/* silence: before the first byte, between bytes, between bytes that mean something */
	int64_t outage_ms;		/* give up a call after so long without any answer */
};

/* AVO_USAGE: the section makes no sense. AVO_ENVIRONMENT: no model or no key; the text says how to go on. */
enum avo_status llm_config_read(struct llm_config *out, const struct conf *conf, struct error *err);
void llm_config_release(struct llm_config *c);
/* After a key was refused: reads it once more where it comes from a file or a command. One from the environment stays as it is. */
enum avo_status llm_config_renew_key(struct llm_config *c, const struct conf *conf, struct error *err);

struct llm_tool {
	const char *name, *description;
	const char *schema;		/* JSON Schema of the arguments */
};

/* One call. Borrowed while it runs. */
struct llm_request {
	const struct llm_config *config;
	const char *system;
	const struct llm_tool *tools;
	size_t tool_count;
	const struct conversation *conversation;
	const char *ask;		/* a further user message behind the conversation that is not part of it; NULL: none */
	int64_t max_tokens;		/* 0: config's */
	bool no_tool_use;		/* words only */
};

enum llm_stop {
	LLM_STOP_NONE,			/* the answer broke off */
	LLM_STOP_END,			/* said all it wanted */
	LLM_STOP_TOOLS,			/* wants its tools' answers */
	LLM_STOP_LENGTH,		/* ran into max_tokens */
	LLM_STOP_PAUSE,			/* send it back as it is to go on */
	LLM_STOP_REFUSAL,
	LLM_STOP_WINDOW,		/* ran into the end of the context window */
};
const char *llm_stop_name(enum llm_stop s);

/* Owned by whoever holds it. */
struct llm_reply {
	struct message message;
	enum llm_stop stop;
	struct llm_usage usage;
	bool streamed;			/* it came in pieces */
	char *id, *model;		/* as the server says; may be NULL */
	char *explanation;		/* of a refusal; may be NULL */
};
void llm_reply_release(struct llm_reply *r);

/* What the server said when it did not answer the question. */
struct llm_fault {
	long status;			/* HTTP; 0: an error inside a stream, or no answer at all */
	char type[64];			/* "rate_limit_error", "insufficient_quota", ...; "" when not said */
	char code[64];
	char text[384];			/* for people, sanitised */
	int64_t window;			/* context size, when the server names it; else 0 */
};

#endif
