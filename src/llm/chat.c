/*
 * OpenAI Chat Completions, the answer. Compatible servers differ in how they
 * number tool calls: a delta with a new id opens a call even when its index
 * repeats, one without id and index continues the newest.
 */
#include "avo.h"
#include "base/mem.h"
#include "llm/chat.h"

#define TEXT_INDEX (-1)		/* parts of this wire: calls are numbered from 0 */
#define THINKING_INDEX (-2)

static enum llm_stop parse_stop(const char *reason)
{
	if (strcmp(reason, "length") == 0)
		return LLM_STOP_LENGTH;
	if (strcmp(reason, "content_filter") == 0)
		return LLM_STOP_REFUSAL;
	if (strcmp(reason, "tool_calls") == 0 || strcmp(reason, "function_call") == 0)
		return LLM_STOP_TOOLS;
	return LLM_STOP_END;
}

/* Here the prompt's count includes what came from the cache. */
static void read_usage(struct decoder *d, const cJSON *u)
{
	const cJSON *prompt = json_obj(u, "prompt_tokens_details");
	struct llm_usage *out = &d->usage;
	int64_t cached;

	if (!u)
		return;
	cached = json_int(prompt, "cached_tokens", json_int(u, "prompt_cache_hit_tokens", 0));
	out->known = true;
	out->cache_read = cached;
	out->input = json_int(u, "prompt_tokens", 0) - cached;
	if (out->input < 0)
		out->input = 0;
	out->output = json_int(u, "completion_tokens", 0);
	out->thinking = json_int(json_obj(u, "completion_tokens_details"), "reasoning_tokens", 0);
}

static void add_words(struct decoder *d, int64_t index, enum block_kind kind, const char *text)
{
	struct wire_part *p;

	if (!text || !*text)
		return;
	p = decoder_part(d, index);
	decoder_text(d, p ? p : decoder_add_part(d, index, kind), text);
}

static struct wire_part *newest_call(struct decoder *d)
{
	size_t i;

	for (i = d->part_count; i > 0; i--)
		if (d->parts[i - 1].kind == BLOCK_TOOL_USE)
			return &d->parts[i - 1];
	return NULL;
}

static struct wire_part *find_call(struct decoder *d, const cJSON *call)
{
	int64_t index = json_int(call, "index", -1);
	const char *id = json_str(call, "id", "");
	struct wire_part *p = index >= 0 ? decoder_part(d, index) : NULL, *newest = newest_call(d);

	/* the same number with another id is another call, from a server that numbers them all alike */
	if (p && *id && p->id && strcmp(p->id, id) != 0)
		p = NULL;
	if (!p && !*id && index < 0)
		p = newest;
	if (!p && *id && newest && newest->id && strcmp(newest->id, id) == 0)
		p = newest;
	if (!p)
		p = decoder_add_part(d, index >= 0 ? index : newest ? newest->index + 1 : 0, BLOCK_TOOL_USE);
	return p;
}

static void add_call(struct decoder *d, const cJSON *call)
{
	const cJSON *function = json_obj(call, "function"), *args = json_get(function, "arguments");
	struct wire_part *p = find_call(d, call);

	if (!p)
		return;
	decoder_tool(d, p, json_str(call, "id", NULL), json_str(function, "name", NULL));
	if (cJSON_IsString(args))
		buf_addstr(&p->input, args->valuestring);
	else if (cJSON_IsObject(args))
		json_print(&p->input, args);
	d->meaningful++;
}

/* A delta of a stream and the message of a whole answer have the same members. */
static void add_content(struct decoder *d, const cJSON *delta)
{
	const cJSON *calls = json_arr(delta, "tool_calls"), *call, *legacy = json_obj(delta, "function_call");
	const char *refusal = json_str(delta, "refusal", NULL);

	add_words(d, THINKING_INDEX, BLOCK_THINKING, json_str(delta, "reasoning_content", json_str(delta, "reasoning", NULL)));
	add_words(d, TEXT_INDEX, BLOCK_TEXT, json_str(delta, "content", NULL));
	cJSON_ArrayForEach(call, calls)
		add_call(d, call);
	if (legacy) {
		cJSON *wrapped = cJSON_CreateObject();

		json_set(wrapped, "function", cJSON_Duplicate(legacy, true));
		add_call(d, wrapped);
		cJSON_Delete(wrapped);
	}
	if (refusal && *refusal && !d->explanation)
		d->explanation = xstrdup(refusal);
}

static void keep(char **to, const cJSON *obj, const char *key)
{
	const char *s = json_str(obj, key, NULL);

	if (s && *s && !*to)
		*to = xstrdup(s);
}

static void take(struct decoder *d, const cJSON *chunk)
{
	const cJSON *choice = cJSON_GetArrayItem(json_arr(chunk, "choices"), 0);
	const cJSON *content = json_obj(choice, "delta");
	const char *reason = json_str(choice, "finish_reason", NULL);

	keep(&d->id, chunk, "id");
	keep(&d->model, chunk, "model");
	add_content(d, content ? content : json_obj(choice, "message"));
	read_usage(d, json_obj(chunk, "usage"));
	if (reason) {
		d->stop = d->explanation ? LLM_STOP_REFUSAL : parse_stop(reason);
		d->answered = true;
		d->meaningful++;
	}
}

static bool chat_event(struct decoder *d, const struct sse_event *e)
{
	cJSON *chunk;

	if (e->len == 6 && memcmp(e->data, "[DONE]", 6) == 0) {
		/* an end without a beginning: some gateways hide a failure behind it */
		d->finished = d->answered || d->part_count > 0;
		d->failed = !d->finished;
		if (d->failed) {
			snprintf(d->fault.type, sizeof(d->fault.type), "empty_answer");
			snprintf(d->fault.text, sizeof(d->fault.text), "the server ended its answer without a word");
		}
		return false;
	}
	if (json_parse(&chunk, e->data, e->len, NULL) != AVO_OK)
		return decoder_damaged(d, e);
	if (json_get(chunk, "error") && !cJSON_IsNull(json_get(chunk, "error"))) {
		d->failed = true;
		wire_fault_from_json(&d->fault, chunk);
	} else {
		take(d, chunk);
	}
	cJSON_Delete(chunk);
	return true;
}

static void chat_whole(struct decoder *d, const cJSON *body)
{
	if (!cJSON_GetArrayItem(json_arr(body, "choices"), 0))
		return;
	take(d, body);
	d->finished = true;
}

static size_t chat_headers(char *out[8], const struct llm_config *c)
{
	if (!c->key)
		return 0;
	out[0] = xasprintf("Authorization: Bearer %s", c->key);
	return 1;
}

const struct wire wire_chat = {
	.name = "chat",
	.path = "/v1/chat/completions",
	.encode = chat_encode,
	.headers = chat_headers,
	.event = chat_event,
	.whole = chat_whole,
};
