#include "avo.h"
#include "base/str.h"
#include "journal/schema.h"

const struct event_schema journal_schema[] = {
	{ "run-created", "name:text suite:text backend:text unit:text operator:text gate:text seed:text [suite_text:text] [conf:text]", false },
	{ "settings", "text:text changed:list conf:text [suite_text:text]", false },
	{ "engine-started", "pid:number host:text version:text [resumed:bool] [cut_bytes:number]", false },
	{ "engine-stopped", "reason:text", false },
	{ "device", "device:text [peak:number] [sandbox:text]", false },
	{ "peer", "name:text SCORE", true },
	{ "state", "state:text [reason:text] [then:text] [unit:text] [left:number]", false },
	{ "gate", "gate:text [by:text]", false },
	{ "step-started", "step:s parent:v operator:text", false },
	{ "step-ended", "step:s outcome:text [version:v] [text:text]", false },
	{ "action-started", "action:number step:s kind:text text:text", false },
	{ "action-ended", "action:number ok:bool [result:text] [attempt:a] [detail:object]", false },
	{ "direction-opened", "direction:d step:s parent:v title:text [hypothesis:text] [expected:text]", false },
	{ "direction-closed", "direction:d state:text [outcome:text]", false },
	{ "attempt-started", "attempt:a step:s [action:number] parent:v [direction:d] [commit:text] [tree:text] author:text title:text "
		"[why:text] added:number removed:number [origin:object]", false },
	{ "attempt-scored", "attempt:a verdict:text [reason:text] [SCORE] [COMPARISON] [incumbent:v] [judge:text] [same_as:v]", true },
	{ "pending", "attempt:a", false },
	{ "approved", "attempt:a by:text [message:text]", false },
	{ "rejected", "attempt:a by:text [reason:text]", false },
	{ "version", "version:v commit:text [parent:v] [attempt:a] [direction:d] author:text title:text [SCORE] [COMPARISON]", false },
	{ "version-scored", "version:v verdict:text [reason:text] [SCORE]", true },
	{ "intervention", "trigger:text reason:text act:text [level:number]", false },
	{ "hint", "text:text by:text", false },
	{ "budget", "kind:text level:number used:number limit:number", false },
	{ "warning", "text:text [step:s]", false },
	{ "message", "role:text text:text [thinking:text] message:object [step:s]", false },
	{ "memory", "what:text [messages:list] [compactions:number] [number:number] [text:text] [trigger:text] [reason:text] "
		"[level:number] [directions:list] [step:s]", false },
	{ "profile", "what:text [attempt:a] [step:s] case:text by:text [device:text] [launches:list] [activity:list] [counters:list] "
		"[passes:number] [counters_absent:text] [activity_absent:text] [verdict:text] [reason:text]", false },
	{ "usage", "purpose:text model:text [cost_usd:number] tokens_in:number tokens_out:number cache_read:number cache_write:number "
		"[step:s]", false },
	{ NULL, NULL, false },
};

/* Written as if their members stood in the list, all of them or none. */
static const char score_members[] = "unit:text geomean:number scores:list";
static const char comparison_members[] = "decision:text ratio:number ratio_ci:list confidence:number pairs:number";

static const struct event_schema *find(const char *type)
{
	const struct event_schema *s;

	for (s = journal_schema; s->type; s++)
		if (strcmp(s->type, type) == 0)
			return s;
	return NULL;
}

static bool is_kind(const cJSON *value, const char *kind, size_t len)
{
	if (len == 1)
		return cJSON_IsString(value) && str_to_id(value->valuestring, kind[0]) >= 0;
	if (strncmp(kind, "text", len) == 0)
		return cJSON_IsString(value);
	if (strncmp(kind, "number", len) == 0)
		return cJSON_IsNumber(value);
	if (strncmp(kind, "bool", len) == 0)
		return cJSON_IsBool(value);
	if (strncmp(kind, "object", len) == 0)
		return cJSON_IsObject(value);
	return cJSON_IsArray(value);
}

/* One "name:kind" of len bytes. *known counts the event's members that are in the list. */
static enum avo_status check_member(int *known, const cJSON *event, const char *text, size_t len, bool optional, struct error *err)
{
	const char *colon = memchr(text, ':', len);
	size_t name_len = (size_t)(colon - text);
	char name[32];
	const cJSON *value;

	snprintf(name, sizeof(name), "%.*s", (int)name_len, text);
	value = json_get(event, name);
	if (!value)
		return optional ? AVO_OK : error_set(err, AVO_CORRUPT, "it lacks \"%s\"", name);
	(*known)++;
	if (!is_kind(value, colon + 1, len - name_len - 1))
		return error_set(err, AVO_CORRUPT, "\"%s\" is no %.*s", name, (int)(len - name_len - 1), colon + 1);
	return AVO_OK;
}

static enum avo_status check_list(int *known, const cJSON *event, const char *list, struct error *err);

static enum avo_status check_group(int *known, const cJSON *event, const char *members, const char *first, bool optional, struct error *err)
{
	if (optional && !json_get(event, first))
		return AVO_OK;
	return check_list(known, event, members, err);
}

static enum avo_status check_list(int *known, const cJSON *event, const char *list, struct error *err)
{
	enum avo_status st = AVO_OK;

	while (st == AVO_OK && *list) {
		size_t len = strcspn(list, " "), inner = len;
		bool optional = list[0] == '[';
		const char *text = list;

		if (list[0] == '[') {
			text++;
			inner -= 2;
		}
		if (inner == 5 && strncmp(text, "SCORE", 5) == 0)
			st = check_group(known, event, score_members, "scores", optional, err);
		else if (inner == 10 && strncmp(text, "COMPARISON", 10) == 0)
			st = check_group(known, event, comparison_members, "decision", optional, err);
		else
			st = check_member(known, event, text, inner, optional, err);
		list += len + strspn(list + len, " ");
	}
	return st;
}

enum avo_status journal_check_event(const cJSON *event, struct error *err)
{
	const char *type = json_str(event, "type", "");
	const struct event_schema *schema = find(type);
	enum avo_status st;
	int known = 0;

	if (!schema)
		return error_set(err, AVO_CORRUPT, "there is no type of event \"%.40s\"", type);
	st = check_list(&known, event, "seq:number t:text type:text [active_ms:number]", err);
	if (st == AVO_OK)
		st = check_list(&known, event, schema->members, err);
	if (st == AVO_OK && !schema->more && known != cJSON_GetArraySize(event))
		st = error_set(err, AVO_CORRUPT, "it has %d members that are in no table", cJSON_GetArraySize(event) - known);
	return st == AVO_OK ? st : error_prefix(err, st, "event %lld, %s", (long long)json_int(event, "seq", 0), type);
}
