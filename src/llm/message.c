#include "avo.h"
#include "base/mem.h"
#include "llm/message.h"

#include <ctype.h>

const char *role_name(enum role r)
{
	return r == ROLE_USER ? "user" : "assistant";
}

void message_init(struct message *m, enum role role)
{
	memset(m, 0, sizeof(*m));
	m->role = role;
}

void block_release(struct block *b)
{
	free(b->text);
	free(b->id);
	free(b->name);
	free(b->input);
	free(b->signature);
	cJSON_Delete(b->opaque);
	memset(b, 0, sizeof(*b));
}

void message_release(struct message *m)
{
	size_t i;

	for (i = 0; i < m->count; i++)
		block_release(&m->blocks[i]);
	free(m->blocks);
	message_init(m, m->role);
}

struct block *message_add(struct message *m, enum block_kind kind)
{
	struct block *b;

	m->blocks = xgrow(m->blocks, &m->cap, m->count + 1, sizeof(*m->blocks));
	b = &m->blocks[m->count++];
	memset(b, 0, sizeof(*b));
	b->kind = kind;
	return b;
}

void message_add_text(struct message *m, const char *text)
{
	message_add(m, BLOCK_TEXT)->text = xstrdup(text);
}

void message_add_result(struct message *m, const char *id, const char *text, bool is_error)
{
	struct block *b = message_add(m, BLOCK_TOOL_RESULT);

	b->id = xstrdup(id);
	b->text = xstrdup(text);
	b->is_error = is_error;
}

bool message_has(const struct message *m, enum block_kind kind)
{
	size_t i;

	for (i = 0; i < m->count; i++)
		if (m->blocks[i].kind == kind)
			return true;
	return false;
}

void message_remove(struct message *m, size_t at)
{
	block_release(&m->blocks[at]);
	memmove(&m->blocks[at], &m->blocks[at + 1], (m->count - at - 1) * sizeof(*m->blocks));
	m->count--;
}

bool message_blank(const char *s)
{
	while (s && isspace((unsigned char)*s))
		s++;
	return !s || !*s;
}

enum avo_status block_arguments(cJSON **out, const struct block *use, struct error *err)
{
	enum avo_status st;
	const char *text;
	cJSON *clean;

	if (message_blank(use->input)) {
		*out = cJSON_CreateObject();
		return AVO_OK;
	}
	clean = cJSON_CreateObject();
	/* a server that cuts its pieces inside a character must not make a request of ours one that no server takes */
	json_set_str(clean, "input", use->input);
	text = json_str(clean, "input", "");
	st = json_parse(out, text, strlen(text), err);
	cJSON_Delete(clean);
	if (st == AVO_OK && !cJSON_IsObject(*out)) {
		cJSON_Delete(*out);
		*out = NULL;
		st = error_set(err, AVO_CORRUPT, "the arguments are not a JSON object");
	}
	return st;
}

/* No byte in it that could need repair: neither foreign UTF-8 nor half a pair of surrogates. */
static bool is_plain(const char *json)
{
	for (; *json; json++)
		if ((unsigned char)*json >= 0x80 || (json[0] == '\\' && json[1] == 'u'))
			return false;
	return true;
}

cJSON *block_arguments_sent(const struct block *use)
{
	cJSON *args;

	if (block_arguments(&args, use, NULL) != AVO_OK) {
		args = cJSON_CreateObject();
		json_set_str(args, "unparsed", use->input);
	} else if (is_plain(use->input) && !message_blank(use->input)) {
		/* as the model wrote them: numbers that no double holds, and the bytes that its server has in the cache */
		cJSON_Delete(args);
		args = cJSON_CreateRaw(use->input);
	}
	return args;
}

const char *block_result_sent(const struct block *result)
{
	return message_blank(result->text) ? "(no output)" : result->text;
}

void conversation_release(struct conversation *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		message_release(&c->messages[i]);
	free(c->messages);
	memset(c, 0, sizeof(*c));
}

struct message *conversation_add(struct conversation *c, struct message *m)
{
	c->messages = xgrow(c->messages, &c->cap, c->count + 1, sizeof(*c->messages));
	c->messages[c->count] = *m;
	message_init(m, m->role);
	return &c->messages[c->count++];
}

void conversation_drop(struct conversation *c, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		message_release(&c->messages[i]);
	memmove(c->messages, c->messages + n, (c->count - n) * sizeof(*c->messages));
	c->count -= n;
}

static size_t text_len(const char *s)
{
	return s ? strlen(s) : 0;
}

size_t message_tokens(const struct message *m)
{
	size_t i, bytes = 16;

	for (i = 0; i < m->count; i++) {
		const struct block *b = &m->blocks[i];

		bytes += 24 + text_len(b->text) + text_len(b->input) + text_len(b->name) + text_len(b->signature);
		if (b->opaque) {
			char *text = json_print_new(b->opaque);

			bytes += strlen(text);
			free(text);
		}
	}
	return bytes * 2 / 7;
}

size_t conversation_tokens(const struct conversation *c)
{
	size_t i, tokens = 0;

	for (i = 0; i < c->count; i++)
		tokens += message_tokens(&c->messages[i]);
	return tokens;
}
