/*
 * OpenAI Chat Completions, the question. One message here can be several
 * there: each tool's answer is a message of its own, directly behind the turn
 * that called, before any words of the user.
 */
#include "avo.h"
#include "base/mem.h"
#include "llm/chat.h"

static cJSON *new_message(const char *role, const char *content)
{
	cJSON *m = cJSON_CreateObject();

	json_set_str(m, "role", role);
	json_set_str(m, "content", content);
	return m;
}

/* All blocks of one kind, joined by blank lines; owned, NULL when there are none. */
static char *joined(const struct message *m, enum block_kind kind)
{
	struct buf all = BUF_INIT;
	size_t i;

	for (i = 0; i < m->count; i++) {
		if (m->blocks[i].kind != kind)
			continue;
		if (all.len)
			buf_addstr(&all, "\n\n");
		buf_addstr(&all, m->blocks[i].text);
	}
	if (!all.len) {
		buf_release(&all);
		return NULL;
	}
	return buf_detach(&all);
}

static cJSON *encode_call(const struct block *b)
{
	cJSON *call = cJSON_CreateObject(), *function = cJSON_CreateObject(), *args = block_arguments_sent(b);
	char *text = json_print_new(args);

	json_set_str(call, "id", b->id);
	json_set_str(call, "type", "function");
	json_set_str(function, "name", *b->name ? b->name : "unnamed");
	json_set_str(function, "arguments", text);
	json_set(call, "function", function);
	cJSON_Delete(args);
	free(text);
	return call;
}

static void encode_assistant(cJSON *list, const struct message *m, const struct llm_config *c)
{
	cJSON *obj = cJSON_CreateObject(), *calls = cJSON_CreateArray();
	char *text = joined(m, BLOCK_TEXT), *thoughts = joined(m, BLOCK_THINKING);
	size_t i;

	json_set_str(obj, "role", "assistant");
	for (i = 0; i < m->count; i++)
		if (m->blocks[i].kind == BLOCK_TOOL_USE)
			json_push(calls, encode_call(&m->blocks[i]));
	json_set(obj, "content", text ? cJSON_CreateString(text) : cJSON_CreateNull());
	if (c->replay_reasoning)
		json_set_str(obj, "reasoning_content", thoughts);
	if (cJSON_GetArraySize(calls))
		json_set(obj, "tool_calls", calls);
	else
		cJSON_Delete(calls);
	if (text || json_get(obj, "tool_calls"))
		json_push(list, obj);
	else
		cJSON_Delete(obj);
	free(text);
	free(thoughts);
}

static void encode_user(cJSON *list, const struct message *m)
{
	char *text = joined(m, BLOCK_TEXT);
	size_t i;

	for (i = 0; i < m->count; i++) {
		const struct block *b = &m->blocks[i];
		cJSON *obj;

		if (b->kind != BLOCK_TOOL_RESULT)
			continue;
		obj = new_message("tool", block_result_sent(b));
		json_set_str(obj, "tool_call_id", b->id);
		json_push(list, obj);
	}
	if (text)
		json_push(list, new_message("user", text));
	free(text);
}

static cJSON *encode_conversation(const struct llm_request *r)
{
	cJSON *list = cJSON_CreateArray();
	size_t i;

	if (r->system)
		json_push(list, new_message("system", r->system));
	for (i = 0; r->conversation && i < r->conversation->count; i++) {
		const struct message *m = &r->conversation->messages[i];

		if (m->role == ROLE_ASSISTANT)
			encode_assistant(list, m, r->config);
		else
			encode_user(list, m);
	}
	if (r->ask) {
		cJSON *last = cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1);

		/* two user messages in a row are refused by some chat templates */
		if (last && strcmp(json_str(last, "role", ""), "user") == 0) {
			char *both = xasprintf("%s\n\n%s", json_str(last, "content", ""), r->ask);

			json_set_str(last, "content", both);
			free(both);
		} else {
			json_push(list, new_message("user", r->ask));
		}
	}
	return list;
}

static cJSON *encode_tools(const struct llm_request *r)
{
	cJSON *list = cJSON_CreateArray();
	size_t i;

	for (i = 0; i < r->tool_count; i++) {
		cJSON *tool = cJSON_CreateObject(), *function = cJSON_CreateObject();

		json_set_str(tool, "type", "function");
		json_set_str(function, "name", r->tools[i].name);
		json_set_str(function, "description", r->tools[i].description);
		json_set(function, "parameters", cJSON_Parse(r->tools[i].schema));
		json_set(tool, "function", function);
		json_push(list, tool);
	}
	return list;
}

void chat_encode(struct buf *out, const struct llm_request *r, bool stream)
{
	const struct llm_config *c = r->config;
	cJSON *body = cJSON_CreateObject();
	int64_t limit = r->max_tokens > 0 ? r->max_tokens : c->max_output;

	json_set_str(body, "model", c->model);
	json_set(body, "messages", encode_conversation(r));
	if (r->tool_count) {
		json_set(body, "tools", encode_tools(r));
		if (c->tool_choice)
			json_set_str(body, "tool_choice", r->no_tool_use ? "none" : "auto");
	}
	/* the newer name is refused by most compatible servers, the older one by its inventor */
	json_set_int(body, strstr(c->base_url, "api.openai.com") ? "max_completion_tokens" : "max_tokens", limit);
	json_set_str(body, "reasoning_effort", c->effort);
	json_set_bool(body, "stream", stream);
	if (stream) {
		cJSON *options = cJSON_CreateObject();

		json_set_bool(options, "include_usage", true);
		json_set(body, "stream_options", options);
	}
	wire_merge(body, c->extra_body);
	json_print(out, body);
	cJSON_Delete(body);
}
