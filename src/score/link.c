#include "avo.h"
#include "base/buf.h"
#include "base/child.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "score/link.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#define LINE_MAX_BYTES ((size_t)16 << 20)
#define BANNER_LINES 200		/* what ssh, srun and shell profiles may print before the worker speaks */

struct worker_link {
	struct loop *loop;
	struct link_callbacks cb;
	void *arg;
	pid_t pid;
	int to, from;
	struct loop_fd *reader, *writer;
	struct loop_timer *silence;
	int64_t silence_ms;
	struct buf input, output;
	bool spoken;			/* said something in JSON */
	int banner;
	bool gone;
	bool *freed;			/* set when freed during a callback */
};

static void add_quoted(struct buf *out, const char *text)
{
	buf_addch(out, '\'');
	for (; *text; text++)
		if (*text == '\'')
			buf_addstr(out, "'\\''");
		else
			buf_addch(out, *text);
	buf_addch(out, '\'');
}

/* The template with {worker} replaced, for sh. */
static enum avo_status expand(struct buf *out, const char *command, struct error *err)
{
	static const char mark[] = "{worker}";
	const char *hit;
	char *worker;

	buf_addstr(out, "exec ");
	while ((hit = strstr(command, mark))) {
		worker = path_program("avo-worker");
		if (!worker)
			return error_set(err, AVO_ENVIRONMENT,
					 "avo-worker is neither beside avo nor in $PATH; build it, or name it in the worker's command");
		buf_add(out, command, (size_t)(hit - command));
		add_quoted(out, worker);
		free(worker);
		command = hit + sizeof(mark) - 1;
	}
	buf_addstr(out, command);
	return AVO_OK;
}

static enum avo_status spawn(struct worker_link *l, const char *command, struct error *err)
{
	const char *argv[] = { "/bin/sh", "-c", command, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	int in[2], out[2];
	enum avo_status st = child_pipe(in, err);

	if (st != AVO_OK)
		return st;
	st = child_pipe(out, err);
	if (st != AVO_OK) {
		close(in[0]);
		close(in[1]);
		return st;
	}
	spec.argv = argv;
	spec.stdin_fd = in[0];
	spec.stdout_fd = out[1];
	spec.stderr_fd = 2;
	spec.die_with_parent = true;
	st = child_spawn(&l->pid, &spec, err);
	close(in[0]);
	close(out[1]);
	l->to = in[1];
	l->from = out[0];
	return st;
}

static void lose(struct worker_link *l, const char *why)
{
	if (l->gone)
		return;
	l->gone = true;
	l->cb.gone(l->arg, why);	/* may free l */
}

static void on_silence(void *arg)
{
	struct worker_link *l = arg;

	l->silence = NULL;
	lose(l, l->spoken ? "the worker fell silent" : "the worker did not start talking");
}

static void hear(struct worker_link *l)
{
	loop_remove_timer(l->loop, l->silence);
	l->silence = loop_add_timer(l->loop, l->spoken ? l->silence_ms : 10 * l->silence_ms, on_silence, l);
}

static bool take_line(struct worker_link *l, const char *line, size_t len)
{
	bool freed = false;
	cJSON *value = NULL;

	if (len == 0)
		return true;
	if (json_parse(&value, line, len, NULL) != AVO_OK || !cJSON_IsObject(value)) {
		cJSON_Delete(value);
		if (!l->spoken && ++l->banner <= BANNER_LINES)
			return true;
		log_warn("the worker wrote something that is no JSON object: %.*s", (int)(len < 80 ? len : 80), line);
		lose(l, "the worker talks nonsense");
		return false;
	}
	l->spoken = true;
	hear(l);
	l->freed = &freed;
	l->cb.message(l->arg, value);
	if (!freed)
		l->freed = NULL;
	cJSON_Delete(value);
	return !freed;
}

static void on_readable(void *arg, int fd, short revents)
{
	struct worker_link *l = arg;
	char *room = buf_reserve(&l->input, 65536), *newline;
	ssize_t n = room ? read(fd, room, 65536) : -1;

	if (n < 0 && room && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		lose(l, room ? "the worker ended" : "the worker wrote a line without end");
		return;
	}
	buf_commit(&l->input, (size_t)n);
	while (l->input.len && (newline = memchr(l->input.data, '\n', l->input.len))) {
		size_t len = (size_t)(newline - l->input.data);

		*newline = '\0';
		if (!take_line(l, l->input.data, len))
			return;		/* l may be gone */
		buf_consume(&l->input, len + 1);
	}
}

static void on_writable(void *arg, int fd, short revents)
{
	struct worker_link *l = arg;
	ssize_t n = write(fd, l->output.data, l->output.len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		lose(l, "the worker ended");
		return;
	}
	buf_consume(&l->output, (size_t)n);
	if (l->output.len == 0) {
		loop_remove_fd(l->loop, l->writer);
		l->writer = NULL;
	}
}

enum avo_status worker_link_new(struct worker_link **out, struct loop *loop, const char *command, int64_t silence_ms,
			 const struct link_callbacks *cb, void *arg, struct error *err)
{
	struct worker_link *l = xcalloc(1, sizeof(*l));
	struct buf text = BUF_INIT;
	enum avo_status st;

	l->loop = loop;
	l->cb = *cb;
	l->arg = arg;
	l->silence_ms = silence_ms;
	l->to = l->from = -1;
	buf_init(&l->input, LINE_MAX_BYTES);
	/* a worker that is gone shows as EPIPE */
	signal(SIGPIPE, SIG_IGN);
	st = expand(&text, command, err);
	if (st == AVO_OK)
		st = spawn(l, buf_cstr(&text), err);
	buf_release(&text);
	if (st != AVO_OK) {
		worker_link_free(l);
		return st;
	}
	fd_nonblock(l->to);
	fd_nonblock(l->from);
	l->reader = loop_add_fd(loop, l->from, POLLIN, on_readable, l);
	hear(l);
	*out = l;
	return AVO_OK;
}

void worker_link_free(struct worker_link *l)
{
	if (!l)
		return;
	if (l->freed)
		*l->freed = true;
	loop_remove_timer(l->loop, l->silence);
	loop_remove_fd(l->loop, l->reader);
	loop_remove_fd(l->loop, l->writer);
	if (l->to >= 0)
		close(l->to);
	if (l->from >= 0)
		close(l->from);
	child_kill(l->pid);
	buf_release(&l->input);
	buf_release(&l->output);
	free(l);
}

void worker_link_send(struct worker_link *l, const cJSON *object)
{
	json_print(&l->output, object);
	buf_addch(&l->output, '\n');
	if (!l->writer)
		l->writer = loop_add_fd(l->loop, l->to, POLLOUT, on_writable, l);
}
