/*
 * What the agent remembers: the conversation, and notes that outlive it. Both
 * are in the journal, from which a resumed run rebuilds them; the conversation
 * is cut down in two ways when it outgrows the window: old tool outputs are
 * dropped, or all of it is replaced by the record and a summary. Either way a checkpoint
 * of what is left goes into the journal, where the next resume begins.
 *
 * Events: "message" {role text message}, "memory" {what: checkpoint messages | note number text | forget number}.
 */
#ifndef AVO_AGENT_MEMORY_H
#define AVO_AGENT_MEMORY_H

#include "agent/report.h"
#include "llm/llm.h"

typedef void memory_record_fn(void *arg, cJSON *event);	/* takes ownership */

struct memory {
	struct conversation conversation;
	struct notes notes;
	int64_t counted;		/* tokens that the server counted at its last answer, the answer included; 0: none yet */
	size_t covered;			/* messages that this number covers */
	int compactions;
	memory_record_fn *record;
	void *record_arg;
};

void memory_init(struct memory *m, memory_record_fn *record, void *arg);
void memory_release(struct memory *m);
/* Rebuilds it from a journal; what was interrupted is repaired. A missing journal is an empty memory. */
enum avo_status memory_load(struct memory *m, const char *journal_dir, struct error *err);

/* Adds a message and journals it. Takes over *message. */
void memory_add(struct memory *m, struct message *message);
void memory_say(struct memory *m, const char *text);		/* words to the model */
void memory_result(struct memory *m, const char *id, const char *text, bool is_error);
/* Makes it acceptable to every server; to be called before each request. */
void memory_settle(struct memory *m, const char *why);

int memory_note(struct memory *m, const char *text);
bool memory_forget(struct memory *m, int number);

/* The server counted so many tokens for all messages up to now. */
void memory_counted(struct memory *m, int64_t tokens);
/* What a request would hold now; overhead is that of system text and tools. */
int64_t memory_tokens(const struct memory *m, int64_t overhead);

/* Drops the outputs and long arguments of tools beyond the newest keep_tokens; the bytes dropped. */
size_t memory_prune(struct memory *m, int64_t keep_tokens);
/* Forgets everything said; text is where it goes on from. */
void memory_restart(struct memory *m, const char *text);

#endif
