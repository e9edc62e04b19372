/*
 * Time is the CPU time of the candidate's process, read from outside through
 * the kernel's own accounting: one thread cannot work without it growing,
 * nothing it does can slow it down, and other load on the machine does not
 * enter. All of it counts: a call is charged with everything the process used
 * since the end of the call before, so that nothing is won by saying "done"
 * early or by starting before being asked. Nor can it: the seal leaves no way
 * to sleep for a time, so that a process which is seen asleep stays so until it
 * gets its next command, and one that goes on computing is seen awake.
 *
 * The kernel brings the CPU clock of another process up to date only when that
 * process leaves the processor (or at a tick, milliseconds apart), so the end
 * of a call is when the process is seen asleep, waiting for its next command.
 */
#include "avo.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "worker/confine.h"
#include "worker/cpu/cores.h"
#include "worker/cpu/process.h"
#include "worker/cpu/watch.h"
#include "worker/random.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_LIMIT_MS 20000
#define HEAP_LIMIT ((size_t)512 << 20)	/* of a candidate; it has a workspace */
#define WALL_SLACK_S 20.0		/* a loaded machine gives a process little of its time */

struct cpu_process {
	pid_t pid;			/* what we started; 0 once reaped */
	int socket;
	struct watch watch;
	struct random_source nonces;
	char *output;
	size_t output_bytes;
};

static enum avo_status send_setup(struct cpu_process *p, const struct process_spec *spec, int output_fd, struct error *err)
{
	struct host_setup setup = { .input_bytes = spec->input_bytes, .output_bytes = spec->output_bytes };
	char control[CMSG_SPACE(2 * sizeof(int))] = { 0 };
	struct iovec io = { .iov_base = &setup, .iov_len = sizeof(setup) };
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fds[2] = { spec->input_fd, output_fd };

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	if (sendmsg(p->socket, &msg, MSG_NOSIGNAL) != (ssize_t)sizeof(setup))
		return error_errno(err, errno, "cannot talk to the candidate's process");
	return AVO_OK;
}

static enum avo_status make_output(struct cpu_process *p, int *fd, size_t bytes, struct error *err)
{
	*fd = memfd_create("avo-output", MFD_CLOEXEC);
	if (*fd < 0 || ftruncate(*fd, (off_t)bytes) != 0)
		return error_errno(err, errno, "cannot make %zu bytes of shared memory", bytes);
	p->output = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (p->output == MAP_FAILED) {
		p->output = NULL;
		return error_errno(err, errno, "cannot map %zu bytes of shared memory", bytes);
	}
	p->output_bytes = bytes;
	memset(p->output, 0, bytes);
	return AVO_OK;
}

/* On its core from the start, by inheritance: that needs no privilege, and nothing of the candidate's is asked to go there. */
static enum avo_status spawn(struct cpu_process *p, const char *object, size_t shared, int core, struct error *err)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	const char *argv[] = { exe, "--candidate", object, NULL };
	const char *readable[] = { exe, object, NULL };
	enum avo_status st;
	int ends[2];

	exe[n > 0 ? n : 0] = '\0';
	st = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0 ? AVO_OK :
		error_errno(err, errno, "cannot make a socket for the candidate's process");
	if (st == AVO_OK) {
		p->socket = ends[0];
		cores_use(core);
		st = confine_candidate(&p->pid, argv, ends[1], readable, HEAP_LIMIT + shared, err);
		cores_avoid(core);
		close(ends[1]);
	}
	return st;
}

/* Reaps a process whose socket is closed: it ended, or is about to. */
static int wait_status(struct cpu_process *p)
{
	int status = 0, i;

	for (i = 0; i < 2000 && p->pid > 0; i++) {
		if (child_reap(p->pid, &status)) {
			p->pid = 0;
			return status;
		}
		usleep(1000);
	}
	child_signal(p->pid, SIGKILL);
	while (p->pid > 0 && waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
	return status;
}

__attribute__((format(printf, 3, 4))) static void say(struct run_outcome *o, enum verdict v, const char *fmt, ...)
{
	va_list args;

	o->verdict = v;
	va_start(args, fmt);
	vsnprintf(o->reason, sizeof(o->reason), fmt, args);
	va_end(args);
}

static void describe_end(struct run_outcome *o, struct cpu_process *p)
{
	int status = wait_status(p);
	/* a process between us and it may pass a signal on as an exit status */
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) > 128 ? WEXITSTATUS(status) - 128 : 0;
	char how[96], what[96];

	if (sig == SIGSYS) {
		say(o, VERDICT_CHEATED, "a system call that %s does not need", "computing attention");
		snprintf(o->rule, sizeof(o->rule), "syscall");
		sandbox_describe_evidence(what, sizeof(what), *(volatile int32_t *)(p->output + HOST_EVIDENCE));
		snprintf(o->evidence, sizeof(o->evidence), "%s, at which the kernel's filter ended the process (SIGSYS)", what);
	} else if (sig == SIGXCPU) {
		say(o, VERDICT_TIMED_OUT, "the process used up its CPU time");
	} else if (WIFSIGNALED(status)) {
		say(o, VERDICT_CRASHED, "the candidate was %s", child_describe(how, sizeof(how), status));
	} else {
		say(o, VERDICT_CRASHED, "the candidate ended its process (%s) instead of returning",
		    child_describe(how, sizeof(how), status));
	}
}

enum answer { ANSWER_REPLY, ANSWER_GONE, ANSWER_LATE };

/* Waits for the reply with this nonce; any other packet counts for nothing. */
static enum answer await(struct host_reply *reply, const struct cpu_process *p, uint64_t nonce, double cpu_limit,
			 int64_t wall_limit_ms)
{
	int64_t end = clock_mono_ms() + wall_limit_ms;
	double start = p->watch.settled;

	for (;;) {
		struct pollfd fd = { .fd = p->socket, .events = POLLIN };
		ssize_t n;

		if (poll(&fd, 1, 50) == 0) {
			if (clock_mono_ms() > end || watch_cpu(&p->watch) - start > cpu_limit)
				return ANSWER_LATE;
			continue;
		}
		n = recv(p->socket, reply, sizeof(*reply), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return ANSWER_GONE;
		if (n == (ssize_t)sizeof(*reply) && reply->nonce == nonce)
			return ANSWER_REPLY;
		if (clock_mono_ms() > end)
			return ANSWER_LATE;
	}
}

static void accuse(struct run_outcome *o, const char *rule, const char *reason, const char *evidence)
{
	say(o, VERDICT_CHEATED, "%s", reason);
	snprintf(o->rule, sizeof(o->rule), "%s", rule);
	snprintf(o->evidence, sizeof(o->evidence), "%s", evidence);
}

/* The process is up, and has nothing of the candidate's in it yet. */
static enum avo_status meet(struct cpu_process *p, struct error *err)
{
	struct host_reply reply;

	if (await(&reply, p, 0, INFINITY, START_LIMIT_MS) != ANSWER_REPLY || reply.state != HOST_HERE)
		return error_set(err, AVO_ENVIRONMENT, "a candidate's process did not start: see what the sandbox says (avo doctor)");
	watch_open(&p->watch, p->pid);
	return AVO_OK;
}

static enum avo_status judge_start(struct run_outcome *o, struct cpu_process *p, struct error *err)
{
	struct host_reply reply;
	enum answer a = await(&reply, p, 0, INFINITY, START_LIMIT_MS);
	const char *moved = a == ANSWER_REPLY ? watch_moved(&p->watch) : NULL;

	memset(o, 0, sizeof(*o));
	o->verdict = VERDICT_PASSED;
	if (a == ANSWER_GONE)
		describe_end(o, p);
	else if (a == ANSWER_LATE)
		say(o, VERDICT_TIMED_OUT, "loading the candidate did not end");
	else if (reply.state == HOST_CANNOT_START || reply.state == HOST_NOT_SEALED)
		return error_set(err, AVO_ENVIRONMENT, "cannot prepare a candidate's process: %.200s", reply.text);
	else if (reply.state != HOST_READY)
		say(o, VERDICT_BUILD_FAILED, "the candidate cannot be loaded: %.200s", reply.text);
	else if (moved)
		accuse(o, moved, "it changed where and how its process runs while it was loaded", moved);
	else
		watch_settle(&p->watch);
	return AVO_OK;
}

enum avo_status process_start(struct cpu_process **out, struct run_outcome *outcome, const struct process_spec *spec,
			      struct error *err)
{
	struct cpu_process *p = xcalloc(1, sizeof(*p));
	enum avo_status st;
	int output_fd = -1;

	*out = NULL;
	p->socket = p->watch.status = -1;
	st = make_output(p, &output_fd, spec->output_bytes, err);
	if (st == AVO_OK)
		st = spawn(p, spec->object, spec->input_bytes + spec->output_bytes, spec->core, err);
	if (st == AVO_OK)
		st = meet(p, err);
	if (st == AVO_OK)
		st = send_setup(p, spec, output_fd, err);
	if (output_fd >= 0)
		close(output_fd);
	if (st == AVO_OK)
		st = judge_start(outcome, p, err);
	if (st == AVO_OK && outcome->verdict == VERDICT_PASSED)
		*out = p;
	else
		process_stop(p);
	return st;
}

void process_stop(struct cpu_process *p)
{
	if (!p)
		return;
	if (p->socket >= 0)
		close(p->socket);
	watch_close(&p->watch);
	child_kill(p->pid);
	if (p->output)
		munmap(p->output, p->output_bytes);
	free(p);
}

char *process_output(const struct cpu_process *p)
{
	return p->output;
}

static void take_times(struct run_outcome *o, struct cpu_process *p, int64_t start_ns)
{
	double end = (double)(clock_mono_ns() - start_ns) * 1e-9, before = p->watch.settled;

	if (!watch_settle(&p->watch)) {
		accuse(o, "hidden-work", "it went on computing after it had answered",
		       "after its answer it used more CPU time than going to sleep takes, by far");
		return;
	}
	o->wall_seconds = end;
	o->seconds = p->watch.has_clock ? p->watch.settled - before : end;
}

/* Once sealed it cannot move itself; who did is not known, so that it is nobody's verdict. */
static bool stands(struct run_outcome *o, const struct cpu_process *p)
{
	const char *moved = watch_moved(&p->watch);

	if (!moved)
		return true;
	o->verdict = VERDICT_EVALUATOR_FAULT;
	snprintf(o->reason, sizeof(o->reason), "somebody changed the %s of the candidate's process while it was measured", moved);
	return false;
}

void process_call(struct run_outcome *o, struct cpu_process *p, struct host_command *command, double limit)
{
	struct host_reply reply;
	int64_t start_ns;
	enum answer a = ANSWER_GONE;

	memset(o, 0, sizeof(*o));
	o->seconds = o->wall_seconds = NAN;
	o->verdict = VERDICT_PASSED;
	if (!stands(o, p))
		return;
	command->nonce = random_seed(&p->nonces) | 1;
	start_ns = clock_mono_ns();
	if (send(p->socket, command, sizeof(*command), MSG_NOSIGNAL) == (ssize_t)sizeof(*command))
		a = await(&reply, p, command->nonce, limit, (int64_t)((limit + WALL_SLACK_S) * 1000));
	if (a == ANSWER_GONE) {
		describe_end(o, p);
	} else if (a == ANSWER_LATE) {
		say(o, VERDICT_TIMED_OUT, "a call did not return in time");
		snprintf(o->reason, sizeof(o->reason), "a call did not return within %.1f s", limit);
	} else {
		take_times(o, p, start_ns);
		if (o->verdict == VERDICT_PASSED && reply.result != 0) {
			say(o, VERDICT_CRASHED, "%s", "");
			snprintf(o->reason, sizeof(o->reason), "avo_attention returned %d (0 is success)", reply.result);
		}
	}
}
