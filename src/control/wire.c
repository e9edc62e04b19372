#include "avo.h"
#include "control/wire.h"
#include "base/child.h"
#include "base/mem.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_CHUNK 65536
#define READS_PER_FILL 4
#define SEND_COMPACT 65536

void wire_init(struct wire *w, int fd, size_t max_line)
{
	memset(w, 0, sizeof(*w));
	w->fd = fd;
	w->max_line = max_line;
	buf_init(&w->in, max_line + READ_CHUNK * (READS_PER_FILL + 1));
	buf_init(&w->out, 0);
}

void wire_release(struct wire *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	buf_release(&w->in);
	buf_release(&w->out);
}

static void compact_input(struct wire *w)
{
	buf_consume(&w->in, w->start);
	w->scanned -= w->start;
	w->start = 0;
}

enum avo_status wire_fill(struct wire *w, struct error *err)
{
	int i;

	compact_input(w);
	for (i = 0; i < READS_PER_FILL; i++) {
		char *room = buf_reserve(&w->in, READ_CHUNK);
		ssize_t n;

		if (!room)
			break;	/* the reader is behind: the socket waits */
		n = recv(w->fd, room, READ_CHUNK, MSG_DONTWAIT);
		if (n > 0) {
			buf_commit(&w->in, (size_t)n);
			continue;
		}
		if (n == 0)
			w->ended = true;
		else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			return error_set(err, AVO_CLOSED, "the connection broke: %s", strerror(errno));
		break;
	}
	w->in.overflow = false;
	return AVO_OK;
}

/* No whole line yet: remember what was looked at, and give up on a line that grows too long. */
static void wait_for_more(struct wire *w)
{
	w->scanned = w->in.len;
	if (!w->skipping && w->in.len - w->start <= w->max_line)
		return;
	w->skipping = true;
	buf_clear(&w->in);
	w->start = w->scanned = 0;
}

enum wire_line wire_next(struct wire *w, const char **line, size_t *len)
{
	char *newline = NULL;

	if (w->in.len > w->scanned)
		newline = memchr(w->in.data + w->scanned, '\n', w->in.len - w->scanned);
	if (!newline) {
		wait_for_more(w);
		return WIRE_NONE;
	}
	*line = w->in.data + w->start;
	*len = (size_t)(newline - *line);
	w->start = w->scanned = (size_t)(newline - w->in.data) + 1;
	if (!w->skipping && *len <= w->max_line)
		return WIRE_LINE;
	w->skipping = false;
	return WIRE_TOO_LONG;
}

void wire_put_text(struct wire *w, const char *text, size_t len)
{
	buf_add(&w->out, text, len);
	buf_addch(&w->out, '\n');
}

void wire_put(struct wire *w, const cJSON *value)
{
	json_print(&w->out, value);
	buf_addch(&w->out, '\n');
}

size_t wire_queued(const struct wire *w)
{
	return w->out.len - w->out_sent;
}

enum avo_status wire_flush(struct wire *w, struct error *err)
{
	while (wire_queued(w)) {
		ssize_t n = send(w->fd, w->out.data + w->out_sent, wire_queued(w), MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
			return error_set(err, AVO_CLOSED, "the connection broke: %s", strerror(errno));
		if (n < 0)
			break;
		w->out_sent += (size_t)n;
	}
	if (!wire_queued(w)) {
		buf_clear(&w->out);
		w->out_sent = 0;
	} else if (w->out_sent >= SEND_COMPACT) {
		buf_consume(&w->out, w->out_sent);
		w->out_sent = 0;
	}
	return AVO_OK;
}

/* Fills the address; *dir_fd is open while the address is in use, -1 when it is not needed. */
static enum avo_status make_address(struct sockaddr_un *address, int *dir_fd, const char *path, struct error *err)
{
	const char *base = path_basename(path);
	char *dir;

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	*dir_fd = -1;
	if (strlen(path) < sizeof(address->sun_path)) {
		memcpy(address->sun_path, path, strlen(path) + 1);
		return AVO_OK;
	}
	dir = xstrndup(path, (size_t)(base - path));
	*dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (*dir_fd < 0)
		return error_errno(err, errno, "cannot open the directory of %s", path);
	snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%.64s", *dir_fd, base);
	return AVO_OK;
}

static enum avo_status bind_and_listen(int fd, const struct sockaddr_un *address, const char *path, struct error *err)
{
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) != 0)
		return error_errno(err, errno, "cannot make the socket %s", path);
	if (chmod(path, 0600) != 0)
		return error_errno(err, errno, "cannot protect the socket %s", path);
	if (listen(fd, 64) != 0)
		return error_errno(err, errno, "cannot listen on %s", path);
	return AVO_OK;
}

enum avo_status wire_listen(int *out, const char *path, struct error *err)
{
	struct sockaddr_un address;
	enum avo_status st;
	int fd, dir_fd;

	st = make_address(&address, &dir_fd, path, err);
	if (st != AVO_OK)
		return st;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	st = fd < 0 ? error_errno(err, errno, "cannot make a socket") : bind_and_listen(fd, &address, path, err);
	if (dir_fd >= 0)
		close(dir_fd);
	if (st == AVO_OK)
		*out = fd;
	else if (fd >= 0)
		close(fd);
	return st;
}

static enum avo_status connect_failed(int error, const char *path, struct error *err)
{
	if (error == ENOENT || error == ECONNREFUSED || error == ENOTDIR)
		return error_set(err, AVO_NEGATIVE, "nobody listens on %s", path);
	return error_errno(err, error, "cannot connect to %s", path);
}

enum avo_status wire_connect(int *out, const char *path, struct error *err)
{
	struct sockaddr_un address;
	enum avo_status st;
	int fd, dir_fd;

	st = make_address(&address, &dir_fd, path, err);
	if (st != AVO_OK)
		return path_exists(path) ? st : connect_failed(ENOENT, path, err);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		st = error_errno(err, errno, "cannot make a socket");
	else if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		st = connect_failed(errno, path, err);
	if (dir_fd >= 0)
		close(dir_fd);
	if (st == AVO_OK) {
		fd_nonblock(fd);
		*out = fd;
	} else if (fd >= 0) {
		close(fd);
	}
	return st;
}
