/*
 * What is said between avo and a model, in a form that belongs to no vendor: a
 * conversation is a list of messages, a message a list of blocks. Each wire
 * (wire.h) translates this to and from its own JSON; the journal keeps it in
 * the form of message_to_json().
 */
#ifndef AVO_LLM_MESSAGE_H
#define AVO_LLM_MESSAGE_H

#include "base/json.h"

enum role { ROLE_USER, ROLE_ASSISTANT };
const char *role_name(enum role r);

enum block_kind {
	BLOCK_TEXT,
	BLOCK_THINKING,		/* text and signature: replayed unchanged to the wire it came from */
	BLOCK_TOOL_USE,
	BLOCK_TOOL_RESULT,
	BLOCK_OPAQUE,		/* anything else the server sent: replayed unchanged to the wire it came from */
};

/* All pointers are owned. */
struct block {
	enum block_kind kind;
	char *text;		/* text, thinking, a tool's answer; never NULL for these */
	char *id;		/* of a tool's use, in both halves */
	char *name;		/* tool use: which tool */
	char *input;		/* tool use: its arguments as JSON text, as they came; "" means {} */
	char *signature;	/* thinking; may be NULL */
	bool is_error;		/* tool result */
	bool cut;		/* tool use: the answer ended in the middle of the arguments */
	cJSON *opaque;
};

struct message {
	enum role role;
	struct block *blocks;
	size_t count, cap;
};

void message_init(struct message *m, enum role role);
void message_release(struct message *m);
/* The new block is zeroed but for its kind. Borrowed until the next add. */
struct block *message_add(struct message *m, enum block_kind kind);
void message_add_text(struct message *m, const char *text);
void message_add_result(struct message *m, const char *id, const char *text, bool is_error);
bool message_has(const struct message *m, enum block_kind kind);
void block_release(struct block *b);
/* Takes block `at` out of m. */
void message_remove(struct message *m, size_t at);

/* The arguments of a tool use as an object (owned); AVO_CORRUPT when they are not one. */
enum avo_status block_arguments(cJSON **out, const struct block *use, struct error *err);
/* The same for sending back: what could not be parsed travels as {"unparsed": text}, since a server refuses broken JSON for ever. */
cJSON *block_arguments_sent(const struct block *use);
/* The words of a tool result for sending; never blank, which servers refuse. Borrowed. */
const char *block_result_sent(const struct block *result);
/* White space at most. s may be NULL. */
bool message_blank(const char *s);

/* {"role","content":[{"type":...}]}; the reverse gives AVO_CORRUPT on anything else. */
cJSON *message_to_json(const struct message *m);
enum avo_status message_from_json(struct message *out, const cJSON *json, struct error *err);

/* A growing list of messages, for whoever holds a conversation. */
struct conversation {
	struct message *messages;
	size_t count, cap;
};
void conversation_release(struct conversation *c);
/* Takes over the contents of *m, which is empty afterwards. */
struct message *conversation_add(struct conversation *c, struct message *m);
/* Removes the first n messages. */
void conversation_drop(struct conversation *c, size_t n);

/*
 * Makes a conversation acceptable to every server again after whatever interrupted it: every
 * tool use is answered once, directly behind its message (missing answers
 * become errors saying `why`), answers to nothing are removed, empty blocks and messages go, answers come
 * before words. Returns how many answers were made up.
 */
size_t conversation_repair(struct conversation *c, const char *why);
/* A rough count for budgets before a server has counted: bytes / 3.5. */
size_t conversation_tokens(const struct conversation *c);
size_t message_tokens(const struct message *m);

#endif
