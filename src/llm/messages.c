/*
 * Anthropic Messages, the answer. Blocks are keyed by their index and closed
 * only at the end: compatible servers open several before they close one, or
 * close them all together.
 */
#include "avo.h"
#include "base/mem.h"
#include "llm/messages.h"

static enum llm_stop parse_stop(const char *reason)
{
	static const struct { const char *name; enum llm_stop stop; } table[] = {
		{ "end_turn", LLM_STOP_END },
		{ "stop_sequence", LLM_STOP_END },
		{ "tool_use", LLM_STOP_TOOLS },
		{ "max_tokens", LLM_STOP_LENGTH },
		{ "pause_turn", LLM_STOP_PAUSE },
		{ "refusal", LLM_STOP_REFUSAL },
		{ "model_context_window_exceeded", LLM_STOP_WINDOW },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++)
		if (strcmp(reason, table[i].name) == 0)
			return table[i].stop;
	return LLM_STOP_END;
}

/* Every number overwrites the one before: the counts of a stream are cumulative. */
static void read_usage(struct decoder *d, const cJSON *u)
{
	struct llm_usage *out = &d->usage;
	const cJSON *kept = json_obj(u, "cache_creation");

	if (!u)
		return;
	out->known = true;
	out->input = json_int(u, "input_tokens", out->input);
	out->output = json_int(u, "output_tokens", out->output);
	out->cache_write = json_int(u, "cache_creation_input_tokens", out->cache_write);
	out->cache_read = json_int(u, "cache_read_input_tokens", out->cache_read);
	out->cache_write_1h = json_int(kept, "ephemeral_1h_input_tokens", out->cache_write_1h);
	out->thinking = json_int(json_obj(u, "output_tokens_details"), "thinking_tokens", out->thinking);
}

static void keep(char **to, const cJSON *obj, const char *key)
{
	const char *s = json_str(obj, key, NULL);

	if (s && !*to)
		*to = xstrdup(s);
}

static void read_stop(struct decoder *d, const cJSON *obj)
{
	const char *reason = json_str(obj, "stop_reason", NULL);
	const cJSON *details = json_obj(obj, "stop_details");

	if (!reason)
		return;
	d->stop = parse_stop(reason);
	keep(&d->explanation, details, "explanation");
	keep(&d->explanation, details, "category");
}

static bool same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static void start_block(struct decoder *d, int64_t index, const cJSON *block)
{
	const char *type = json_str(block, "type", "");
	struct wire_part *p;

	if (same(type, "text")) {
		p = decoder_add_part(d, index, BLOCK_TEXT);
		decoder_text(d, p, json_str(block, "text", ""));
	} else if (same(type, "thinking")) {
		p = decoder_add_part(d, index, BLOCK_THINKING);
		decoder_text(d, p, json_str(block, "thinking", ""));
		if (p)
			buf_addstr(&p->signature, json_str(block, "signature", ""));
	} else if (same(type, "tool_use")) {
		p = decoder_add_part(d, index, BLOCK_TOOL_USE);
		if (p) {
			decoder_tool(d, p, json_str(block, "id", NULL), json_str(block, "name", NULL));
			p->opaque = json_obj(block, "input") ? cJSON_Duplicate(json_obj(block, "input"), true) : NULL;
		}
	} else {
		/* redacted thinking, a server's own tools, whatever comes next year: kept to be sent back */
		p = decoder_add_part(d, index, BLOCK_OPAQUE);
		if (p)
			p->opaque = cJSON_Duplicate(block, true);
	}
	d->meaningful++;
}

static void continue_block(struct decoder *d, int64_t index, const cJSON *delta)
{
	const char *type = json_str(delta, "type", "");
	struct wire_part *p = decoder_part(d, index);

	if (!p)
		return;
	if (same(type, "text_delta")) {
		decoder_text(d, p, json_str(delta, "text", ""));
	} else if (same(type, "thinking_delta")) {
		decoder_text(d, p, json_str(delta, "thinking", ""));
	} else if (same(type, "signature_delta")) {
		buf_addstr(&p->signature, json_str(delta, "signature", ""));
	} else if (same(type, "input_json_delta")) {
		buf_addstr(&p->input, json_str(delta, "partial_json", ""));
		d->meaningful++;
	}
}

static void start_message(struct decoder *d, const cJSON *message)
{
	keep(&d->id, message, "id");
	keep(&d->model, message, "model");
	read_usage(d, json_obj(message, "usage"));
	read_stop(d, message);
}

static void take(struct decoder *d, const char *type, const cJSON *event)
{
	int64_t newest = d->part_count ? d->parts[d->part_count - 1].index : -1;

	if (same(type, "message_start")) {
		start_message(d, json_obj(event, "message"));
	} else if (same(type, "content_block_start")) {
		start_block(d, json_int(event, "index", newest + 1), json_obj(event, "content_block"));
	} else if (same(type, "content_block_delta")) {
		continue_block(d, json_int(event, "index", newest), json_obj(event, "delta"));
	} else if (same(type, "message_delta")) {
		read_stop(d, json_obj(event, "delta"));
		read_usage(d, json_obj(event, "usage"));
		d->meaningful++;
	} else if (same(type, "message_stop")) {
		d->finished = true;
	} else if (same(type, "error") || json_get(event, "error")) {
		d->failed = true;
		wire_fault_from_json(&d->fault, event);
	}
}

static bool messages_event(struct decoder *d, const struct sse_event *e)
{
	cJSON *event;

	if (json_parse(&event, e->data, e->len, NULL) != AVO_OK)
		return decoder_damaged(d, e);
	take(d, json_str(event, "type", e->name), event);
	cJSON_Delete(event);
	return true;
}

static void messages_whole(struct decoder *d, const cJSON *body)
{
	const cJSON *content = json_arr(body, "content"), *block;
	int64_t index = 0;

	if (!content)
		return;
	start_message(d, body);
	cJSON_ArrayForEach(block, content)
		start_block(d, index++, block);
	d->finished = true;
}

static size_t messages_headers(char *out[8], const struct llm_config *c)
{
	size_t n = 0;

	out[n++] = xstrdup("anthropic-version: 2023-06-01");
	if (c->key)
		out[n++] = xasprintf("x-api-key: %s", c->key);
	return n;
}

const struct wire wire_messages = {
	.name = "messages",
	.path = "/v1/messages",
	.encode = messages_encode,
	.headers = messages_headers,
	.event = messages_event,
	.whole = messages_whole,
};
