#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "control/client.h"
#include "control/wire.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#define MAX_MESSAGE ((size_t)64 << 20)
#define HELLO_MS 10000

struct message {
	struct message *next;
	cJSON *value;
};

struct control_client {
	struct wire wire;
	int last_id;
	struct message *head, **tail;	/* received, not yet taken */
	cJSON *hello;
};

static void push(struct control_client *c, cJSON *value)
{
	struct message *m = xcalloc(1, sizeof(*m));

	m->value = value;
	*c->tail = m;
	c->tail = &m->next;
}

/* Unlinks *at, which is one of the queue's links. */
static cJSON *unlink_message(struct control_client *c, struct message **at)
{
	struct message *m = *at;
	cJSON *value = m->value;

	*at = m->next;
	if (c->tail == &m->next)
		c->tail = at;
	free(m);
	return value;
}

enum avo_status control_connect(struct control_client **out, const char *run_dir, bool read_only, struct error *err)
{
	char *path = path_join(run_dir, ".avo/ctl.sock"), word[PATH_WORD_SIZE];
	struct control_client *c = NULL;
	cJSON *hello;
	int fd = -1;
	enum avo_status st = wire_connect(&fd, path, err);

	free(path);
	if (st == AVO_NEGATIVE)
		return error_set(err, st, "no engine runs on %s; start it with: avo run %s", run_dir, path_word(word, run_dir));
	if (st != AVO_OK)
		return st;
	c = xcalloc(1, sizeof(*c));
	wire_init(&c->wire, fd, MAX_MESSAGE);
	c->tail = &c->head;
	hello = cJSON_CreateObject();
	json_set_str(hello, "cmd", "hello");
	json_set_str(hello, "mode", read_only ? "read" : "control");
	st = control_call(c, hello, &c->hello, HELLO_MS, err);
	if (st == AVO_CLOSED)
		st = error_set(err, AVO_NEGATIVE, "the engine went away while it was called");
	if (st != AVO_OK)
		control_close(c);
	else
		*out = c;
	return st;
}

void control_close(struct control_client *c)
{
	if (!c)
		return;
	while (c->head)
		cJSON_Delete(unlink_message(c, &c->head));
	cJSON_Delete(c->hello);
	wire_release(&c->wire);
	free(c);
}

const cJSON *control_hello(const struct control_client *c)
{
	return c->hello;
}

int control_fd(const struct control_client *c)
{
	return c->wire.fd;
}

short control_events(const struct control_client *c)
{
	return (short)(POLLIN | (wire_queued(&c->wire) ? POLLOUT : 0));
}

int control_send(struct control_client *c, cJSON *command)
{
	struct error ignored;

	json_set_int(command, "id", ++c->last_id);
	wire_put(&c->wire, command);
	cJSON_Delete(command);
	wire_flush(&c->wire, &ignored);	/* a broken connection shows in the next pump */
	return c->last_id;
}

enum avo_status control_subscribe(struct control_client *c, uint64_t after, struct error *err)
{
	cJSON *command = cJSON_CreateObject();

	json_set_str(command, "cmd", "subscribe");
	json_set_int(command, "after", (int64_t)after);
	return control_call(c, command, NULL, HELLO_MS, err);
}

static enum avo_status take_lines(struct control_client *c, struct error *err)
{
	enum wire_line got;
	const char *line;
	size_t len;

	while ((got = wire_next(&c->wire, &line, &len)) != WIRE_NONE) {
		cJSON *value;
		enum avo_status st;

		if (got == WIRE_TOO_LONG)
			continue;
		st = json_parse(&value, line, len, err);
		if (st != AVO_OK) {
			return error_prefix(err, AVO_CLOSED, "the engine sent something odd");
		}
		push(c, value);
	}
	return AVO_OK;
}

enum avo_status control_pump(struct control_client *c, struct error *err)
{
	enum avo_status st = wire_fill(&c->wire, err);

	if (st == AVO_OK)
		st = take_lines(c, err);
	if (st == AVO_OK)
		st = wire_flush(&c->wire, err);
	/* what came before the end is still to be read */
	if (st == AVO_OK && c->wire.ended && !c->head)
		st = error_set(err, AVO_CLOSED, "the engine has ended");
	return st;
}

cJSON *control_next(struct control_client *c)
{
	return c->head ? unlink_message(c, &c->head) : NULL;
}

static cJSON *find_answer(struct control_client *c, int id)
{
	struct message **at;

	for (at = &c->head; *at; at = &(*at)->next)
		if (json_int((*at)->value, "re", -1) == id)
			return unlink_message(c, at);
	return NULL;
}

/* A line without "re" that is a refusal: the server turned this viewer away. */
static cJSON *find_refusal(struct control_client *c)
{
	struct message **at;

	for (at = &c->head; *at; at = &(*at)->next)
		if (!json_get((*at)->value, "re") && json_get((*at)->value, "error"))
			return unlink_message(c, at);
	return NULL;
}

/* It lives, since it holds the socket, and hangs or is stopped. */
static enum avo_status no_answer(const struct control_client *c, struct error *err)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);

	if (getsockopt(c->wire.fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0)
		return error_set(err, AVO_TIMEOUT, "the engine does not answer; see .avo/engine.log in the run's directory");
	return error_set(err, AVO_TIMEOUT, "the engine, pid %ld, does not answer: it hangs, or was stopped (kill -CONT %ld lets it go on); "
			 "avo stop --kill ends it, and avo run goes on from what it recorded", (long)peer.pid, (long)peer.pid);
}

static enum avo_status wait_answer(cJSON **out, struct control_client *c, int id, int64_t deadline, struct error *err)
{
	for (;;) {
		struct pollfd p = { .fd = c->wire.fd, .events = control_events(c) };
		int64_t left = deadline - clock_mono_ms();
		enum avo_status st;

		if ((*out = find_answer(c, id)) || (*out = find_refusal(c)))
			return AVO_OK;
		if (c->wire.ended)
			return error_set(err, AVO_CLOSED, "the engine has ended");
		if (left <= 0)
			return no_answer(c, err);
		if (poll(&p, 1, left > 3600000 ? 3600000 : (int)left) < 0 && errno != EINTR)
			return error_errno(err, errno, "cannot wait for the engine");
		st = control_pump(c, err);
		if (st != AVO_OK)
			return st;
	}
}

enum avo_status control_call(struct control_client *c, cJSON *command, cJSON **answer, int64_t deadline_ms, struct error *err)
{
	int id = control_send(c, command);
	cJSON *reply = NULL;
	enum avo_status st = wait_answer(&reply, c, id, clock_mono_ms() + deadline_ms, err);

	if (st == AVO_OK && !json_bool(reply, "ok", false)) {
		st = (enum avo_status)json_int(reply, "status", AVO_NEGATIVE);
		if (st <= AVO_OK || st > AVO_CLOSED)
			st = AVO_NEGATIVE;
		error_set(err, st, "%s", json_str(reply, "error", "the engine refused without a word"));
	}
	if (st == AVO_OK && answer) {
		*answer = reply;
		reply = NULL;
	}
	cJSON_Delete(reply);
	return st;
}
