/*
 * A wire: one vendor's way of asking and answering. An encoder turns a request
 * into a body; a decoder eats the answer, streamed or whole, and leaves a
 * reply. Anthropic Messages and OpenAI Chat Completions exist; a third is one
 * file with one of these tables and a line in wire_find().
 */
#ifndef AVO_LLM_WIRE_H
#define AVO_LLM_WIRE_H

#include "llm/llm.h"
#include "llm/sse.h"

/* What is shown while it streams. Borrowed during the call. */
struct wire_events {
	void (*text)(void *arg, enum block_kind kind, const char *text);	/* BLOCK_TEXT or BLOCK_THINKING: a piece */
	void (*tool)(void *arg, const char *name);				/* a tool call begins */
	void *arg;
};

/* Tool arguments and whole events are bounded by these. */
#define WIRE_MAX_EVENT ((size_t)32 << 20)
#define WIRE_MAX_BLOCK ((size_t)16 << 20)
#define WIRE_MAX_BLOCKS 512

/* A block in the making: pieces are collected as bytes and looked at once, at the end. */
struct wire_part {
	int64_t index;			/* the server's number of it */
	enum block_kind kind;
	struct buf text, input, signature;
	char *id, *name;
	cJSON *opaque;
};

/* The state of one answer; the same for all wires. */
struct decoder {
	const struct wire *wire;
	const struct wire_events *events;	/* may be NULL */
	struct sse sse;
	struct wire_part *parts;
	size_t part_count, part_cap;
	enum llm_stop stop;
	struct llm_usage usage;
	char *id, *model, *explanation;
	bool finished;			/* the server said that this was all: nothing more is read */
	bool answered;			/* it gave its reason to stop: an end of the stream is good from here on */
	bool failed;			/* it sent an error instead */
	struct llm_fault fault;
	unsigned meaningful;		/* events that carried the answer on: pings do not count */
};

struct wire {
	const char *name;		/* "messages", "chat": agent.api */
	const char *path;		/* "/v1/messages" */
	/* Appends the body. */
	void (*encode)(struct buf *out, const struct llm_request *request, bool stream);
	/* Appends "Name: value" headers that the wire needs, the key among them, to a list of owned strings. */
	size_t (*headers)(char *out[8], const struct llm_config *config);
	/* One event of a stream; a whole answer (not streamed). false: nothing more is wanted. */
	bool (*event)(struct decoder *d, const struct sse_event *e);
	void (*whole)(struct decoder *d, const cJSON *body);
};

extern const struct wire wire_messages, wire_chat;
const struct wire *wire_find(const char *name);		/* NULL: no such wire */

void decoder_init(struct decoder *d, const struct wire *wire, const struct wire_events *events);
void decoder_release(struct decoder *d);
/* Bytes of an event stream. */
enum avo_status decoder_feed(struct decoder *d, const char *data, size_t len, struct error *err);
/* A complete body that is not a stream. */
enum avo_status decoder_whole(struct decoder *d, const char *data, size_t len, struct error *err);
/*
 * The answer: AVO_OK with a reply, AVO_CORRUPT when it broke off or made no
 * sense, AVO_NEGATIVE when the server sent an error (d->fault). Tool calls that were cut are
 * marked so; their arguments are never to be used.
 */
enum avo_status decoder_finish(struct llm_reply *out, struct decoder *d, struct error *err);

/* For the wires: the part with this number, or a new one. NULL when there are too many. */
struct wire_part *decoder_part(struct decoder *d, int64_t index);
struct wire_part *decoder_add_part(struct decoder *d, int64_t index, enum block_kind kind);
void decoder_text(struct decoder *d, struct wire_part *p, const char *text);
void decoder_tool(struct decoder *d, struct wire_part *p, const char *id, const char *name);
/* An event that is not JSON: a keepalive in words is passed over (true), a broken object fails the answer. */
bool decoder_damaged(struct decoder *d, const struct sse_event *e);

/* Reads {"error":...} in any of the known shapes, or takes what is there as words. */
void wire_read_fault(struct llm_fault *out, long status, const char *body, size_t len);
void wire_fault_from_json(struct llm_fault *out, const cJSON *body);
/* Merges extra over base, objects member by member, everything else replaced; null removes. */
void wire_merge(cJSON *base, const cJSON *extra);

#endif
