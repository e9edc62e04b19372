/* The bytes that each wire's servers send for a turn. */
#include "avo.h"
#include "tests/lib/model_server.h"

static void quote(struct buf *out, const char *text)
{
	cJSON *s = cJSON_CreateString(text);

	json_print(out, s);
	cJSON_Delete(s);
}

static void event(struct buf *out, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void event(struct buf *out, const char *name, const char *fmt, ...)
{
	va_list ap;

	buf_printf(out, "event: %s\ndata: {\"type\":\"%s\",", name, name);
	va_start(ap, fmt);
	buf_vprintf(out, fmt, ap);
	va_end(ap);
	buf_addstr(out, "}\n\n");
}

static char *quoted(const char *text, size_t len)
{
	struct buf b = BUF_INIT;
	char *piece = strndup(text, len);

	quote(&b, piece);
	free(piece);
	return buf_detach(&b);
}

/* The text as deltas of a few bytes, never inside a UTF-8 sequence (JSON strings cannot be cut there). */
static void deltas(struct buf *out, int index, const char *type, const char *member, const char *text)
{
	while (*text) {
		size_t n = strlen(text) < 7 ? strlen(text) : 7;
		char *q;

		while (((unsigned char)text[n] & 0xc0) == 0x80)
			n++;
		q = quoted(text, n);
		event(out, "content_block_delta", "\"index\":%d,\"delta\":{\"type\":\"%s\",\"%s\":%s}", index, type, member, q);
		free(q);
		text += n;
	}
}

static const char *stop_of(const struct model_turn *t, const char *tools, const char *done)
{
	return t->stop ? t->stop : t->calls[0].name ? tools : done;
}

static void stream_messages(struct buf *out, const struct model_turn *t)
{
	int index = 0;
	size_t i;

	event(out, "message_start", "\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"scripted\","
	      "\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":%d,\"cache_creation_input_tokens\":%d,"
	      "\"cache_read_input_tokens\":%d,\"output_tokens\":1}}", t->input, t->cache_write, t->cache_read);
	event(out, "ping", "\"x\":1");
	if (t->thinking) {
		event(out, "content_block_start", "\"index\":%d,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}", index);
		deltas(out, index, "thinking_delta", "thinking", t->thinking);
		event(out, "content_block_delta", "\"index\":%d,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"c2ln\"}", index);
		event(out, "content_block_stop", "\"index\":%d", index++);
	}
	if (t->text) {
		event(out, "content_block_start", "\"index\":%d,\"content_block\":{\"type\":\"text\",\"text\":\"\"}", index);
		deltas(out, index, "text_delta", "text", t->text);
		event(out, "content_block_stop", "\"index\":%d", index++);
	}
	for (i = 0; i < ARRAY_LEN(t->calls) && t->calls[i].name; i++) {
		event(out, "content_block_start", "\"index\":%d,\"content_block\":{\"type\":\"tool_use\",\"id\":\"%s\",\"name\":\"%s\",\"input\":{}}",
		      index, t->calls[i].id, t->calls[i].name);
		deltas(out, index, "input_json_delta", "partial_json", t->calls[i].input);
		event(out, "content_block_stop", "\"index\":%d", index++);
	}
	event(out, "message_delta", "\"delta\":{\"stop_reason\":\"%s\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":%d}",
	      stop_of(t, "tool_use", "end_turn"), t->output);
	event(out, "message_stop", "\"x\":1");
}

static void chunk(struct buf *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void chunk(struct buf *out, const char *fmt, ...)
{
	va_list ap;

	buf_addstr(out, "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"model\":\"scripted\",");
	va_start(ap, fmt);
	buf_vprintf(out, fmt, ap);
	va_end(ap);
	buf_addstr(out, "}\n\n");
}

static void chat_pieces(struct buf *out, const char *before, const char *text, const char *after)
{
	while (*text) {
		size_t n = strlen(text) < 5 ? strlen(text) : 5;
		char *q;

		while (((unsigned char)text[n] & 0xc0) == 0x80)
			n++;
		q = quoted(text, n);
		chunk(out, "\"choices\":[{\"index\":0,\"delta\":%s%s%s,\"finish_reason\":null}]", before, q, after);
		free(q);
		text += n;
	}
}

static void chat_usage(struct buf *out, const struct model_turn *t)
{
	buf_printf(out, "\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"prompt_tokens_details\":{\"cached_tokens\":%d}}",
		   t->input + t->cache_read, t->output, t->cache_read);
}

static void stream_chat(struct buf *out, const struct model_turn *t)
{
	char before[96];
	size_t i;

	chunk(out, "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null},\"finish_reason\":null}]");
	if (t->thinking)
		chat_pieces(out, "{\"reasoning_content\":", t->thinking, "}");
	if (t->text)
		chat_pieces(out, "{\"content\":", t->text, "}");
	for (i = 0; i < ARRAY_LEN(t->calls) && t->calls[i].name; i++) {
		chunk(out, "\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":%zu,\"id\":\"%s\",\"type\":\"function\","
		      "\"function\":{\"name\":\"%s\",\"arguments\":\"\"}}]},\"finish_reason\":null}]",
		      i, t->calls[i].id, t->calls[i].name);
		snprintf(before, sizeof(before), "{\"tool_calls\":[{\"index\":%zu,\"function\":{\"arguments\":", i);
		chat_pieces(out, before, t->calls[i].input, "}}]}");
	}
	chunk(out, "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"%s\"}]", stop_of(t, "tool_calls", "stop"));
	buf_addstr(out, "data: {\"id\":\"c1\",\"choices\":[],");
	chat_usage(out, t);
	buf_addstr(out, "}\n\ndata: [DONE]\n\n");
}

void model_stream(struct buf *out, enum model_wire wire, const struct model_turn *turn)
{
	if (wire == MODEL_MESSAGES)
		stream_messages(out, turn);
	else
		stream_chat(out, turn);
}

static void whole_messages(struct buf *out, const struct model_turn *t)
{
	size_t i;

	buf_addstr(out, "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"scripted\",\"content\":[");
	if (t->text) {
		buf_addstr(out, "{\"type\":\"text\",\"text\":");
		quote(out, t->text);
		buf_addstr(out, "}");
	}
	for (i = 0; i < ARRAY_LEN(t->calls) && t->calls[i].name; i++)
		buf_printf(out, "%s{\"type\":\"tool_use\",\"id\":\"%s\",\"name\":\"%s\",\"input\":%s}", i || t->text ? "," : "",
			   t->calls[i].id, t->calls[i].name, t->calls[i].input);
	buf_printf(out, "],\"stop_reason\":\"%s\",\"usage\":{\"input_tokens\":%d,\"output_tokens\":%d,"
		   "\"cache_read_input_tokens\":%d}}", stop_of(t, "tool_use", "end_turn"), t->input, t->output, t->cache_read);
}

static void whole_chat(struct buf *out, const struct model_turn *t)
{
	size_t i;

	buf_addstr(out, "{\"id\":\"c1\",\"model\":\"scripted\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":");
	if (t->text)
		quote(out, t->text);
	else
		buf_addstr(out, "null");
	buf_addstr(out, ",\"tool_calls\":[");
	for (i = 0; i < ARRAY_LEN(t->calls) && t->calls[i].name; i++) {
		buf_printf(out, "%s{\"id\":\"%s\",\"type\":\"function\",\"function\":{\"name\":\"%s\",\"arguments\":", i ? "," : "",
			   t->calls[i].id, t->calls[i].name);
		quote(out, t->calls[i].input);
		buf_addstr(out, "}}");
	}
	buf_printf(out, "]},\"finish_reason\":\"%s\"}],", stop_of(t, "tool_calls", "stop"));
	chat_usage(out, t);
	buf_addstr(out, "}");
}

void model_whole(struct buf *out, enum model_wire wire, const struct model_turn *turn)
{
	if (wire == MODEL_MESSAGES)
		whole_messages(out, turn);
	else
		whole_chat(out, turn);
}
