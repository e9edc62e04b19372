#include "avo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "control/server.h"
#include "control/wire.h"
#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* How far a viewer that is being caught up is filled before it must read. */
#define CATCH_UP_QUEUE ((size_t)256 << 10)
/* Lines looked at in one go, so that a long journal does not hold up the engine. */
#define CATCH_UP_LINES 2000

/* Without a descriptor to spare, accepting pauses for this long. */
#define REST_MS 500

enum viewer_flow {
	FLOW_NONE,		/* has not subscribed */
	FLOW_CATCHING_UP,	/* fed from the journal's files */
	FLOW_LIVE,		/* fed by control_server_event */
	FLOW_BEHIND,		/* overflowed: nothing until it has read, then a resync */
};

struct viewer {
	struct viewer *next;
	struct control_server *server;
	struct wire wire;
	struct loop_fd *watch;
	bool greeted, may_command, dead;
	enum viewer_flow flow;
	uint64_t cursor;		/* seq of the last line queued */
	struct journal_reader *reader;	/* while catching up */
};

struct control_server {
	struct loop *loop;
	char *socket_path, *journal_dir;
	struct stat socket;		/* the file at socket_path, when it was made */
	int fd;
	struct loop_fd *watch;
	struct control_handlers handlers;
	void *arg;
	struct viewer *viewers;
	int count;
	struct loop_timer *sweep;
	struct loop_timer *rest;	/* no descriptor is left: nobody is accepted before it */
	bool short_told;
};

bool control_command_reads(const char *name)
{
	static const char *const names[] = { "hello", "subscribe", "status" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void viewer_free(struct viewer *v)
{
	loop_remove_fd(v->server->loop, v->watch);
	journal_reader_close(v->reader);
	wire_release(&v->wire);
	free(v);
}

static void sweep_dead(void *arg)
{
	struct control_server *s = arg;
	struct viewer **at = &s->viewers;

	s->sweep = NULL;
	while (*at) {
		struct viewer *v = *at;

		if (v->dead) {
			*at = v->next;
			s->count--;
			viewer_free(v);
		} else {
			at = &v->next;
		}
	}
}

/* Viewers are freed from the loop, never under a caller that walks the list. */
static void drop(struct viewer *v)
{
	struct control_server *s = v->server;

	if (v->dead)
		return;
	v->dead = true;
	loop_remove_fd(s->loop, v->watch);
	v->watch = NULL;
	if (!s->sweep)
		s->sweep = loop_add_timer(s->loop, 0, sweep_dead, s);
}

static void update_events(struct viewer *v)
{
	bool more = wire_queued(&v->wire) > 0 || v->flow == FLOW_CATCHING_UP || v->flow == FLOW_BEHIND;
	/* who does not read the answers is not asked for more commands */
	bool listen = wire_queued(&v->wire) < CONTROL_MAX_QUEUE;

	if (!v->dead)
		loop_set_events(v->watch, (short)((listen ? POLLIN : 0) | (more ? POLLOUT : 0)));
}

static void put_line(struct viewer *v, const char *line, size_t len)
{
	struct buf b = BUF_INIT;

	buf_addstr(&b, "{\"event\":");
	buf_add(&b, line, len);
	buf_addch(&b, '}');
	wire_put_text(&v->wire, b.data, b.len);
	buf_release(&b);
}

/* The journal writes seq first, so that a line can be placed without being parsed. */
static uint64_t seq_of(const char *line, size_t len)
{
	static const char head[] = "{\"seq\":";

	if (len < sizeof(head) || memcmp(line, head, sizeof(head) - 1) != 0)
		return 0;
	return strtoull(line + sizeof(head) - 1, NULL, 10);
}

static void go_live(struct viewer *v)
{
	journal_reader_close(v->reader);
	v->reader = NULL;
	v->flow = FLOW_LIVE;
}

static void catch_up(struct viewer *v)
{
	struct error err = { 0 };
	int i;

	for (i = 0; i < CATCH_UP_LINES && wire_queued(&v->wire) < CATCH_UP_QUEUE; i++) {
		const char *line;
		size_t len;
		struct journal_ref ref;
		enum avo_status st = journal_reader_next(v->reader, &line, &len, &ref, &err);

		if (st == AVO_NEGATIVE) {
			go_live(v);
			return;
		}
		if (st != AVO_OK) {
			log_warn("a viewer cannot be caught up: %s", err.text);
			drop(v);
			return;
		}
		if (seq_of(line, len) <= v->cursor)
			continue;
		v->cursor = seq_of(line, len);
		put_line(v, line, len);
	}
}

static void resync(struct viewer *v)
{
	cJSON *note = cJSON_CreateObject();

	v->cursor = v->server->handlers.last_seq(v->server->arg);
	json_set_int(note, "resync", (int64_t)v->cursor);
	wire_put(&v->wire, note);
	cJSON_Delete(note);
	v->flow = FLOW_LIVE;
}

static void answer(struct viewer *v, cJSON *reply, const cJSON *id, enum avo_status st, const struct error *err)
{
	if (id)
		json_set(reply, "re", cJSON_Duplicate(id, true));
	json_set_bool(reply, "ok", st == AVO_OK);
	if (st != AVO_OK) {
		json_set_int(reply, "status", st);
		json_set_str(reply, "error", err->text);
	}
	wire_put(&v->wire, reply);
	cJSON_Delete(reply);
}

static enum avo_status greet(struct viewer *v, const cJSON *request, cJSON *reply, struct error *err)
{
	const char *mode = json_str(request, "mode", "read");
	bool control = strcmp(mode, "control") == 0;

	if (!control && strcmp(mode, "read") != 0)
		return error_set(err, AVO_USAGE, "a viewer's mode is \"read\" or \"control\", not \"%.40s\"", mode);
	if (v->greeted && control && !v->may_command)
		return error_set(err, AVO_USAGE, "this connection is read-only; open another one to command");
	v->greeted = true;
	v->may_command = control;
	v->server->handlers.greet(v->server->arg, reply);
	return AVO_OK;
}

static enum avo_status subscribe(struct viewer *v, const cJSON *request, struct error *err)
{
	enum avo_status st;

	journal_reader_close(v->reader);
	v->reader = NULL;
	v->flow = FLOW_NONE;
	v->cursor = (uint64_t)json_int(request, "after", 0);
	if (v->cursor >= v->server->handlers.last_seq(v->server->arg)) {
		v->flow = FLOW_LIVE;
		return AVO_OK;
	}
	st = journal_reader_open(&v->reader, v->server->journal_dir, err);
	if (st == AVO_OK)
		v->flow = FLOW_CATCHING_UP;
	return st;
}

static enum avo_status dispatch(struct viewer *v, const cJSON *request, cJSON *reply, struct error *err)
{
	const char *name = json_str(request, "cmd", NULL);

	if (!name)
		return error_set(err, AVO_USAGE, "a command is an object with \"cmd\"");
	if (strcmp(name, "hello") == 0)
		return greet(v, request, reply, err);
	if (strcmp(name, "subscribe") == 0)
		return subscribe(v, request, err);
	if (!v->may_command && !control_command_reads(name))
		return error_set(err, AVO_USAGE, "this viewer is read-only: it cannot %.40s", name);
	return v->server->handlers.command(v->server->arg, name, request, reply, err);
}

static void take_line(struct viewer *v, const char *line, size_t len)
{
	struct error err = { 0 };
	cJSON *request = NULL, *reply = cJSON_CreateObject();
	enum avo_status st = json_parse(&request, line, len, &err);

	if (st == AVO_OK && !cJSON_IsObject(request))
		st = error_set(&err, AVO_CORRUPT, "not a JSON object");
	if (st == AVO_OK)
		st = dispatch(v, request, reply, &err);
	answer(v, reply, json_get(request, "id"), st, &err);
	cJSON_Delete(request);
}

static void take_lines(struct viewer *v)
{
	struct error err = { 0 };
	const char *line;
	size_t len;
	enum wire_line got;

	while (!v->dead && wire_queued(&v->wire) < CONTROL_MAX_QUEUE && (got = wire_next(&v->wire, &line, &len)) != WIRE_NONE) {
		if (got == WIRE_LINE) {
			take_line(v, line, len);
			continue;
		}
		error_set(&err, AVO_CORRUPT, "a command of more than %zu bytes was dropped", CONTROL_MAX_COMMAND);
		answer(v, cJSON_CreateObject(), NULL, AVO_CORRUPT, &err);
	}
}

static void viewer_ready(void *arg, int fd, short revents)
{
	struct viewer *v = arg;
	struct error err = { 0 };

	if (v->dead)
		return;
	if (revents & (POLLIN | POLLHUP | POLLERR) && wire_fill(&v->wire, &err) != AVO_OK)
		v->wire.ended = true;
	take_lines(v);
	if (!v->dead && v->flow == FLOW_CATCHING_UP)
		catch_up(v);
	if (wire_flush(&v->wire, &err) != AVO_OK || v->wire.ended) {
		drop(v);
		return;
	}
	if (v->flow == FLOW_BEHIND && wire_queued(&v->wire) == 0)
		resync(v);
	update_events(v);
}

static bool same_user(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

static void turn_away(int fd, const char *why)
{
	struct buf line = BUF_INIT;
	ssize_t n;

	buf_printf(&line, "{\"ok\":false,\"status\":%d,\"error\":\"%s\"}\n", AVO_BUSY, why);
	n = send(fd, line.data, line.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)n;
	buf_release(&line);
	close(fd);
}

static void accept_viewer(struct control_server *s, int fd)
{
	struct viewer *v = xcalloc(1, sizeof(*v));

	wire_init(&v->wire, fd, CONTROL_MAX_COMMAND);
	v->server = s;
	v->next = s->viewers;
	s->viewers = v;
	s->count++;
	v->watch = loop_add_fd(s->loop, fd, POLLIN, viewer_ready, v);
}

static void rest_over(void *arg)
{
	struct control_server *s = arg;

	s->rest = NULL;
	loop_set_events(s->watch, POLLIN);
}

/* Who waits in the queue would wake the loop without end. */
static void rest(struct control_server *s)
{
	if (!s->short_told)
		log_warn("no descriptor is left for another viewer; they are let in as others leave");
	s->short_told = true;
	loop_set_events(s->watch, 0);
	s->rest = loop_add_timer(s->loop, REST_MS, rest_over, s);
}

static void accept_viewers(void *arg, int listen_fd, short revents)
{
	struct control_server *s = arg;
	int fd;

	while ((fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		if (!same_user(fd))
			turn_away(fd, "this run belongs to another user");
		else if (s->count >= CONTROL_MAX_VIEWERS)
			turn_away(fd, "too many viewers are connected");
		else
			accept_viewer(s, fd);
	}
	if (errno == EMFILE || errno == ENFILE)
		rest(s);
}

static enum avo_status bind_socket(struct control_server *s, struct error *err)
{
	enum avo_status st = wire_listen(&s->fd, s->socket_path, err);

	if (st != AVO_OK)
		return st;
	if (lstat(s->socket_path, &s->socket) != 0)
		memset(&s->socket, 0, sizeof(s->socket));
	s->watch = loop_add_fd(s->loop, s->fd, POLLIN, accept_viewers, s);
	return AVO_OK;
}

enum avo_status control_server_new(struct control_server **out, struct loop *loop, const char *run_dir,
				   const struct control_handlers *handlers, void *arg, struct error *err)
{
	struct control_server *s = xcalloc(1, sizeof(*s));
	enum avo_status st;

	s->loop = loop;
	s->handlers = *handlers;
	s->arg = arg;
	s->socket_path = path_join(run_dir, ".avo/ctl.sock");
	s->journal_dir = path_join(run_dir, ".avo/journal");
	unlink(s->socket_path);
	st = bind_socket(s, err);
	if (st != AVO_OK) {
		free(s->socket_path);
		free(s->journal_dir);
		free(s);
		return st;
	}
	*out = s;
	return AVO_OK;
}

void control_server_keep_reachable(struct control_server *s)
{
	int old = s->fd;
	struct loop_fd *watch = s->watch;
	struct error err = { 0 };
	struct stat now;

	if (lstat(s->socket_path, &now) == 0 || errno != ENOENT)
		return;
	if (bind_socket(s, &err) != AVO_OK) {
		log_warn("the control socket was removed and cannot be made again: %s", err.text);
		s->fd = old;
		return;
	}
	log_warn("the control socket was removed; it is there again");
	loop_remove_fd(s->loop, watch);
	loop_remove_timer(s->loop, s->rest);
	s->rest = NULL;
	close(old);
}

/* When the run's directory was deleted and made anew, another engine's socket may lie there. */
static void remove_socket(const struct control_server *s)
{
	struct stat now;

	if (lstat(s->socket_path, &now) == 0 && now.st_dev == s->socket.st_dev && now.st_ino == s->socket.st_ino)
		unlink(s->socket_path);
}

void control_server_free(struct control_server *s)
{
	struct viewer *v, *next;
	struct error err;

	if (!s)
		return;
	loop_remove_timer(s->loop, s->sweep);
	loop_remove_timer(s->loop, s->rest);
	loop_remove_fd(s->loop, s->watch);
	remove_socket(s);
	close(s->fd);
	for (v = s->viewers; v; v = next) {
		next = v->next;
		wire_flush(&v->wire, &err);
		viewer_free(v);
	}
	free(s->socket_path);
	free(s->journal_dir);
	free(s);
}

static void overflow(struct viewer *v)
{
	if (wire_queued(&v->wire) > CONTROL_MAX_QUEUE && v->flow == FLOW_LIVE)
		v->flow = FLOW_BEHIND;
}

void control_server_event(struct control_server *s, const char *line, size_t len, uint64_t seq)
{
	struct viewer *v;

	for (v = s->viewers; v; v = v->next) {
		if (v->dead || v->flow != FLOW_LIVE || seq <= v->cursor)
			continue;
		put_line(v, line, len);
		v->cursor = seq;
		overflow(v);
		update_events(v);
	}
}

void control_server_live(struct control_server *s, const cJSON *live)
{
	cJSON *wrapped;
	struct buf text = BUF_INIT;
	struct viewer *v;

	if (!s->viewers)
		return;
	wrapped = cJSON_CreateObject();
	cJSON_AddItemReferenceToObject(wrapped, "live", (cJSON *)live);
	json_print(&text, wrapped);
	cJSON_Delete(wrapped);
	for (v = s->viewers; v; v = v->next) {
		if (v->dead || v->flow != FLOW_LIVE || wire_queued(&v->wire) > CONTROL_MAX_QUEUE / 4)
			continue;
		wire_put_text(&v->wire, text.data, text.len);
		update_events(v);
	}
	buf_release(&text);
}

int control_server_viewers(const struct control_server *s)
{
	return s->count;
}
