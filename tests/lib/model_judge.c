/* What a strict server refuses: calls and answers that do not match, roles out of turn, empty messages. */
#include "avo.h"
#include "tests/lib/model_server.h"

/* Ids of the uses in a message's content (or tool_calls), joined by spaces. */
static void ids_of(struct buf *out, const cJSON *list, const char *type, const char *key)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
		if (!type || strcmp(json_str(item, "type", ""), type) == 0)
			buf_printf(out, "%s ", json_str(item, key, "?"));
}

static const char *judge_messages(const cJSON *messages)
{
	struct buf want = BUF_INIT, got = BUF_INIT;
	const char *fault = NULL, *role = "assistant";
	const cJSON *m;

	cJSON_ArrayForEach(m, messages) {
		const cJSON *content = json_arr(m, "content");

		if (strcmp(role, json_str(m, "role", "")) == 0)
			fault = "two messages of one role in a row";
		role = json_str(m, "role", "");
		if (!cJSON_GetArraySize(content))
			fault = "an empty message";
		buf_clear(&got);
		ids_of(&got, content, "tool_result", "tool_use_id");
		if (strcmp(buf_cstr(&got), buf_cstr(&want)) != 0)
			fault = "tool uses and results do not match";
		buf_clear(&want);
		if (strcmp(role, "assistant") == 0)
			ids_of(&want, content, "tool_use", "id");
	}
	if (want.len)
		fault = "a tool use without result at the end";
	if (strcmp(role, "user") != 0)
		fault = "the last message is not the user's";
	buf_release(&want);
	buf_release(&got);
	return fault;
}

static const char *judge_chat(const cJSON *messages)
{
	struct buf want = BUF_INIT, got = BUF_INIT;
	const char *fault = NULL, *role = "";
	const cJSON *m;

	cJSON_ArrayForEach(m, messages) {
		const char *now = json_str(m, "role", "");

		if (strcmp(now, "tool") == 0) {
			buf_printf(&got, "%s ", json_str(m, "tool_call_id", "?"));
		} else {
			if (strcmp(buf_cstr(&got), buf_cstr(&want)) != 0)
				fault = "tool calls and answers do not match";
			buf_clear(&got);
			buf_clear(&want);
			ids_of(&want, json_arr(m, "tool_calls"), NULL, "id");
			if (strcmp(now, role) == 0)
				fault = "two messages of one role in a row";
		}
		role = now;
	}
	if (strcmp(buf_cstr(&got), buf_cstr(&want)) != 0)
		fault = "tool calls without answers at the end";
	buf_release(&want);
	buf_release(&got);
	return fault;
}

const char *model_judge(enum model_wire wire, const cJSON *messages)
{
	return wire == MODEL_MESSAGES ? judge_messages(messages) : judge_chat(messages);
}
