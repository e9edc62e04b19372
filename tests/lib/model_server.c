#include "avo.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/lib/model_h2.h"
#include "tests/lib/model_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
	struct model_server *server;
	struct client *next;
	int fd;
	struct loop_fd *watch;
	struct loop_timer *timer;
	struct buf in, out;		/* out: what the socket has not taken yet */
	struct model_session *tls;	/* NULL: in clear */
	bool is_h2;
	struct model_h2 h2;
	struct buf body;		/* HTTP/2: of the request */
	struct model_answer answer;
	size_t sent;
	bool answering, head_sent, ended;
};

struct model_server {
	struct loop *loop;
	int fd, port, asks;
	struct model_tls *tls;
	int proxy_status, tunnels;	/* proxy_status 0: no proxy */
	struct buf tunnel_head;
	size_t cut_at;
	int cuts;			/* requests that are still to be cut off */
	struct loop_fd *watch;
	struct client *clients;
	model_answer_fn *fn;
	void (*hung)(void *arg);	/* may be NULL */
	void *arg;
};

static void close_client(struct client *c, bool reset)
{
	struct client **at = &c->server->clients;
	struct linger now = { 1, 0 };

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	loop_remove_fd(c->server->loop, c->watch);
	loop_remove_timer(c->server->loop, c->timer);
	if (reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(c->fd);
	model_session_free(c->tls);
	buf_release(&c->in);
	buf_release(&c->body);
	buf_release(&c->out);
	buf_release(&c->answer.body);
	free(c);
}

static void send_all(struct client *c, const char *data, size_t len)
{
	if (c->tls)
		model_session_say(c->tls, data, len, &c->out);
	else
		buf_add(&c->out, data, len);
}

/* Client and server share a thread: nobody may block on the other. */
static bool flush(struct client *c)
{
	ssize_t n = c->out.len ? send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;

	if (n > 0)
		buf_consume(&c->out, (size_t)n);
	else if (n < 0 && errno != EAGAIN)
		buf_clear(&c->out);
	return c->out.len == 0;
}

static void send_head(struct client *c)
{
	const struct model_answer *a = &c->answer;
	struct buf head = BUF_INIT;
	int status = a->status ? a->status : 200;
	const char *type = a->content_type ? a->content_type : status == 200 ? "text/event-stream" : "application/json";

	if (c->is_h2)
		model_h2_head(&c->h2, &head, status, type, a->headers);
	else
		buf_printf(&head, "HTTP/1.1 %d Whatever\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n"
			   "Connection: close\r\n%s\r\n", status, type, a->headers);
	send_all(c, head.data, head.len);
	buf_release(&head);
}

static void send_chunk(struct client *c, const char *data, size_t len)
{
	struct buf frames = BUF_INIT;
	char size[32];

	if (c->is_h2) {
		model_h2_data(&c->h2, &frames, data, len);
		send_all(c, frames.data, frames.len);
		buf_release(&frames);
		return;
	}
	send_all(c, size, (size_t)snprintf(size, sizeof(size), "%zx\r\n", len));
	send_all(c, data, len);
	send_all(c, "\r\n", 2);
}

static void step(void *arg);

static void later(struct client *c, int ms)
{
	c->timer = loop_add_timer(c->server->loop, ms, step, c);
}

/* HTTP/2: the connection stays for the next request. */
static void end_h2_answer(struct client *c)
{
	buf_release(&c->answer.body);
	memset(&c->answer, 0, sizeof(c->answer));
	c->answering = c->head_sent = c->ended = false;
	c->sent = 0;
}

static void end(struct client *c)
{
	static const char ping[] = ": still here\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n";

	switch (c->answer.end) {
	case MODEL_END_CLEAN:
		if (c->is_h2)
			end_h2_answer(c);
		else
			close_client(c, false);
		return;
	case MODEL_END_CUT:
	case MODEL_END_GO_AWAY:
		close_client(c, false);
		return;
	case MODEL_END_RESET:
		if (c->is_h2)
			end_h2_answer(c);
		else
			close_client(c, true);
		return;
	case MODEL_END_HANG:
		if (c->server->hung)
			c->server->hung(c->server->arg);
		return;
	case MODEL_END_PINGS:
		send_chunk(c, ping, sizeof(ping) - 1);
		later(c, 20);
		return;
	}
}

static void say_end_of_h2(struct client *c)
{
	struct buf frames = BUF_INIT;

	if (c->answer.end == MODEL_END_CLEAN)
		model_h2_end(&c->h2, &frames);
	else if (c->answer.end == MODEL_END_RESET)
		model_h2_reset(&c->h2, &frames);
	else if (c->answer.end == MODEL_END_GO_AWAY)
		model_h2_go_away(&c->h2, &frames);
	if (frames.len)
		send_all(c, frames.data, frames.len);
	buf_release(&frames);
}

static void step(void *arg)
{
	struct client *c = arg;
	struct model_answer *a = &c->answer;
	size_t total = a->cut_at && a->cut_at < a->body.len ? a->cut_at : a->body.len;
	size_t left;

	c->timer = NULL;
	if (a->status < 0) {
		close_client(c, a->end == MODEL_END_RESET);
		return;
	}
	if (!c->head_sent) {
		send_head(c);
		c->head_sent = true;
	}
	while (c->sent < total && flush(c)) {
		left = total - c->sent;
		if (a->chunk && left > a->chunk)
			left = a->chunk;
		send_chunk(c, a->body.data + c->sent, left);
		c->sent += left;
		if (a->chunk_ms)
			break;
	}
	if (c->sent == total && !c->ended) {
		c->ended = true;
		if (c->is_h2)
			say_end_of_h2(c);
		else if (a->end == MODEL_END_CLEAN)
			send_all(c, "0\r\n\r\n", 5);
	}
	if (!flush(c))
		later(c, 1);
	else if (c->sent < total)
		later(c, a->chunk_ms);
	else
		end(c);
}

static size_t content_length(const char *head)
{
	const char *at = strcasestr(head, "\r\ncontent-length:");

	return at ? (size_t)strtoul(at + 17, NULL, 10) : 0;
}

static void answer(struct client *c, const char *head, const char *text, size_t len)
{
	char *path = xstrdup(head), *space;
	cJSON *body = NULL;
	struct model_ask ask = { .number = ++c->server->asks, .head = head };

	json_parse(&body, text, len, NULL);
	space = strchr(path, ' ');
	ask.path = space ? space + 1 : "";
	if (space && strchr(space + 1, ' '))
		*strchr(space + 1, ' ') = '\0';
	ask.body = body;
	c->answering = true;
	c->server->fn(c->server->arg, &ask, &c->answer);
	cJSON_Delete(body);
	free(path);
	later(c, c->answer.head_ms);
}

/* --- as a proxy ---------------------------------------------------------------------- */

/* The proxy's own answer; true: nothing more is to be done with this request. */
static bool answer_as_proxy(struct client *c, const char *head, size_t head_len)
{
	struct model_server *s = c->server;
	bool tunnel = strncmp(head, "CONNECT ", 8) == 0;

	if (!s->proxy_status || c->tls || (!tunnel && !strstr(head, " http://")))
		return false;
	s->tunnels++;
	buf_clear(&s->tunnel_head);
	buf_addstr(&s->tunnel_head, head);
	if (s->proxy_status == 200 && !tunnel)
		return false;
	if (s->proxy_status == 200) {
		send_all(c, "HTTP/1.1 200 Connection established\r\n\r\n", 39);
		flush(c);
		buf_consume(&c->in, head_len);
		if (s->tls)
			c->tls = model_session_new(s->tls);
		return true;
	}
	c->answering = true;
	c->answer.status = s->proxy_status;
	snprintf(c->answer.headers, sizeof(c->answer.headers), "Proxy-Authenticate: Basic realm=\"here\"\r\n");
	later(c, 0);
	return true;
}

/* --- in ------------------------------------------------------------------------------- */

static void take_frames(struct client *c)
{
	struct buf frames = BUF_INIT;
	bool complete = model_h2_feed(&c->h2, &c->in, &c->body, &frames);

	if (frames.len)
		send_all(c, frames.data, frames.len);
	flush(c);
	buf_release(&frames);
	if (!complete)
		return;
	answer(c, "HTTP/2", c->body.data, c->body.len);
	buf_clear(&c->body);
}

static void take_request(struct client *c)
{
	char *split = memmem(c->in.data, c->in.len, "\r\n\r\n", 4), *head;
	size_t head_len, body_len;

	/* a TLS handshake where none is spoken: what web servers say to it */
	if (!c->tls && c->in.data[0] == 0x16 && !c->answering) {
		c->answering = true;
		c->answer.status = 400;
		later(c, 0);
	}
	if (!split || c->answering)
		return;
	head_len = (size_t)(split - c->in.data) + 4;
	head = xstrndup(c->in.data, head_len);
	body_len = content_length(head);
	if (!answer_as_proxy(c, head, head_len) && c->in.len >= head_len + body_len)
		answer(c, head, c->in.data + head_len, body_len);
	free(head);
}

static bool is_cut_off(struct client *c)
{
	struct model_server *s = c->server;

	if (s->cuts <= 0 || c->in.len < s->cut_at)
		return false;
	s->cuts--;
	return true;
}

static void readable(void *arg, int fd, short revents)
{
	struct client *c = arg;
	static char chunk[65536];
	ssize_t n = recv(fd, chunk, sizeof(chunk), 0);
	bool alive = n > 0;

	if (alive && c->tls) {
		alive = model_session_feed(c->tls, chunk, (size_t)n, &c->in, &c->out);
		flush(c);
	} else if (alive) {
		buf_add(&c->in, chunk, (size_t)n);
	}
	if (!alive || is_cut_off(c))
		close_client(c, false);
	else if (c->in.len && (c->is_h2 = c->tls && model_session_is_h2(c->tls)))
		take_frames(c);
	else if (c->in.len)
		take_request(c);
}

static void accept_client(void *arg, int fd, short revents)
{
	struct model_server *s = arg;
	struct client *c = xcalloc(1, sizeof(*c));

	c->server = s;
	c->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	c->next = s->clients;
	s->clients = c;
	if (s->tls && !s->proxy_status)
		c->tls = model_session_new(s->tls);
	c->watch = loop_add_fd(s->loop, c->fd, POLLIN, readable, c);
}

struct model_server *model_server_new(struct loop *loop, model_answer_fn *fn, void *arg)
{
	return model_server_new_at(0, loop, fn, arg);
}

struct model_server *model_server_new_at(int port, struct loop *loop, model_answer_fn *fn, void *arg)
{
	struct model_server *s = xcalloc(1, sizeof(*s));
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port) };
	socklen_t len = sizeof(addr);
	int on = 1;

	s->loop = loop;
	s->fn = fn;
	s->arg = arg;
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(s->fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 || listen(s->fd, 16) != 0 ||
	    getsockname(s->fd, (struct sockaddr *)&addr, &len) != 0)
		abort();
	s->port = ntohs(addr.sin_port);
	s->watch = loop_add_fd(loop, s->fd, POLLIN, accept_client, s);
	return s;
}

void model_server_free(struct model_server *s)
{
	while (s->clients)
		close_client(s->clients, false);
	loop_remove_fd(s->loop, s->watch);
	close(s->fd);
	buf_release(&s->tunnel_head);
	free(s);
}

int model_server_port(const struct model_server *s)
{
	return s->port;
}

void model_server_use_tls(struct model_server *s, struct model_tls *tls)
{
	s->tls = tls;
}

void model_server_be_proxy(struct model_server *s, int status)
{
	s->proxy_status = status;
}

int model_server_tunnels(const struct model_server *s)
{
	return s->tunnels;
}

const char *model_server_tunnel_head(const struct model_server *s)
{
	return buf_cstr(&s->tunnel_head);
}

void model_server_cut_uploads(struct model_server *s, size_t at, int times)
{
	s->cut_at = at;
	s->cuts = times;
}

void model_server_on_hang(struct model_server *s, void (*fn)(void *arg))
{
	s->hung = fn;
}
