#include "avo.h"
#include "base/buf.h"
#include "base/child.h"
#include "base/log.h"
#include "base/mem.h"
#include "score/command.h"
#include "score/ending.h"
#include "score/link.h"
#include "score/words.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define LINE_MAX_BYTES ((size_t)16 << 20)
#define LAST_WORDS_MS 500		/* between the end of its output and its own end, or the other way round */
#define BANNER_LINES 200		/* what ssh, srun and shell profiles may print before the worker speaks */

struct worker_link {
	struct loop *loop;
	struct link_callbacks cb;
	void *arg;
	pid_t pid;
	int to, from, said_fd;
	struct loop_fd *reader, *writer, *said_reader;
	struct loop_child *child;
	struct loop_timer *silence;
	struct loop_timer *last;	/* one of output and process has ended, the other not yet */
	int64_t silence_ms;
	struct buf input, output;
	struct words words;
	bool spoken;			/* said something in JSON */
	int banner;
	bool exited, gone;
	int wait_status;
	bool *freed;			/* set when it is retired during a callback */
	struct ending *ending;
	worker_link_retired_fn *retired;
	void *retired_arg;
};

static void close_pair(int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

static enum avo_status three_pipes(int fds[3][2], struct error *err)
{
	enum avo_status st;
	int i;

	for (i = 0; i < 3; i++) {
		st = child_pipe(fds[i], err);
		if (st == AVO_OK)
			continue;
		while (i-- > 0)
			close_pair(fds[i]);
		return st;
	}
	return AVO_OK;
}

static enum avo_status spawn(struct worker_link *l, const char *command, struct error *err)
{
	const char *argv[] = { "/bin/sh", "-c", command, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	int fds[3][2];
	enum avo_status st = three_pipes(fds, err);

	if (st != AVO_OK)
		return st;
	spec.argv = argv;
	spec.stdin_fd = fds[0][0];
	spec.stdout_fd = fds[1][1];
	spec.stderr_fd = fds[2][1];
	spec.die_with_parent = true;
	/* what srun and ssh need to take their work on the node with them */
	spec.death_signal = SIGTERM;
	st = child_spawn(&l->pid, &spec, err);
	close(fds[0][0]);
	close(fds[1][1]);
	close(fds[2][1]);
	l->to = fds[0][1];
	l->from = fds[1][0];
	l->said_fd = fds[2][0];
	return st;
}

static void lose(struct worker_link *l, const char *why)
{
	if (l->gone)
		return;
	l->gone = true;
	l->cb.gone(l->arg, why);	/* retires l */
}

/* --- what it says on stderr -------------------------------------------------------- */

const char *worker_link_said(const struct worker_link *l, int index)
{
	return words_line(&l->words, index);
}

static void on_said(void *arg, int fd, short revents)
{
	struct worker_link *l = arg;
	char chunk[4096];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		loop_remove_fd(l->loop, l->said_reader);
		l->said_reader = NULL;
		return;
	}
	words_add(&l->words, chunk, (size_t)n);
	if (!l->gone && l->cb.said)
		l->cb.said(l->arg);
}

/* --- its end ------------------------------------------------------------------------- */

static void lose_ended(struct worker_link *l)
{
	char how[96] = "its output is closed", why[96 + WORDS_LINE_BYTES + 64];
	const char *word;

	words_end(&l->words);
	word = words_last(&l->words);
	if (l->exited)
		child_describe(how, sizeof(how), l->wait_status);
	snprintf(why, sizeof(why), "the worker ended (%s)%s%s", how, word ? ": " : "", word ? word : "");
	lose(l, why);
}

static void on_last(void *arg)
{
	struct worker_link *l = arg;

	l->last = NULL;
	lose_ended(l);
}

/* Its output or itself has ended: with the other one, and its last words, or soon without them. */
static void wait_for_rest(struct worker_link *l)
{
	bool all = l->exited && !l->reader && !l->said_reader;

	if (l->gone)
		return;
	if (l->last && !all)
		return;
	loop_remove_timer(l->loop, l->last);
	l->last = loop_add_timer(l->loop, all ? 0 : LAST_WORDS_MS, on_last, l);
}

static void on_exit_status(void *arg, pid_t pid, int wait_status)
{
	struct worker_link *l = arg;

	l->child = NULL;
	l->exited = true;
	l->wait_status = wait_status;
	wait_for_rest(l);
}

bool worker_link_has_word(const struct worker_link *l)
{
	struct pollfd p = { .fd = l->from, .events = POLLIN };

	return l->reader && poll(&p, 1, 0) > 0 && (p.revents & POLLIN);
}

static void hear(struct worker_link *l);

static void on_silence(void *arg)
{
	struct worker_link *l = arg;

	l->silence = NULL;
	if (worker_link_has_word(l))
		hear(l);
	else
		lose(l, "the worker fell silent");
}

static void hear(struct worker_link *l)
{
	loop_remove_timer(l->loop, l->silence);
	l->silence = loop_add_timer(l->loop, l->silence_ms, on_silence, l);
}

/* --- what it says ------------------------------------------------------------------------ */

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
	/* a banner may be JSON, too */
	if (!l->spoken && !json_get(value, "hello")) {
		cJSON_Delete(value);
		return true;
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

static void end_of_output(struct worker_link *l)
{
	loop_remove_fd(l->loop, l->reader);
	l->reader = NULL;
	wait_for_rest(l);
}

static void on_readable(void *arg, int fd, short revents)
{
	struct worker_link *l = arg;
	char *room = buf_reserve(&l->input, 65536), *newline;
	ssize_t n = room ? read(fd, room, 65536) : -1;

	if (n < 0 && room && (errno == EAGAIN || errno == EINTR))
		return;
	if (!room) {
		lose(l, "the worker wrote a line without end");
		return;
	}
	if (n <= 0) {
		end_of_output(l);
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

static void stop_writing(struct worker_link *l)
{
	loop_remove_fd(l->loop, l->writer);
	l->writer = NULL;
}

static void on_writable(void *arg, int fd, short revents)
{
	struct worker_link *l = arg;
	ssize_t n = write(fd, l->output.data, l->output.len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* nobody reads it: the end of its output, or of itself, says why */
	if (n < 0) {
		stop_writing(l);
		return;
	}
	buf_consume(&l->output, (size_t)n);
	if (l->output.len == 0)
		stop_writing(l);
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
	l->to = l->from = l->said_fd = -1;
	buf_init(&l->input, LINE_MAX_BYTES);
	/* a worker that is gone shows as EPIPE */
	signal(SIGPIPE, SIG_IGN);
	st = worker_command_expand(&text, command, err);
	if (st == AVO_OK)
		st = spawn(l, buf_cstr(&text), err);
	buf_release(&text);
	if (st != AVO_OK) {
		worker_link_free(l);
		return st;
	}
	fd_nonblock(l->to);
	fd_nonblock(l->from);
	fd_nonblock(l->said_fd);
	l->reader = loop_add_fd(loop, l->from, POLLIN, on_readable, l);
	l->said_reader = loop_add_fd(loop, l->said_fd, POLLIN, on_said, l);
	l->child = loop_add_child(loop, l->pid, on_exit_status, l);
	*out = l;
	return AVO_OK;
}

void worker_link_send(struct worker_link *l, const cJSON *object)
{
	json_print(&l->output, object);
	buf_addch(&l->output, '\n');
	if (!l->writer)
		l->writer = loop_add_fd(l->loop, l->to, POLLOUT, on_writable, l);
}

/* --- leave ---------------------------------------------------------------------------------- */

static void release(struct worker_link *l)
{
	int fds[] = { l->to, l->from, l->said_fd };
	size_t i;

	loop_remove_timer(l->loop, l->silence);
	loop_remove_timer(l->loop, l->last);
	loop_remove_fd(l->loop, l->reader);
	loop_remove_fd(l->loop, l->writer);
	loop_remove_fd(l->loop, l->said_reader);
	loop_remove_child(l->loop, l->child);
	for (i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	buf_release(&l->input);
	buf_release(&l->output);
	words_release(&l->words);
	free(l);
}

/* What it still writes is read and thrown away: nobody is ended by a full pipe, or by a broken one. */
static void on_discard(void *arg, int fd, short revents)
{
	struct worker_link *l = arg;
	char chunk[16384];

	if (read(fd, chunk, sizeof(chunk)) > 0 || errno == EAGAIN || errno == EINTR)
		return;
	loop_remove_fd(l->loop, l->reader);
	l->reader = NULL;
}

/* "quit" goes out with what waits, as far as the pipe takes it; the end of stdin says the same. */
static void say_quit(struct worker_link *l)
{
	static const char quit[] = "{\"op\":\"quit\"}\n";
	ssize_t n;

	buf_addstr(&l->output, quit);
	n = write(l->to, l->output.data, l->output.len);
	if (n < 0)
		log_debug("the worker reads nothing any more");
}

static void on_ended(void *arg, bool killed)
{
	struct worker_link *l = arg;
	worker_link_retired_fn *retired = l->retired;
	void *retired_arg = l->retired_arg;

	l->ending = NULL;
	release(l);
	if (retired)
		retired(retired_arg, killed);
}

static void begin_ending(struct worker_link *l)
{
	if (l->freed)
		*l->freed = true;
	l->freed = NULL;
	l->gone = true;
	loop_remove_timer(l->loop, l->silence);
	loop_remove_timer(l->loop, l->last);
	loop_remove_child(l->loop, l->child);
	loop_remove_fd(l->loop, l->writer);
	l->silence = l->last = NULL;
	l->child = NULL;
	l->writer = NULL;
	if (l->spoken)
		say_quit(l);
	close(l->to);
	l->to = -1;
	if (l->reader) {
		loop_remove_fd(l->loop, l->reader);
		l->reader = loop_add_fd(l->loop, l->from, POLLIN, on_discard, l);
	}
	/* who never spoke does not read either */
	l->ending = ending_begin(l->loop, l->pid, l->exited, l->spoken, on_ended, l);
}

void worker_link_retire(struct worker_link *l, worker_link_retired_fn *done, void *arg)
{
	l->retired = done;
	l->retired_arg = arg;
	begin_ending(l);
}

void worker_link_free(struct worker_link *l)
{
	if (!l)
		return;
	if (l->pid > 0 && !l->ending)
		begin_ending(l);
	ending_finish(l->ending);
	release(l);
}
