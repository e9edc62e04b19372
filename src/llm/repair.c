/*
 * Servers refuse a conversation in which a tool use is not answered right
 * behind it, and they refuse it again on every later call: one crash between
 * use and answer would end a run of days. Everything that may have been
 * interrupted therefore goes through here before it is sent.
 */
#include "avo.h"
#include "base/mem.h"
#include "llm/message.h"

static void drop_empty_blocks(struct message *m)
{
	size_t i = 0;

	while (i < m->count) {
		struct block *b = &m->blocks[i];

		if (b->kind == BLOCK_TEXT && message_blank(b->text))
			message_remove(m, i);
		else
			i++;
	}
}

/* Thinking alone is no answer: servers refuse a turn that holds nothing else. */
static bool worth_sending(const struct message *m)
{
	return message_has(m, BLOCK_TEXT) || message_has(m, BLOCK_TOOL_USE) || message_has(m, BLOCK_TOOL_RESULT) ||
	       message_has(m, BLOCK_OPAQUE);
}

static void remove_message(struct conversation *c, size_t at)
{
	message_release(&c->messages[at]);
	memmove(&c->messages[at], &c->messages[at + 1], (c->count - at - 1) * sizeof(*c->messages));
	c->count--;
}

static void move_blocks(struct message *to, struct message *from)
{
	size_t i;

	for (i = 0; i < from->count; i++) {
		struct block *b = message_add(to, from->blocks[i].kind);

		*b = from->blocks[i];
	}
	from->count = 0;
}

/* Neighbours of one role become one message: some chat templates accept nothing else. */
static void merge_neighbours(struct conversation *c)
{
	size_t i = 0;

	while (i < c->count) {
		drop_empty_blocks(&c->messages[i]);
		if (!worth_sending(&c->messages[i])) {
			remove_message(c, i);
		} else if (i > 0 && c->messages[i - 1].role == c->messages[i].role) {
			move_blocks(&c->messages[i - 1], &c->messages[i]);
			remove_message(c, i);
		} else {
			i++;
		}
	}
}

static struct block *find_result(struct message *m, const char *id)
{
	size_t i;

	for (i = 0; m && i < m->count; i++)
		if (m->blocks[i].kind == BLOCK_TOOL_RESULT && m->blocks[i].id && strcmp(m->blocks[i].id, id) == 0)
			return &m->blocks[i];
	return NULL;
}

static void insert_user_message(struct conversation *c, size_t at)
{
	struct message empty;

	message_init(&empty, ROLE_USER);
	conversation_add(c, &empty);
	memmove(&c->messages[at + 1], &c->messages[at], (c->count - at - 1) * sizeof(*c->messages));
	message_init(&c->messages[at], ROLE_USER);
}

/* Rebuilds the user message behind a turn: its tools' answers in order, then the words. */
static size_t answer_tools(struct message *user, const struct message *turn, const char *why)
{
	struct message fresh;
	size_t i, made = 0;

	message_init(&fresh, ROLE_USER);
	for (i = 0; turn && i < turn->count; i++) {
		const struct block *use = &turn->blocks[i];
		struct block *result;

		if (use->kind != BLOCK_TOOL_USE)
			continue;
		result = find_result(user, use->id);
		if (result) {
			*message_add(&fresh, BLOCK_TOOL_RESULT) = *result;
			memset(result, 0, sizeof(*result));
			result->kind = BLOCK_OPAQUE;
		} else {
			message_add_result(&fresh, use->id, why, true);
			made++;
		}
	}
	for (i = 0; i < user->count; i++)
		if (user->blocks[i].kind == BLOCK_TEXT || (user->blocks[i].kind == BLOCK_OPAQUE && user->blocks[i].opaque)) {
			*message_add(&fresh, user->blocks[i].kind) = user->blocks[i];
			memset(&user->blocks[i], 0, sizeof(user->blocks[i]));
		}
	message_release(user);
	*user = fresh;
	return made;
}

size_t conversation_repair(struct conversation *c, const char *why)
{
	size_t i, made = 0;

	merge_neighbours(c);
	for (i = 0; i < c->count; i++) {
		struct message *m = &c->messages[i];

		if (m->role == ROLE_ASSISTANT) {
			if (message_has(m, BLOCK_TOOL_USE) &&
			    (i + 1 == c->count || c->messages[i + 1].role != ROLE_USER))
				insert_user_message(c, i + 1);
			continue;
		}
		made += answer_tools(m, i > 0 ? &c->messages[i - 1] : NULL, why);
	}
	merge_neighbours(c);
	if (c->count && c->messages[0].role == ROLE_ASSISTANT) {
		/* a conversation begins with the user */
		insert_user_message(c, 0);
		message_add_text(&c->messages[0], "(The beginning of this conversation was dropped.)");
	}
	return made;
}
