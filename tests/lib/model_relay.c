/*
 * A wire tap between avo and a model's server, for tests with a real server:
 *
 *     model_relay PORT LOG
 *
 * prints its own port and passes every byte on as it comes. Each request is read along and checked as a strict
 * server would check it (tests/lib/model_judge.c), since llama-server itself accepts nearly everything; a line goes to LOG when its answer begins:
 *
 *   {"path","bytes","messages","max_tokens","status",["fault"],"interrupted":[ids of calls that are answered with "Interrupted"]}
 *
 * Each connection is a process of its own, gone with its parent.
 */
#include "avo.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/lib/model_server.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct tap {
	int client, server, log;
	struct buf in;			/* of the client, as far as no request was made of it */
	cJSON *entry;			/* the request whose answer has not begun; else NULL */
};

/* --- reading along ---------------------------------------------------------------------- */

/* Length of the head with its blank line; 0: it has not come yet. */
static size_t head_length(const struct buf *in)
{
	const char *end = in->len ? memmem(in->data, in->len, "\r\n\r\n", 4) : NULL;

	return end ? (size_t)(end - in->data) + 4 : 0;
}

static size_t body_length(const char *head, size_t len)
{
	char *copy = strndup(head, len);
	const char *at = copy ? strcasestr(copy, "\r\nContent-Length:") : NULL;
	size_t n = at ? strtoul(at + 17, NULL, 10) : 0;

	free(copy);
	return n;
}

static void note_interrupted(cJSON *out, const char *id, const char *text)
{
	if (str_starts(text, "Interrupted: avo was stopped"))
		json_push(out, cJSON_CreateString(id));
}

/* Either wire: a message of the role tool, or blocks of the kind tool_result. */
static cJSON *interrupted(const cJSON *messages)
{
	cJSON *out = cJSON_CreateArray();
	const cJSON *m, *block;

	cJSON_ArrayForEach(m, messages) {
		if (strcmp(json_str(m, "role", ""), "tool") == 0)
			note_interrupted(out, json_str(m, "tool_call_id", "?"), json_str(m, "content", ""));
		cJSON_ArrayForEach(block, json_arr(m, "content"))
			if (strcmp(json_str(block, "type", ""), "tool_result") == 0)
				note_interrupted(out, json_str(block, "tool_use_id", "?"), json_str(block, "content", ""));
	}
	return out;
}

static cJSON *judge(const char *head, const char *body, size_t len)
{
	cJSON *entry = cJSON_CreateObject(), *json = NULL;
	char path[128] = "";
	const cJSON *messages;
	const char *fault;

	sscanf(head, "%*15s %127s", path);
	json_set_str(entry, "path", path);
	json_set_int(entry, "bytes", (int64_t)len);
	if (json_parse(&json, body, len, NULL) != AVO_OK) {
		json_set_str(entry, "fault", "the body is not JSON");
		return entry;
	}
	messages = json_arr(json, "messages");
	fault = model_judge(strstr(path, "/messages") ? MODEL_MESSAGES : MODEL_CHAT, messages);
	json_set_str(entry, "fault", fault);
	json_set_int(entry, "messages", cJSON_GetArraySize(messages));
	json_set_int(entry, "max_tokens", json_int(json, "max_tokens", 0));
	json_set(entry, "interrupted", interrupted(messages));
	cJSON_Delete(json);
	return entry;
}

static void write_entry(struct tap *t, int status)
{
	struct buf line = BUF_INIT;

	if (!t->entry)
		return;
	json_set_int(t->entry, "status", status);
	json_print(&line, t->entry);
	buf_addch(&line, '\n');
	if (write(t->log, line.data, line.len) != (ssize_t)line.len)
		perror("model_relay: the log");
	buf_release(&line);
	cJSON_Delete(t->entry);
	t->entry = NULL;
}

static void from_client(struct tap *t, const char *data, size_t len)
{
	size_t head, body;

	buf_add(&t->in, data, len);
	while ((head = head_length(&t->in)) > 0) {
		body = body_length(t->in.data, head);
		if (t->in.len < head + body)
			return;
		write_entry(t, 0);
		if (body)
			t->entry = judge(t->in.data, t->in.data + head, body);
		buf_consume(&t->in, head + body);
	}
}

static void from_server(struct tap *t, const char *data, size_t len)
{
	int status = 0;
	char first[16] = "";

	if (!t->entry)
		return;
	memcpy(first, data, len < sizeof(first) - 1 ? len : sizeof(first) - 1);
	sscanf(first, "HTTP/1.%*1c %d", &status);
	write_entry(t, status);
}

/* --- passing on ------------------------------------------------------------------------- */

static bool write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool pass(struct tap *t, int from, int to, void (*look)(struct tap *, const char *, size_t))
{
	static char data[65536];
	ssize_t n = read(from, data, sizeof(data));

	if (n <= 0)
		return n < 0 && errno == EINTR;
	look(t, data, (size_t)n);
	return write_all(to, data, (size_t)n);
}

static void serve(struct tap *t)
{
	struct pollfd fds[2] = { { .fd = t->client, .events = POLLIN }, { .fd = t->server, .events = POLLIN } };
	bool open = true;

	while (open && poll(fds, 2, -1) > 0) {
		if (fds[0].revents)
			open = pass(t, t->client, t->server, from_client);
		if (open && fds[1].revents)
			open = pass(t, t->server, t->client, from_server);
	}
	write_entry(t, 0);
	buf_release(&t->in);
}

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int connect_to(int port)
{
	struct sockaddr_in to = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	/* the small pieces of a stream must not wait for each other */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void take_connection(int client, int port, int log_fd)
{
	struct tap t = { .client = client, .server = connect_to(port), .log = log_fd };
	int on = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (t.server >= 0)
		serve(&t);
	_exit(0);
}

static int listen_anywhere(int *port)
{
	struct sockaddr_in at = loopback(0);
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 16) || getsockname(fd, (struct sockaddr *)&at, &size))
		return -1;
	*port = ntohs(at.sin_port);
	return fd;
}

int main(int argc, char **argv)
{
	int own, fd, log_fd, server = argc == 3 ? atoi(argv[1]) : 0;

	if (server <= 0) {
		fprintf(stderr, "usage: model_relay PORT LOG\n");
		return 2;
	}
	log_fd = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	fd = listen_anywhere(&own);
	if (log_fd < 0 || fd < 0) {
		perror("model_relay");
		return 3;
	}
	signal(SIGCHLD, SIG_IGN);
	printf("%d\n", own);
	fflush(stdout);
	for (;;) {
		int client = accept(fd, NULL, NULL);

		if (client >= 0 && fork() == 0)
			take_connection(client, server, log_fd);
		if (client >= 0)
			close(client);
	}
}
