/* The engine as a process: its life from lock to last line, in the foreground or in a session of its own. */
#include "avo.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "engine/internal.h"
#include "llm/key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_MAX_BYTES (4 << 20)
#define START_MS 60000		/* a journal of a million events is read in this */

static enum avo_status find_dirs(struct engine *e, const char *run_dir, struct error *err)
{
	char path[PATH_MAX], word[PATH_WORD_SIZE];
	char *dot;

	if (!realpath(run_dir, path))
		return error_errno(err, errno, "cannot find the run %s", run_dir);
	e->run_dir = xstrdup(path);
	e->scratch_dir = path_join(e->run_dir, ".avo/work");
	dot = path_join(e->run_dir, ".avo");
	if (!path_is_dir(dot)) {
		free(dot);
		return error_set(err, AVO_NEGATIVE, "%s is not a run; make one with: avo init %s", e->run_dir, path_word(word, run_dir));
	}
	free(dot);
	return AVO_OK;
}

static enum avo_status open_record(struct engine *e, struct resume *r, uint64_t *cut, struct error *err)
{
	char *journal = path_join(e->run_dir, ".avo/journal");
	enum avo_status st = journal_open(&e->journal, journal, cut, err);

	if (st == AVO_OK)
		st = engine_load(e, r, err);
	if (st == AVO_OK)
		st = lineage_open(&e->lineage, e->run_dir, LINEAGE_WRITE, err);
	free(journal);
	return st;
}

static enum avo_status find_operator(struct engine *e, struct error *err)
{
	e->ops = operator_find(e->settings.operator_name);
	if (!e->ops)
		return error_set(err, AVO_USAGE, "avo.conf: there is no operator %s; run.operator is one of %s",
				 e->settings.operator_name, operator_names());
	return AVO_OK;
}

static void on_signal(void *arg, int sig)
{
	engine_end(arg, sig == SIGINT ? "interrupted" : "terminated", false);
}

static void ignore_signal(void *arg, int sig)
{
}

static enum avo_status open_services(struct engine *e, struct error *err)
{
	enum avo_status st = loop_new(&e->loop, err);

	if (st != AVO_OK)
		return st;
	loop_on_signal(e->loop, SIGTERM, on_signal, e);
	loop_on_signal(e->loop, SIGINT, on_signal, e);
	loop_on_signal(e->loop, SIGHUP, ignore_signal, e);
	signal(SIGPIPE, SIG_IGN);
	/* a limit on the size of files is a full disk, not a reason to die */
	signal(SIGXFSZ, SIG_IGN);
	st = evaluator_new(&e->evaluator, e->loop, e->settings.worker, err);
	if (st != AVO_OK)
		return st;
	evaluator_on_wait(e->evaluator, engine_look_for_worker, e);
	evaluator_set_patience(e->evaluator, e->settings.backoff_ms, e->settings.outage_ms);
	st = path_mkdirs(e->scratch_dir, 0700, err);
	if (st == AVO_OK)
		st = control_server_new(&e->server, e->loop, e->run_dir, &engine_handlers, e, err);
	return st;
}

static void record_start(struct engine *e, const struct resume *r, uint64_t cut)
{
	cJSON *event = engine_event("engine-started");
	char host[64] = "";
	struct buf unknown = BUF_INIT;

	gethostname(host, sizeof(host) - 1);
	json_set_int(event, "pid", getpid());
	json_set_str(event, "host", host);
	json_set_str(event, "version", PACKAGE_VERSION);
	if (r->state != ENGINE_NONE)
		json_set_bool(event, "resumed", true);
	if (cut)
		json_set_int(event, "cut_bytes", (int64_t)cut);
	engine_record(e, event, JOURNAL_NOW);
	settings_unknown(&unknown, e->conf);
	if (unknown.len)
		engine_warn(e, "%s", unknown.data);
	buf_release(&unknown);
}

/* avo.conf is how the user changes the gate while no engine runs. */
static void adopt_gate(struct engine *e)
{
	enum gate gate = strcmp(e->settings.gate, "manual") == 0 ? GATE_MANUAL : GATE_AUTO;
	cJSON *event;

	if (gate == e->state.gate)
		return;
	event = engine_event("gate");
	json_set_str(event, "gate", gate_name(gate));
	json_set_str(event, "by", "avo.conf");
	engine_record(e, event, JOURNAL_NOW);
}

static void on_measuring(void *arg, bool on)
{
	struct engine *e = arg;

	if (e->ops->measuring)
		e->ops->measuring(e->op, on);
}

static enum avo_status begin_life(struct engine *e, struct error *err)
{
	struct resume r = { 0 };
	struct error conflict = { 0 };
	uint64_t cut = 0;
	enum avo_status st = open_record(e, &r, &cut, err), recovered;

	if (st == AVO_OK)
		st = terms_open(e, &r, err);
	if (st == AVO_OK)
		st = find_operator(e, err);
	/* before there are workers to inherit it */
	llm_key_take(e->conf);
	if (st == AVO_OK)
		st = open_services(e, err);
	if (st != AVO_OK) {
		resume_release(&r);
		return st;
	}
	presence_watch(e);
	cache_keep_bound(e);
	e->packing.look = true;
	record_start(e, &r, cut);
	terms_record(e, &r);
	adopt_gate(e);
	engine_restore_refs(e);
	budget_init(e);
	recovered = engine_recover(e, &r, &conflict);
	engine_host_init(e);
	engine_profile_init(e);
	st = e->ops->open(&e->op, &e->host, e->conf, err);
	/* a key that this operator did not ask for */
	llm_key_forget(e->conf);
	if (st != AVO_OK) {
		error_prefix(err, st, "operator %s", e->ops->name);
		engine_set_state(e, ENGINE_FAILED, err->text);
	} else {
		evaluator_on_measuring(e->evaluator, on_measuring, e);
		engine_first_state(e, &r, recovered == AVO_CONFLICT ? conflict.text : NULL);
		if (recovered != AVO_OK && recovered != AVO_CONFLICT)
			engine_trouble(e, TROUBLE_PROMOTION, &conflict);
	}
	resume_release(&r);
	return st;
}

static void end_life(struct engine *e)
{
	cJSON *event;
	size_t i;

	if (e->op) {
		/* a worker that did not answer in time: nothing is in flight any more for the operator */
		e->flight.kind = FLIGHT_NONE;
		if (e->cancel_outcome)
			engine_cancel_now(e);
		e->ops->close(e->op);
	}
	if (e->journal && e->loop) {
		event = engine_event("engine-stopped");
		json_set_str(event, "reason", e->end_reason);
		engine_record(e, event, JOURNAL_NOW);
	}
	control_server_free(e->server);
	engine_pack_stop(e);
	evaluator_free(e->evaluator);
	lineage_close(e->lineage);
	journal_close(e->journal);
	engine_flight_release(e);
	free(e->known);
	loop_free(e->loop);
	for (i = 0; i < e->backlog_count; i++)
		cJSON_Delete(e->backlog[i]);
	free(e->backlog);
	free(e->backlog_sync);
	conf_free(e->conf);
	settings_release(&e->settings);
	free(e->end_reason);
	free(e->cancel_reason);
	state_release(&e->state);
	free(e->trouble.reason);
	buf_release(&e->guidance);
	cJSON_Delete(e->result);
	source_release(&e->submission);
	free(e->submission_title);
	free(e->why);
	free(e->scratch_dir);
	free(e->run_dir);
	free(e->conf_text);
	free(e->suite_path);
	engine_unlock(e->lock_fd);
}

static void tell_ready(int fd, enum avo_status st, const char *text)
{
	if (fd < 0)
		return;
	if (dprintf(fd, "%d %s", (int)st, text) < 0)
		log_warn("nobody waits for this engine's start");
	close(fd);
}

enum avo_status engine_live(const struct engine_options *o, int ready_fd, struct error *err)
{
	struct engine *e = xcalloc(1, sizeof(*e));
	enum avo_status st;

	e->options = *o;
	e->lock_fd = -1;
	state_init(&e->state);
	st = find_dirs(e, o->run_dir, err);
	if (st == AVO_OK)
		st = engine_lock(&e->lock_fd, e->run_dir, err);
	if (st == AVO_OK)
		st = begin_life(e, err);
	tell_ready(ready_fd, st, st == AVO_OK ? "" : err->text);
	if (st == AVO_OK) {
		loop_run(e->loop);
		if (e->state.state == ENGINE_FAILED)
			st = error_set(err, AVO_ENVIRONMENT, "%s", e->failure.text[0] ? e->failure.text : e->state.state_reason);
	} else {
		e->end_reason = xstrdup("failed to start");
	}
	end_life(e);
	free(e);
	return st;
}

enum avo_status engine_main(const struct engine_options *o, struct error *err)
{
	return engine_live(o, -1, err);
}

/* --- the daemon ----------------------------------------------------------------- */

static void close_inherited(int keep)
{
	int fd;

	for (fd = 3; fd < 1024; fd++)
		if (fd != keep)
			close(fd);
}

/* One old log is kept: an engine that is started again and again leaves no more than twice the bound and one life. */
static void rotate_log(const char *path)
{
	struct stat st;
	char *old;

	if (stat(path, &st) != 0 || st.st_size <= LOG_MAX_BYTES)
		return;
	old = xasprintf("%s.1", path);
	rename(path, old);
	free(old);
}

/* Standard output and error become the engine's log. */
static void redirect(const char *run_dir)
{
	char *path = path_join(run_dir, ".avo/engine.log");
	int null = open("/dev/null", O_RDWR), log;

	rotate_log(path);
	log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	free(path);
	if (null >= 0)
		dup2(null, 0);
	if (log < 0)
		log = null;
	if (log >= 0) {
		dup2(log, 1);
		dup2(log, 2);
	}
	log_set_fd(2);
}

static void default_signals(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

AVO_NORETURN static void be_the_daemon(const struct engine_options *o, int ready_fd)
{
	char path[PATH_MAX];
	struct engine_options own = *o;
	struct error err = { 0 };
	enum avo_status st;

	default_signals();
	/* no directory is kept busy by the engine's being there */
	if (realpath(o->run_dir, path) && chdir("/") == 0)
		own.run_dir = path;
	redirect(own.run_dir);
	close_inherited(ready_fd);
	st = engine_live(&own, ready_fd, &err);
	if (st != AVO_OK)
		log_error("%s", err.text);
	_exit(error_exit_status(st));
}

/* Twice forked: the engine is nobody's child and can never get a terminal. */
static pid_t fork_daemon(const struct engine_options *o, int fds[2])
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	close(fds[0]);
	setsid();
	pid = fork();
	if (pid == 0)
		be_the_daemon(o, fds[1]);
	_exit(pid < 0 ? 1 : 0);
}

static enum avo_status read_ready(int fd, const char *run_dir, struct error *err)
{
	int64_t deadline = clock_mono_ms() + START_MS;
	struct buf text = BUF_INIT;
	enum avo_status st;
	ssize_t n = 1;
	char *rest;

	while (n > 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - clock_mono_ms();
		char chunk[512];

		if (left <= 0 || poll(&p, 1, (int)left) == 0) {
			buf_release(&text);
			return error_set(err, AVO_TIMEOUT, "the engine did not come up in %d s; see %s/.avo/engine.log", START_MS / 1000, run_dir);
		}
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0)
			buf_add(&text, chunk, (size_t)n);
		if (n < 0 && errno == EINTR)
			n = 1;
	}
	st = (enum avo_status)strtol(buf_cstr(&text), &rest, 10);
	if (!text.len)
		st = error_set(err, AVO_ENVIRONMENT, "the engine died while it started; see %s/.avo/engine.log", run_dir);
	else if (st != AVO_OK)
		error_set(err, st, "%s", rest + 1);
	buf_release(&text);
	return st;
}

enum avo_status engine_start(const struct engine_options *o, pid_t *pid, struct error *err)
{
	enum avo_status st;
	int fds[2], status;
	pid_t child;

	st = engine_may_write(o->run_dir, err);
	if (st != AVO_OK)
		return st;
	if (o->foreground) {
		*pid = getpid();
		return engine_main(o, err);
	}
	st = child_pipe(fds, err);
	if (st != AVO_OK)
		return st;
	fflush(NULL);
	child = fork_daemon(o, fds);
	close(fds[1]);
	if (child < 0) {
		close(fds[0]);
		return error_errno(err, errno, "cannot start the engine");
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	st = read_ready(fds[0], o->run_dir, err);
	close(fds[0]);
	*pid = 0;
	if (st == AVO_OK || st == AVO_BUSY)
		engine_pid(pid, o->run_dir, NULL);
	return st;
}
