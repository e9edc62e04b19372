/* The journal's form of a message: stable, readable, complete enough to resume from. */
#include "avo.h"
#include "base/mem.h"
#include "llm/message.h"

static const char *const kind_names[] = {
	[BLOCK_TEXT] = "text",
	[BLOCK_THINKING] = "thinking",
	[BLOCK_TOOL_USE] = "tool_use",
	[BLOCK_TOOL_RESULT] = "tool_result",
	[BLOCK_OPAQUE] = "opaque",
};

static cJSON *block_to_json(const struct block *b)
{
	cJSON *obj = cJSON_CreateObject();

	json_set_str(obj, "type", kind_names[b->kind]);
	json_set_str(obj, "id", b->id);
	json_set_str(obj, "name", b->name);
	json_set_str(obj, "text", b->text);
	json_set_str(obj, "input", b->input);
	json_set_str(obj, "signature", b->signature);
	if (b->is_error)
		json_set_bool(obj, "is_error", true);
	if (b->cut)
		json_set_bool(obj, "cut", true);
	if (b->opaque)
		json_set(obj, "opaque", cJSON_Duplicate(b->opaque, true));
	return obj;
}

cJSON *message_to_json(const struct message *m)
{
	cJSON *obj = cJSON_CreateObject(), *content = cJSON_CreateArray();
	size_t i;

	json_set_str(obj, "role", role_name(m->role));
	for (i = 0; i < m->count; i++)
		json_push(content, block_to_json(&m->blocks[i]));
	json_set(obj, "content", content);
	return obj;
}

static char *dup_member(const cJSON *obj, const char *key)
{
	const char *s = json_str(obj, key, NULL);

	return s ? xstrdup(s) : NULL;
}

static enum avo_status block_from_json(struct message *m, const cJSON *obj, struct error *err)
{
	const char *type = json_str(obj, "type", "");
	struct block *b;
	size_t kind = 0;

	while (kind < ARRAY_LEN(kind_names) && strcmp(kind_names[kind], type) != 0)
		kind++;
	if (kind == ARRAY_LEN(kind_names))
		return error_set(err, AVO_CORRUPT, "a recorded message holds a block of unknown type '%.40s'", type);
	b = message_add(m, (enum block_kind)kind);
	b->id = dup_member(obj, "id");
	b->name = dup_member(obj, "name");
	b->text = dup_member(obj, "text");
	b->input = dup_member(obj, "input");
	b->signature = dup_member(obj, "signature");
	b->is_error = json_bool(obj, "is_error", false);
	b->cut = json_bool(obj, "cut", false);
	if (json_get(obj, "opaque"))
		b->opaque = cJSON_Duplicate(json_get(obj, "opaque"), true);
	if (!b->text && b->kind != BLOCK_TOOL_USE && b->kind != BLOCK_OPAQUE)
		b->text = xstrdup("");
	if ((b->kind == BLOCK_TOOL_USE || b->kind == BLOCK_TOOL_RESULT) && !b->id)
		return error_set(err, AVO_CORRUPT, "a recorded tool call has no id");
	if (b->kind == BLOCK_TOOL_USE && !b->name)
		b->name = xstrdup("");
	if (b->kind == BLOCK_OPAQUE && !b->opaque)
		return error_set(err, AVO_CORRUPT, "a recorded opaque block is empty");
	return AVO_OK;
}

enum avo_status message_from_json(struct message *out, const cJSON *json, struct error *err)
{
	const char *role = json_str(json, "role", "");
	const cJSON *content = json_arr(json, "content"), *item;

	message_init(out, strcmp(role, "assistant") == 0 ? ROLE_ASSISTANT : ROLE_USER);
	if (!content || (out->role == ROLE_USER && strcmp(role, "user") != 0))
		return error_set(err, AVO_CORRUPT, "a recorded message has no role or no content");
	cJSON_ArrayForEach(item, content) {
		enum avo_status st = block_from_json(out, item, err);

		if (st != AVO_OK) {
			message_release(out);
			return st;
		}
	}
	return AVO_OK;
}
