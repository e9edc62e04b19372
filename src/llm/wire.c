#include "avo.h"
#include "base/mem.h"
#include "base/str.h"
#include "llm/wire.h"

const struct wire *wire_find(const char *name)
{
	static const struct wire *const wires[] = { &wire_messages, &wire_chat };
	size_t i;

	for (i = 0; i < ARRAY_LEN(wires); i++)
		if (strcmp(wires[i]->name, name) == 0)
			return wires[i];
	return NULL;
}

void wire_merge(cJSON *base, const cJSON *extra)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, extra) {
		cJSON *old = cJSON_GetObjectItemCaseSensitive(base, item->string);

		if (cJSON_IsObject(old) && cJSON_IsObject(item))
			wire_merge(old, item);
		else if (cJSON_IsNull(item))
			cJSON_DeleteItemFromObjectCaseSensitive(base, item->string);
		else
			json_set(base, item->string, cJSON_Duplicate(item, true));
	}
}

/* --- faults -------------------------------------------------------------------- */

static void put_text(char *out, size_t size, const char *text)
{
	struct buf clean = BUF_INIT;

	str_sanitize(&clean, text, strnlen(text, 2000));
	snprintf(out, size, "%s", str_trim(clean.data ? clean.data : (char[]){ "" }));
	buf_release(&clean);
}

static void put_code(char *out, size_t size, const cJSON *item)
{
	if (cJSON_IsString(item))
		put_text(out, size, item->valuestring);
	else if (cJSON_IsNumber(item))
		snprintf(out, size, "%.0f", item->valuedouble);
}

/* {"type":"error","error":{...}} and {"error":{...}} and {"error":"text"} and {"message":...}, {"detail":...} all occur. */
void wire_fault_from_json(struct llm_fault *out, const cJSON *body)
{
	const cJSON *e = json_obj(body, "error");
	const char *text = json_str(e, "message", NULL);

	if (!e)
		e = body;
	put_code(out->type, sizeof(out->type), json_get(e, "type"));
	put_code(out->code, sizeof(out->code), json_get(e, "code"));
	put_code(out->code, sizeof(out->code), json_get(json_obj(e, "details"), "error_code"));
	out->window = json_int(e, "n_ctx", 0);
	if (!text)
		text = json_str(body, "error", json_str(e, "message", json_str(body, "detail", "")));
	put_text(out->text, sizeof(out->text), text);
}

static void strip_tags(struct buf *out, const char *html, size_t len)
{
	bool inside = false;
	size_t i;

	for (i = 0; i < len; i++) {
		if (html[i] == '<')
			inside = true;
		else if (html[i] == '>' && inside)
			inside = false;
		else if (!inside && !(strchr("\r\n\t ", html[i]) && out->len && out->data[out->len - 1] == ' '))
			buf_addch(out, strchr("\r\n\t", html[i]) ? ' ' : html[i]);
	}
}

void wire_read_fault(struct llm_fault *out, long status, const char *body, size_t len)
{
	cJSON *json;

	memset(out, 0, sizeof(*out));
	out->status = status;
	if (json_parse(&json, body, len, NULL) == AVO_OK && cJSON_IsObject(json)) {
		wire_fault_from_json(out, json);
	} else {
		struct buf words = { .max = 4000 };

		strip_tags(&words, body, len < 3000 ? len : 3000);
		put_text(out->text, sizeof(out->text), buf_cstr(&words));
		buf_release(&words);
	}
	cJSON_Delete(json);
	if (!out->text[0])
		snprintf(out->text, sizeof(out->text), "the server answered with status %ld and no explanation", status);
}

/* --- the decoder ---------------------------------------------------------------- */

void decoder_init(struct decoder *d, const struct wire *wire, const struct wire_events *events)
{
	memset(d, 0, sizeof(*d));
	d->wire = wire;
	d->events = events;
	sse_init(&d->sse, WIRE_MAX_EVENT);
}

static void release_part(struct wire_part *p)
{
	buf_release(&p->text);
	buf_release(&p->input);
	buf_release(&p->signature);
	free(p->id);
	free(p->name);
	cJSON_Delete(p->opaque);
}

void decoder_release(struct decoder *d)
{
	size_t i;

	for (i = 0; i < d->part_count; i++)
		release_part(&d->parts[i]);
	free(d->parts);
	free(d->id);
	free(d->model);
	free(d->explanation);
	sse_release(&d->sse);
	memset(d, 0, sizeof(*d));
}

struct wire_part *decoder_part(struct decoder *d, int64_t index)
{
	size_t i;

	/* the newest first: a server that repeats a number means the newest */
	for (i = d->part_count; i > 0; i--)
		if (d->parts[i - 1].index == index)
			return &d->parts[i - 1];
	return NULL;
}

struct wire_part *decoder_add_part(struct decoder *d, int64_t index, enum block_kind kind)
{
	struct wire_part *p;

	if (d->part_count >= WIRE_MAX_BLOCKS)
		return NULL;
	d->parts = xgrow(d->parts, &d->part_cap, d->part_count + 1, sizeof(*d->parts));
	p = &d->parts[d->part_count++];
	memset(p, 0, sizeof(*p));
	p->index = index;
	p->kind = kind;
	buf_init(&p->text, WIRE_MAX_BLOCK);
	buf_init(&p->input, WIRE_MAX_BLOCK);
	buf_init(&p->signature, WIRE_MAX_BLOCK);
	return p;
}

void decoder_text(struct decoder *d, struct wire_part *p, const char *text)
{
	if (!p || !*text)
		return;
	buf_addstr(&p->text, text);
	d->meaningful++;
	if (d->events && d->events->text)
		d->events->text(d->events->arg, p->kind, text);
}

void decoder_tool(struct decoder *d, struct wire_part *p, const char *id, const char *name)
{
	bool fresh = !p->name && name && *name;

	if (id && *id && !p->id)
		p->id = xstrdup(id);
	if (fresh)
		p->name = xstrdup(name);
	if (fresh && d->events && d->events->tool)
		d->events->tool(d->events->arg, name);
}

bool decoder_damaged(struct decoder *d, const struct sse_event *e)
{
	if (e->len == 0 || e->data[0] != '{')
		return true;
	d->failed = true;
	snprintf(d->fault.type, sizeof(d->fault.type), "damaged_event");
	snprintf(d->fault.text, sizeof(d->fault.text), "the server sent an event that is not JSON");
	return false;
}

static bool take_event(void *arg, const struct sse_event *e)
{
	struct decoder *d = arg;

	return d->wire->event(d, e) && !d->finished && !d->failed;
}

enum avo_status decoder_feed(struct decoder *d, const char *data, size_t len, struct error *err)
{
	if (d->finished || d->failed)
		return AVO_OK;
	return sse_feed(&d->sse, data, len, take_event, d, err);
}

enum avo_status decoder_whole(struct decoder *d, const char *data, size_t len, struct error *err)
{
	cJSON *body;
	enum avo_status st = json_parse(&body, data, len, err);

	if (st != AVO_OK)
		return error_prefix(err, st, "the server's answer");
	if (json_get(body, "error") && !cJSON_IsNull(json_get(body, "error"))) {
		d->failed = true;
		wire_fault_from_json(&d->fault, body);
	} else {
		d->wire->whole(d, body);
	}
	cJSON_Delete(body);
	return AVO_OK;
}

static bool id_is_taken(const struct message *m, const char *id)
{
	size_t i;

	for (i = 0; i < m->count; i++)
		if (m->blocks[i].id && strcmp(m->blocks[i].id, id) == 0)
			return true;
	return false;
}

/* Some servers leave ids out or repeat them; an answer must still find its question. */
static char *unique_id(const struct message *m, const struct decoder *d, const char *id)
{
	char *made;
	int n = 0;

	if (id && !id_is_taken(m, id))
		return xstrdup(id);
	do {
		unsigned hash = 5381;
		const char *s;

		for (s = d->id ? d->id : ""; *s; s++)
			hash = hash * 33 + (unsigned char)*s;
		made = xasprintf("call_%08x_%d", hash, n++);
		if (!id_is_taken(m, made))
			return made;
		free(made);
	} while (1);
}

/* A call is cut when the answer ended inside it: always the last one, if any. */
static bool call_is_cut(const struct decoder *d, const struct block *b, bool last)
{
	cJSON *args;
	bool broken = block_arguments(&args, b, NULL) != AVO_OK;

	cJSON_Delete(args);
	return broken && last && (d->stop == LLM_STOP_LENGTH || d->stop == LLM_STOP_WINDOW);
}

static void finish_part(struct llm_reply *out, struct decoder *d, struct wire_part *p, bool last)
{
	struct block *b;

	if (p->kind == BLOCK_TEXT && p->text.len == 0)
		return;
	if (p->kind == BLOCK_OPAQUE && !p->opaque)
		return;
	b = message_add(&out->message, p->kind);
	if (p->kind == BLOCK_OPAQUE) {
		b->opaque = p->opaque;
		p->opaque = NULL;
	} else if (p->kind == BLOCK_TOOL_USE) {
		char *id = unique_id(&out->message, d, p->id);

		b->id = id;
		b->name = xstrdup(p->name ? p->name : "");
		/* a server may hand over all arguments at the start instead of in pieces */
		b->input = p->input.len || !p->opaque ? xstrdup(buf_cstr(&p->input)) : json_print_new(p->opaque);
		b->cut = call_is_cut(d, b, last);
	} else {
		b->text = xstrdup(buf_cstr(&p->text));
		if (p->signature.len)
			b->signature = xstrdup(buf_cstr(&p->signature));
	}
}

enum avo_status decoder_finish(struct llm_reply *out, struct decoder *d, struct error *err)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	message_init(&out->message, ROLE_ASSISTANT);
	if (d->failed)
		return error_set(err, AVO_NEGATIVE, "%s", d->fault.text);
	if (!d->finished && !d->answered)
		return error_set(err, AVO_CORRUPT, "the answer broke off");
	for (i = 0; i < d->part_count; i++) {
		if (d->parts[i].text.overflow || d->parts[i].input.overflow)
			return error_set(err, AVO_CORRUPT, "the answer holds a block of more than %zu bytes", WIRE_MAX_BLOCK);
	}
	for (i = 0; i < d->part_count; i++)
		finish_part(out, d, &d->parts[i], i + 1 == d->part_count);
	out->stop = d->stop;
	/* what is there counts, not what the server calls it */
	if (message_has(&out->message, BLOCK_TOOL_USE) && (d->stop == LLM_STOP_END || d->stop == LLM_STOP_NONE))
		out->stop = LLM_STOP_TOOLS;
	else if (d->stop == LLM_STOP_NONE || (d->stop == LLM_STOP_TOOLS && !message_has(&out->message, BLOCK_TOOL_USE)))
		out->stop = LLM_STOP_END;
	out->usage = d->usage;
	out->id = d->id;
	out->model = d->model;
	out->explanation = d->explanation;
	d->id = d->model = d->explanation = NULL;
	return AVO_OK;
}
