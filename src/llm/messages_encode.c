/*
 * Anthropic Messages, the question. The prefix (tools, system, old messages)
 * is the same bytes on every call, since a change anywhere in it is billed as
 * a whole new prompt; up to three breakpoints tell the server where to cache:
 * behind the system text, behind the newest user message and the one before it (a
 * turn with many parallel calls is longer than the server looks back).
 */
#include "avo.h"
#include "base/mem.h"
#include "llm/messages.h"

#include <ctype.h>

static void mark_cached(cJSON *block, const struct llm_config *config)
{
	cJSON *mark = cJSON_CreateObject();

	json_set_str(mark, "type", "ephemeral");
	if (config->cache_1h)
		json_set_str(mark, "ttl", "1h");
	json_set(block, "cache_control", mark);
}

static cJSON *text_block(const char *text)
{
	cJSON *b = cJSON_CreateObject();

	json_set_str(b, "type", "text");
	json_set_str(b, "text", text);
	return b;
}

/* Ids from other servers hold characters that this wire refuses; both halves of a call change alike. */
static void set_id(cJSON *obj, const char *key, const char *id)
{
	char *safe = xstrdup(id), *s;

	for (s = safe; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '_' && *s != '-')
			*s = '_';
	json_set_str(obj, key, safe);
	free(safe);
}

static cJSON *encode_tool_use(const struct block *b)
{
	cJSON *obj = cJSON_CreateObject();

	json_set_str(obj, "type", "tool_use");
	set_id(obj, "id", b->id);
	json_set_str(obj, "name", *b->name ? b->name : "unnamed");
	json_set(obj, "input", block_arguments_sent(b));
	return obj;
}

static cJSON *encode_tool_result(const struct block *b)
{
	cJSON *obj = cJSON_CreateObject();

	json_set_str(obj, "type", "tool_result");
	set_id(obj, "tool_use_id", b->id);
	json_set_str(obj, "content", block_result_sent(b));
	if (b->is_error)
		json_set_bool(obj, "is_error", true);
	return obj;
}

/* NULL: this wire cannot carry the block (thinking without the signature that only this wire gives). */
static cJSON *encode_block(const struct block *b)
{
	cJSON *obj;

	switch (b->kind) {
	case BLOCK_TEXT:
		return text_block(b->text);
	case BLOCK_TOOL_USE:
		return encode_tool_use(b);
	case BLOCK_TOOL_RESULT:
		return encode_tool_result(b);
	case BLOCK_OPAQUE:
		return cJSON_Duplicate(b->opaque, true);
	case BLOCK_THINKING:
		if (!b->signature)
			return NULL;
		obj = cJSON_CreateObject();
		json_set_str(obj, "type", "thinking");
		json_set_str(obj, "thinking", b->text);
		json_set_str(obj, "signature", b->signature);
		return obj;
	}
	return NULL;
}

static cJSON *encode_message(const struct message *m)
{
	cJSON *obj = cJSON_CreateObject(), *content = cJSON_CreateArray();
	size_t i;

	json_set_str(obj, "role", role_name(m->role));
	for (i = 0; i < m->count; i++) {
		cJSON *b = encode_block(&m->blocks[i]);

		if (b)
			json_push(content, b);
	}
	json_set(obj, "content", content);
	return obj;
}

/* On the last block of a message, if that is of a kind that can be marked. */
static void mark_message(cJSON *message, const struct llm_config *config)
{
	cJSON *content = cJSON_GetObjectItemCaseSensitive(message, "content");
	cJSON *last = cJSON_GetArrayItem(content, cJSON_GetArraySize(content) - 1);
	const char *type = json_str(last, "type", "");

	if (strcmp(type, "text") == 0 || strcmp(type, "tool_result") == 0)
		mark_cached(last, config);
}

static void mark_newest(cJSON *list, const struct llm_config *config)
{
	int i, marked = 0;

	for (i = cJSON_GetArraySize(list) - 1; i >= 0 && marked < 2; i--) {
		cJSON *m = cJSON_GetArrayItem(list, i);

		if (strcmp(json_str(m, "role", ""), "user") != 0)
			continue;
		mark_message(m, config);
		marked++;
	}
}

static void add_ask(cJSON *list, const char *ask)
{
	cJSON *last = cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1);
	cJSON *content;

	if (last && strcmp(json_str(last, "role", ""), "user") == 0) {
		json_push(cJSON_GetObjectItemCaseSensitive(last, "content"), text_block(ask));
		return;
	}
	last = cJSON_CreateObject();
	content = cJSON_CreateArray();
	json_set_str(last, "role", "user");
	json_push(content, text_block(ask));
	json_set(last, "content", content);
	json_push(list, last);
}

static cJSON *encode_conversation(const struct llm_request *r)
{
	cJSON *list = cJSON_CreateArray();
	size_t i;

	for (i = 0; r->conversation && i < r->conversation->count; i++)
		json_push(list, encode_message(&r->conversation->messages[i]));
	if (r->config->cache)
		mark_newest(list, r->config);
	if (r->ask)
		add_ask(list, r->ask);
	return list;
}

static cJSON *encode_tools(const struct llm_request *r)
{
	cJSON *list = cJSON_CreateArray();
	size_t i;

	for (i = 0; i < r->tool_count; i++) {
		cJSON *tool = cJSON_CreateObject();

		json_set_str(tool, "name", r->tools[i].name);
		json_set_str(tool, "description", r->tools[i].description);
		json_set(tool, "input_schema", cJSON_Parse(r->tools[i].schema));
		json_push(list, tool);
	}
	return list;
}

static void set_type(cJSON *body, const char *member, const char *type)
{
	cJSON *obj = cJSON_CreateObject();

	json_set_str(obj, "type", type);
	json_set(body, member, obj);
}

static void encode_options(cJSON *body, const struct llm_request *r)
{
	const struct llm_config *c = r->config;

	if (c->thinking != LLM_THINKING_DEFAULT)
		set_type(body, "thinking", c->thinking == LLM_THINKING_OFF ? "disabled" : "adaptive");
	if (c->effort) {
		cJSON *obj = cJSON_CreateObject();

		json_set_str(obj, "effort", c->effort);
		json_set(body, "output_config", obj);
	}
	if (r->tool_count && c->tool_choice)
		set_type(body, "tool_choice", r->no_tool_use ? "none" : "auto");
}

void messages_encode(struct buf *out, const struct llm_request *r, bool stream)
{
	cJSON *body = cJSON_CreateObject(), *system = cJSON_CreateArray();

	json_set_str(body, "model", r->config->model);
	json_set_int(body, "max_tokens", r->max_tokens > 0 ? r->max_tokens : r->config->max_output);
	json_set_bool(body, "stream", stream);
	if (r->tool_count)
		json_set(body, "tools", encode_tools(r));
	if (r->system) {
		json_push(system, text_block(r->system));
		if (r->config->cache)
			mark_cached(cJSON_GetArrayItem(system, 0), r->config);
		json_set(body, "system", system);
	} else {
		cJSON_Delete(system);
	}
	encode_options(body, r);
	json_set(body, "messages", encode_conversation(r));
	wire_merge(body, r->config->extra_body);
	json_print(out, body);
	cJSON_Delete(body);
}
