#include "avo.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "sandbox/sandbox.h"
#include "worker/backend.h"
#include "worker/job.h"
#include "worker/runner.h"
#include "worker/serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEARTBEAT_MS 2000
#define LINE_MAX_BYTES ((size_t)1 << 20)	/* of a request; paths travel, not sources */
#define DEADLINE_DEFAULT_S 300.0
#define PATIENCE_S 60			/* an engine that pings and then says nothing for so long is gone, or cut off */

struct front {
	struct loop *loop;
	struct buf input, results;
	bool skipping;			/* the rest of a line that was too long */
	int exit_status;
	/* the runner */
	pid_t pid;			/* 0: none */
	int to, from;
	struct loop_fd *watch;
	/* the job it has */
	bool busy;
	int64_t id;
	char engine[32];		/* the version that asked, given back with the result */
	struct loop_timer *deadline;
	/* the engine */
	int64_t patience_ms;
	struct loop_timer *silence;	/* runs from the first ping on */
};

static void leave(struct front *f, int status)
{
	f->exit_status = status;
	loop_stop(f->loop);
}

static void send_line(struct front *f, cJSON *line)
{
	if (!job_write_line(1, line))
		leave(f, 0);		/* nobody is there any more */
	cJSON_Delete(line);
}

static cJSON *event(const char *name, const int64_t *id)
{
	cJSON *line = cJSON_CreateObject();

	if (id)
		json_set_int(line, "id", *id);
	json_set_str(line, "event", name);
	return line;
}

static void send_result(struct front *f, int64_t id, enum verdict v, const char *reason)
{
	cJSON *line = event("result", &id);

	json_set_str(line, "verdict", verdict_name(v));
	json_set_str(line, "reason", reason);
	send_line(f, line);
}

static void end_job(struct front *f)
{
	f->busy = false;
	loop_remove_timer(f->loop, f->deadline);
	f->deadline = NULL;
}

static void stop_runner(struct front *f)
{
	if (!f->pid)
		return;
	loop_remove_fd(f->loop, f->watch);
	f->watch = NULL;
	close(f->to);
	close(f->from);
	child_kill(f->pid);
	f->pid = 0;
	buf_clear(&f->results);
}

/* Ends the job with our own verdict; killing the runner kills the compiler and the candidates. */
static void abort_job(struct front *f, enum verdict v, const char *reason)
{
	stop_runner(f);
	end_job(f);
	send_result(f, f->id, v, reason);
}

/* Told to leave (preempted, at the end of an allocation): the job goes back, so that another worker gets it. */
static void hand_back(struct front *f)
{
	send_line(f, event("leaving", f->busy ? &f->id : NULL));
	if (f->busy)
		abort_job(f, VERDICT_CANCELLED, "worker leaves");
	leave(f, 0);
}

static const int leave_signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2 };

/* A scheduler signals every process of a step: what a candidate does that was ended by that says nothing about it. */
static bool told_to_leave(void)
{
	sigset_t pending;
	size_t i;

	sigpending(&pending);
	for (i = 0; i < ARRAY_LEN(leave_signals); i++)
		if (sigismember(&pending, leave_signals[i]))
			return true;
	return false;
}

static void forward(struct front *f, const char *line, size_t len)
{
	cJSON *value = NULL;
	bool result;

	if (json_parse(&value, line, len, NULL) != AVO_OK)
		return;
	result = strcmp(json_str(value, "event", ""), "result") == 0;
	if (result && told_to_leave()) {
		cJSON_Delete(value);
		hand_back(f);
		return;
	}
	if (result) {
		end_job(f);
		json_set_str(value, "engine", *f->engine ? f->engine : NULL);
		json_set_str(value, "worker", PACKAGE_VERSION);
	}
	send_line(f, value);
}

static void runner_gone(struct front *f)
{
	char how[96], reason[160];
	int status = 0;

	waitpid(f->pid, &status, 0);
	child_describe(how, sizeof(how), status);
	snprintf(reason, sizeof(reason), "the worker's own process ended (%s)", how);
	log_error("%s", reason);
	f->pid = 0;
	loop_remove_fd(f->loop, f->watch);
	f->watch = NULL;
	close(f->to);
	close(f->from);
	buf_clear(&f->results);
	if (f->busy) {
		end_job(f);
		send_result(f, f->id, VERDICT_EVALUATOR_FAULT, reason);
	}
}

static void on_runner(void *arg, int fd, short revents)
{
	struct front *f = arg;
	char *room = buf_reserve(&f->results, 65536), *newline;
	ssize_t n = room ? read(fd, room, 65536) : 0;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		runner_gone(f);
		return;
	}
	buf_commit(&f->results, (size_t)n);
	while (f->results.len && (newline = memchr(f->results.data, '\n', f->results.len))) {
		size_t len = (size_t)(newline - f->results.data);

		forward(f, f->results.data, len);
		buf_consume(&f->results, len + 1);
	}
}

static void become_runner(int in, int out, pid_t parent)
{
	sigset_t none;
	size_t i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	setpgid(0, 0);
	/* it is the front that leaves, and takes this process along; its children have the default again */
	for (i = 0; i < ARRAY_LEN(leave_signals); i++)
		signal(leave_signals[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* not the engine's: a reader that never comes must not hold a job */
	dup2(2, 1);
	close(0);
	runner_main(in, out);
	_exit(0);
}

static enum avo_status start_runner(struct front *f, struct error *err)
{
	int request[2], answer[2];
	pid_t parent = getpid();
	enum avo_status st;

	if (f->pid)
		return AVO_OK;
	st = child_pipe(request, err);
	if (st != AVO_OK)
		return st;
	st = child_pipe(answer, err);
	if (st != AVO_OK) {
		close(request[0]);
		close(request[1]);
		return st;
	}
	f->pid = fork();
	if (f->pid == 0) {
		close(request[1]);
		close(answer[0]);
		become_runner(request[0], answer[1], parent);
	}
	close(request[0]);
	close(answer[1]);
	f->to = request[1];
	f->from = answer[0];
	if (f->pid < 0) {
		f->pid = 0;
		close(f->to);
		close(f->from);
		return error_errno(err, errno, "cannot start a process");
	}
	f->watch = loop_add_fd(f->loop, f->from, POLLIN, on_runner, f);
	return AVO_OK;
}

static void on_deadline(void *arg)
{
	struct front *f = arg;

	f->deadline = NULL;
	abort_job(f, VERDICT_TIMED_OUT, "the job reached its deadline");
}

static void start_job(struct front *f, const cJSON *request)
{
	double deadline_s = json_num(request, "deadline_s", DEADLINE_DEFAULT_S);
	int64_t id = json_int(request, "id", -1);
	struct error err = { 0 };

	if (f->busy) {
		send_result(f, id, VERDICT_EVALUATOR_FAULT, "the worker is busy with another job; it queues none");
		return;
	}
	if (start_runner(f, &err) != AVO_OK) {
		send_result(f, id, VERDICT_EVALUATOR_FAULT, err.text);
		return;
	}
	f->busy = true;
	f->id = id;
	snprintf(f->engine, sizeof(f->engine), "%.31s", json_str(request, "engine", ""));
	if (!(deadline_s > 0 && deadline_s < 1e6))
		deadline_s = DEADLINE_DEFAULT_S;
	f->deadline = loop_add_timer(f->loop, (int64_t)(deadline_s * 1000), on_deadline, f);
	if (!job_write_line(f->to, request))
		runner_gone(f);
}

static void complain(struct front *f, const cJSON *request, const char *text)
{
	cJSON *line = event("error", NULL);
	const cJSON *id = json_get(request, "id");

	if (cJSON_IsNumber(id))
		json_set_int(line, "id", json_int(request, "id", -1));
	json_set_str(line, "text", text);
	send_line(f, line);
}

static void listen_for_engine(struct front *f);

static void on_silence(void *arg)
{
	struct front *f = arg;
	struct pollfd p = { .fd = 0, .events = POLLIN };

	f->silence = NULL;
	/* this process may be the one that was stopped */
	if (poll(&p, 1, 0) > 0 && (p.revents & POLLIN)) {
		listen_for_engine(f);
		return;
	}
	log_warn("the engine has said nothing for %lld s: leaving", (long long)f->patience_ms / 1000);
	leave(f, 0);
}

static void listen_for_engine(struct front *f)
{
	loop_remove_timer(f->loop, f->silence);
	f->silence = loop_add_timer(f->loop, f->patience_ms, on_silence, f);
}

static void handle(struct front *f, const cJSON *request)
{
	const char *op = json_str(request, "op", "");
	bool job = strcmp(op, "evaluate") == 0 || strcmp(op, "peers") == 0 || strcmp(op, "profile") == 0;

	if (strcmp(op, "quit") == 0) {
		leave(f, 0);
	} else if (strcmp(op, "ping") == 0) {
		listen_for_engine(f);
	} else if (strcmp(op, "cancel") == 0) {
		/* of a job that is over: its result is on the way */
		if (f->busy && json_int(request, "id", -1) == f->id)
			abort_job(f, VERDICT_CANCELLED, "cancelled");
	} else if (job && json_int(request, "id", -1) >= 0) {
		start_job(f, request);
	} else if (job) {
		complain(f, request, "a job needs an id, a number from 0 on");
	} else {
		complain(f, request, "unknown op (evaluate, peers, profile, cancel, ping, quit)");
	}
}

static void handle_line(struct front *f, const char *line, size_t len)
{
	cJSON *request = NULL;
	struct error err = { 0 };

	if (len == 0)
		return;
	if (f->silence)
		listen_for_engine(f);
	if (json_parse(&request, line, len, &err) != AVO_OK)
		complain(f, NULL, err.text);
	else if (!cJSON_IsObject(request))
		complain(f, NULL, "a request is a JSON object on one line");
	else
		handle(f, request);
	cJSON_Delete(request);
}

/* Lines past the limit are dropped whole, with one complaint. */
static void take_lines(struct front *f)
{
	char *newline;

	while (f->input.len && (newline = memchr(f->input.data, '\n', f->input.len))) {
		size_t len = (size_t)(newline - f->input.data);

		if (!f->skipping)
			handle_line(f, f->input.data, len);
		f->skipping = false;
		buf_consume(&f->input, len + 1);
	}
	if (f->input.len > LINE_MAX_BYTES) {
		if (!f->skipping)
			complain(f, NULL, "a line is longer than 1 MiB");
		f->skipping = true;
		buf_clear(&f->input);
	}
}

static void on_stdin(void *arg, int fd, short revents)
{
	struct front *f = arg;
	char *room = buf_reserve(&f->input, 65536);
	ssize_t n = room ? read(fd, room, 65536) : 0;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		leave(f, 0);
		return;
	}
	buf_commit(&f->input, (size_t)n);
	take_lines(f);
}

static void on_heartbeat(void *arg)
{
	struct front *f = arg;

	send_line(f, event("heartbeat", f->busy ? &f->id : NULL));
	loop_add_timer(f->loop, HEARTBEAT_MS, on_heartbeat, f);
}

static void on_signal(void *arg, int sig)
{
	hand_back(arg);
}

static int64_t patience(void)
{
	const char *text = getenv("AVO_WORKER_PATIENCE");	/* tests */
	long s;

	return text && str_to_long(&s, text, 1, 3600) ? s * 1000 : PATIENCE_S * 1000;
}

static void say_hello(struct front *f)
{
	const struct backend_ops *const *table = backend_table();
	cJSON *hello = cJSON_CreateObject(), *names = cJSON_CreateArray();
	char host[128] = "", device[160], sandbox[64];
	int i;

	gethostname(host, sizeof(host) - 1);
	json_set_int(hello, "hello", 1);
	json_set_str(hello, "worker", PACKAGE_VERSION);
	json_set_str(hello, "host", host);
	json_set_int(hello, "pid", getpid());
	json_set_int(hello, "patience_s", f->patience_ms / 1000);
	for (i = 0; table[i]; i++)
		if (table[i]->probe(device, sizeof(device))) {
			json_push(names, cJSON_CreateString(table[i]->name));
			/* the table ends with the most capable device */
			json_set_str(hello, "device", device);
		}
	json_set(hello, "backends", names);
	json_set_str(hello, "sandbox", sandbox_describe(sandbox, sizeof(sandbox), sandbox_layers()));
	send_line(f, hello);
}

int worker_serve(void)
{
	struct front f = { .exit_status = 0 };
	struct error err = { 0 };
	size_t i;

	if (loop_new(&f.loop, &err) != AVO_OK) {
		log_error("%s", err.text);
		return error_exit_status(err.status);
	}
	signal(SIGPIPE, SIG_IGN);
	f.patience_ms = patience();
	for (i = 0; i < ARRAY_LEN(leave_signals); i++)
		loop_on_signal(f.loop, leave_signals[i], on_signal, &f);
	loop_add_fd(f.loop, 0, POLLIN, on_stdin, &f);
	loop_add_timer(f.loop, HEARTBEAT_MS, on_heartbeat, &f);
	say_hello(&f);
	loop_run(f.loop);
	stop_runner(&f);
	loop_free(f.loop);
	buf_release(&f.input);
	buf_release(&f.results);
	return f.exit_status;
}
