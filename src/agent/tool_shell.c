/*
 * shell: a command in the sandbox. Its output goes into a file, not a pipe:
 * what ends the call is the end of the command, whatever it left running
 * (which dies with its group), and nothing can block on a full pipe.
 */
#include "avo.h"
#include "agent/shell.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void free_job(struct shell_job *job)
{
	struct shell_job **at = &job->box->jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	loop_remove_timer(job->box->loop, job->deadline);
	loop_remove_timer(job->box->loop, job->look);
	loop_remove_child(job->box->loop, job->watch);
	if (job->pid)
		child_kill(job->pid);
	unlink(job->output);
	free(job->output);
	free(job->command);
	free(job);
}

void shell_stop_all(struct toolbox *box)
{
	while (box->jobs)
		free_job(box->jobs);
	loop_remove_timer(box->loop, box->shell_look);
	box->shell_look = NULL;
}

static void answer_with_output(struct tool_call *call, const struct shell_job *job)
{
	struct buf text = { .max = SHELL_OUTPUT + 4096 }, all = BUF_INIT;
	char how[128];

	path_read(&text, job->output, SHELL_OUTPUT + 1, NULL);
	if (job->pid)
		buf_printf(&all, "[job %d still runs, %lld s%s]\n", job->number, (long long)(clock_mono_ms() - job->started_ms) / 1000,
			   job->box->held ? ", standing still while something is measured" : "");
	else if (job->killed_for)
		buf_printf(&all, "[killed: %s; %.1f s]\n", job->killed_for, (double)job->elapsed_ms / 1000);
	else
		buf_printf(&all, "[%s%s, %.1f s]\n", job->timed_out ? "killed at its timeout, " : "",
			   child_describe(how, sizeof(how), job->wait_status), (double)job->elapsed_ms / 1000);
	call->goes_on = job->pid != 0;
	buf_add(&all, buf_cstr(&text), text.len);
	if (!text.len)
		buf_addstr(&all, "(no output)");
	call_answer_long(call, all.data, all.len);
	buf_release(&text);
	buf_release(&all);
}

static void job_ended(void *arg, pid_t pid, int wait_status)
{
	struct shell_job *job = arg;

	/* what the command left in its group goes with it */
	kill(-pid, SIGKILL);
	job->watch = NULL;
	job->pid = 0;
	job->wait_status = wait_status;
	job->elapsed_ms = clock_mono_ms() - job->started_ms;
	loop_remove_timer(job->box->loop, job->deadline);
	job->deadline = NULL;
	loop_remove_timer(job->box->loop, job->look);
	job->look = NULL;
	if (job->waited_for) {
		job->waited_for = false;
		answer_with_output(&job->box->call, job);
	}
}

static void looked_long_enough(void *arg)
{
	struct shell_job *job = arg;

	job->look = NULL;
	job->waited_for = false;
	answer_with_output(&job->box->call, job);
}

static void job_expired(void *arg)
{
	struct shell_job *job = arg;

	job->deadline = NULL;
	job->timed_out = true;
	if (job->pid)
		child_signal(job->pid, SIGKILL);
}

void shell_set_deadline(struct shell_job *job, int64_t ms)
{
	job->deadline_ms = clock_mono_ms() + ms;
	job->deadline = loop_add_timer(job->box->loop, ms, job_expired, job);
}

static struct shell_job *find_job(struct toolbox *box, int64_t number)
{
	struct shell_job *job = box->jobs;

	while (job && job->number != number)
		job = job->next;
	return job;
}

/* Ended jobs are kept until there are too many, so that their output can be asked for. */
static bool make_room(struct toolbox *box)
{
	struct shell_job *job, *ended = NULL;
	int n = 0;

	for (job = box->jobs; job; job = job->next) {
		n++;
		if (!job->pid)
			ended = job;
	}
	if (n < SHELL_JOBS)
		return true;
	if (ended)
		free_job(ended);
	return ended != NULL;
}

static enum avo_status spawn(struct shell_job *job, struct error *err)
{
	struct toolbox *box = job->box;
	char *kernels = path_data("kernels");
	const char *argv[] = { "/bin/sh", "-c", job->command, NULL };
	const char *writable[] = { box->work_dir, box->temp_dir, NULL };
	const char *readable[] = { kernels, NULL };
	char *tmp = xasprintf("TMPDIR=%s", box->temp_dir);
	const char *env[] = { tmp, "TERM=dumb", "PAGER=cat", "GIT_PAGER=cat", NULL };
	struct sandbox_policy policy = {
		.writable = writable, .readable = path_is_dir(kernels) ? readable : NULL, .allow_exec = true, .allow_threads = true,
		.file_bytes = SHELL_OUTPUT, .memory_bytes = (size_t)8 << 30, .processes = SHELL_PROCESSES, .env = env,
	};
	struct child_spec spec = CHILD_SPEC_INIT;
	enum avo_status st;
	int fd = open(job->output, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	spec.argv = argv;
	spec.cwd = box->work_dir;
	spec.stdout_fd = spec.stderr_fd = fd;
	spec.new_session = true;
	spec.die_with_parent = true;
	st = fd < 0 ? error_set(err, AVO_ENVIRONMENT, "cannot write %s", job->output) :
		      sandbox_spawn(&job->pid, &spec, &policy, err);
	if (fd >= 0)
		close(fd);
	free(tmp);
	free(kernels);
	return st;
}

static void start(struct tool_call *call, const char *command, int64_t timeout_s, bool background)
{
	struct toolbox *box = call->box;
	struct shell_job *job;
	struct error err = { 0 };

	if (!make_room(box)) {
		call_error(call, "%d background jobs run already; stop one of them first (job, stop)", SHELL_JOBS);
		return;
	}
	job = xcalloc(1, sizeof(*job));
	job->box = box;
	job->number = ++box->next_job;
	job->command = xstrdup(command);
	job->output = xasprintf("%s/shell-%d.out", box->blob_dir, job->number);
	job->started_ms = clock_mono_ms();
	job->next = box->jobs;
	box->jobs = job;
	if (spawn(job, &err) != AVO_OK) {
		job->pid = 0;
		free_job(job);
		call_error(call, "the command could not be started: %s", err.text);
		return;
	}
	job->waited_for = !background;
	job->watch = loop_add_child(box->loop, job->pid, job_ended, job);
	shell_set_deadline(job, timeout_s * 1000);
	shell_watch_begin(job);
	if (background) {
		char text[96];

		snprintf(text, sizeof(text), "job %d runs in the background; ask for it with {\"job\":%d}", job->number, job->number);
		call_answer(call, text);
	}
}

void tool_shell(struct tool_call *call, const cJSON *args)
{
	const char *command = json_str(args, "command", NULL);
	int64_t number = json_int(args, "job", 0), timeout_s = json_int(args, "timeout_s", 0);
	bool background = json_bool(args, "background", false);
	struct shell_job *job;

	if (command && *command) {
		int64_t most = background ? 7200 : 600;

		if (timeout_s <= 0)
			timeout_s = background ? 3600 : 120;
		start(call, command, timeout_s < most ? timeout_s : most, background);
		return;
	}
	job = find_job(call->box, number);
	if (!job) {
		call_error(call, number ? "there is no such job; its output is gone" : "give a command, or the number of a job");
		return;
	}
	if (json_bool(args, "stop", false) && job->pid) {
		job->waited_for = true;		/* the answer comes when it is dead */
		child_signal(job->pid, SIGKILL);
		return;
	}
	if (job->pid && timeout_s > 0) {
		job->waited_for = true;
		job->look = loop_add_timer(job->box->loop, (timeout_s < 600 ? timeout_s : 600) * 1000, looked_long_enough, job);
		return;
	}
	answer_with_output(call, job);
}
