#include "avo.h"
#include "agent/memory.h"
#include "base/mem.h"
#include "base/path.h"
#include "journal/journal.h"

#define SHORT_ENOUGH 400	/* bytes of a tool's output or argument that are never dropped */

void memory_init(struct memory *m, memory_record_fn *record, void *arg)
{
	memset(m, 0, sizeof(*m));
	m->record = record;
	m->record_arg = arg;
}

static void release_notes(struct notes *notes)
{
	size_t i;

	for (i = 0; i < notes->count; i++)
		free(notes->list[i].text);
	free(notes->list);
	memset(notes, 0, sizeof(*notes));
}

void memory_release(struct memory *m)
{
	conversation_release(&m->conversation);
	release_notes(&m->notes);
}

/* --- the journal ------------------------------------------------------------------- */

static cJSON *memory_event(const char *what)
{
	cJSON *event = cJSON_CreateObject();

	json_set_str(event, "type", "memory");
	json_set_str(event, "what", what);
	return event;
}

/* What a viewer shows of a message: words, or for tools what they answered in a line. */
static char *words_of(const struct message *m, const char **role)
{
	struct buf out = BUF_INIT;
	size_t i;

	*role = role_name(m->role);
	for (i = 0; i < m->count; i++) {
		const struct block *b = &m->blocks[i];

		if (b->kind == BLOCK_TOOL_RESULT) {
			*role = "tool";
			buf_printf(&out, "%s%.*s", out.len ? "\n" : "", 400, b->text);
		} else if (b->kind == BLOCK_TEXT) {
			buf_printf(&out, "%s%s", out.len ? "\n" : "", b->text);
		}
	}
	return out.data ? buf_detach(&out) : xstrdup("");
}

static void journal_message(struct memory *m, const struct message *message)
{
	cJSON *event = cJSON_CreateObject();
	const char *role;
	char *text = words_of(message, &role);
	size_t i;

	json_set_str(event, "type", "message");
	json_set_str(event, "role", role);
	json_set_str(event, "text", text);
	for (i = 0; i < message->count; i++)
		if (message->blocks[i].kind == BLOCK_THINKING && message->blocks[i].text[0])
			json_set_str(event, "thinking", message->blocks[i].text);
	json_set(event, "message", message_to_json(message));
	m->record(m->record_arg, event);
	free(text);
}

static void journal_checkpoint(struct memory *m)
{
	cJSON *event = memory_event("checkpoint"), *list = cJSON_CreateArray();
	size_t i;

	for (i = 0; i < m->conversation.count; i++)
		json_push(list, message_to_json(&m->conversation.messages[i]));
	json_set_int(event, "compactions", m->compactions);
	json_set(event, "messages", list);
	m->record(m->record_arg, event);
}

static void put_note(struct memory *m, int number, const char *text)
{
	struct notes *n = &m->notes;

	n->list = xgrow(n->list, &n->cap, n->count + 1, sizeof(*n->list));
	n->list[n->count++] = (struct note){ number, xstrdup(text) };
	if (number > n->last)
		n->last = number;
}

static bool drop_note(struct memory *m, int number)
{
	struct notes *n = &m->notes;
	size_t i;

	for (i = 0; i < n->count; i++) {
		if (n->list[i].number != number)
			continue;
		free(n->list[i].text);
		memmove(&n->list[i], &n->list[i + 1], (n->count - i - 1) * sizeof(*n->list));
		n->count--;
		return true;
	}
	return false;
}

static enum avo_status take_message(struct memory *m, const cJSON *json, struct error *err)
{
	struct message message;
	enum avo_status st = message_from_json(&message, json, err);

	if (st == AVO_OK)
		conversation_add(&m->conversation, &message);
	return st;
}

static enum avo_status take_event(struct memory *m, const cJSON *event, struct error *err)
{
	const char *type = json_str(event, "type", ""), *what = json_str(event, "what", "");
	const cJSON *item;
	enum avo_status st = AVO_OK;

	if (strcmp(type, "message") == 0 && json_obj(event, "message"))
		return take_message(m, json_obj(event, "message"), err);
	if (strcmp(type, "memory") != 0)
		return AVO_OK;
	if (strcmp(what, "note") == 0) {
		put_note(m, (int)json_int(event, "number", 0), json_str(event, "text", ""));
	} else if (strcmp(what, "forget") == 0) {
		drop_note(m, (int)json_int(event, "number", 0));
	} else if (strcmp(what, "checkpoint") == 0) {
		conversation_release(&m->conversation);
		m->compactions = (int)json_int(event, "compactions", 0);
		cJSON_ArrayForEach(item, json_arr(event, "messages"))
			if (st == AVO_OK)
				st = take_message(m, item, err);
	}
	return st;
}

enum avo_status memory_load(struct memory *m, const char *journal_dir, struct error *err)
{
	struct journal_reader *reader;
	struct journal_ref ref;
	const char *line;
	size_t len;
	enum avo_status st = journal_reader_open(&reader, journal_dir, err);

	if (st != AVO_OK)
		return st;
	while ((st = journal_reader_next(reader, &line, &len, &ref, err)) == AVO_OK) {
		cJSON *event;

		/* most lines are none of ours: a look is cheaper than parsing them */
		if (!memmem(line, len, "\"type\":\"mess", 12) && !memmem(line, len, "\"type\":\"memo", 12))
			continue;
		if (json_parse(&event, line, len, NULL) != AVO_OK)
			continue;
		st = take_event(m, event, err);
		cJSON_Delete(event);
		if (st != AVO_OK)
			break;
	}
	journal_reader_close(reader);
	if (st != AVO_NEGATIVE)
		return error_prefix(err, st, "the conversation in the journal cannot be read");
	if (err)
		*err = (struct error){ 0 };
	memory_settle(m, "Interrupted: avo was stopped while this ran. What it did so far is not known; look before you repeat it.");
	return AVO_OK;
}

/* --- the conversation --------------------------------------------------------------- */

void memory_add(struct memory *m, struct message *message)
{
	journal_message(m, message);
	conversation_add(&m->conversation, message);
}

void memory_say(struct memory *m, const char *text)
{
	struct message message;

	message_init(&message, ROLE_USER);
	message_add_text(&message, text);
	memory_add(m, &message);
}

void memory_result(struct memory *m, const char *id, const char *text, bool is_error)
{
	struct message message;

	message_init(&message, ROLE_USER);
	message_add_result(&message, id, text, is_error);
	memory_add(m, &message);
}

void memory_settle(struct memory *m, const char *why)
{
	conversation_repair(&m->conversation, why);
	if (m->covered > m->conversation.count)
		m->covered = m->conversation.count;
}

int memory_note(struct memory *m, const char *text)
{
	cJSON *event = memory_event("note");
	int number = m->notes.last + 1;

	put_note(m, number, text);
	json_set_int(event, "number", number);
	json_set_str(event, "text", text);
	m->record(m->record_arg, event);
	return number;
}

bool memory_forget(struct memory *m, int number)
{
	cJSON *event;

	if (!drop_note(m, number))
		return false;
	event = memory_event("forget");
	json_set_int(event, "number", number);
	m->record(m->record_arg, event);
	return true;
}

void memory_counted(struct memory *m, int64_t tokens)
{
	m->counted = tokens;
	m->covered = m->conversation.count;
}

int64_t memory_tokens(const struct memory *m, int64_t overhead)
{
	int64_t tokens = m->counted ? m->counted : overhead;
	size_t i;

	for (i = m->counted ? m->covered : 0; i < m->conversation.count; i++)
		tokens += (int64_t)message_tokens(&m->conversation.messages[i]);
	return tokens;
}

/* --- cutting it down ----------------------------------------------------------------- */

static size_t prune_result(struct block *b)
{
	size_t len = strlen(b->text);

	if (len <= SHORT_ENOUGH)
		return 0;
	free(b->text);
	b->text = xasprintf("[%zu bytes of output were dropped to save room; call the tool again if they are needed]", len);
	return len;
}

/* Long strings among the arguments, like the contents of a written file: what they became is on disk. */
static size_t prune_arguments(struct block *b)
{
	struct error ignored;
	size_t before = strlen(b->input), dropped = 0;
	cJSON *args, *item;

	if (before <= 2 * SHORT_ENOUGH || block_arguments(&args, b, &ignored) != AVO_OK)
		return 0;
	cJSON_ArrayForEach(item, args) {
		size_t len = cJSON_IsString(item) ? strlen(item->valuestring) : 0;

		if (len > SHORT_ENOUGH) {
			char text[64];

			snprintf(text, sizeof(text), "[%zu bytes dropped to save room]", len);
			cJSON_SetValuestring(item, text);
			dropped += len;
		}
	}
	if (dropped) {
		free(b->input);
		b->input = json_print_new(args);
	}
	cJSON_Delete(args);
	return dropped;
}

size_t memory_prune(struct memory *m, int64_t keep_tokens)
{
	int64_t kept = 0, before = memory_tokens(m, 0), estimate;
	size_t dropped = 0, i, k;

	for (i = m->conversation.count; i > 0; i--) {
		struct message *message = &m->conversation.messages[i - 1];

		kept += (int64_t)message_tokens(message);
		if (kept <= keep_tokens)
			continue;
		for (k = 0; k < message->count; k++) {
			if (message->blocks[k].kind == BLOCK_TOOL_RESULT)
				dropped += prune_result(&message->blocks[k]);
			else if (message->blocks[k].kind == BLOCK_TOOL_USE)
				dropped += prune_arguments(&message->blocks[k]);
		}
	}
	if (!dropped)
		return 0;
	/* until the server counts again: what it counted, less what is gone */
	estimate = before - (int64_t)(dropped * 2 / 7);
	memory_counted(m, estimate > 1 ? estimate : 1);
	journal_checkpoint(m);
	return dropped;
}

void memory_restart(struct memory *m, const char *text)
{
	struct message message;

	conversation_release(&m->conversation);
	m->counted = 0;
	m->covered = 0;
	m->compactions++;
	message_init(&message, ROLE_USER);
	message_add_text(&message, text);
	conversation_add(&m->conversation, &message);
	journal_checkpoint(m);
}
