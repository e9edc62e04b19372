/*
 * Time is the CPU time of the candidate's process, read from outside through
 * the kernel's own accounting: one thread cannot work without it growing,
 * nothing it does can slow it down, and other load on the machine does not
 * enter. All of it counts: a call is charged with everything the process used
 * since the end of the call before, so that nothing is won by saying "done"
 * early or by starting before being asked. The wall clock is read too, and must
 * not be behind.
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
#include "worker/cpu/process.h"
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
#define SETTLE_MS 3000			/* for going to sleep after a call, however loaded the machine */

struct cpu_process {
	pid_t pid;			/* what we started; 0 once reaped */
	int socket;
	clockid_t clock;		/* of the candidate's own process */
	bool has_clock;
	int status;			/* its /proc/PID/status; -1: not known */
	long switches;			/* how often it had gone to sleep at the end of its last call */
	double last_cpu;		/* at the end of its last call */
	bool excess;			/* that call used more CPU time than it took */
	struct random_source nonces;
	char *output;
	size_t output_bytes;
};

/* The sandbox puts processes between us and the candidate; the candidate itself has no children. */
static pid_t innermost(pid_t pid)
{
	char path[64], text[32];
	long child;
	FILE *f;

	for (;;) {
		snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)pid, (long)pid);
		f = fopen(path, "re");
		if (!f)
			return 0;
		child = fgets(text, sizeof(text), f) ? atol(text) : 0;
		fclose(f);
		if (child <= 0)
			return pid;
		pid = (pid_t)child;
	}
}

static double cpu_now(const struct cpu_process *p)
{
	struct timespec t;

	if (!p->has_clock || clock_gettime(p->clock, &t) != 0)
		return NAN;
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Asleep, and off the processor since the last call: it is marked as asleep a moment before it leaves. */
static bool asleep(const struct cpu_process *p, long *switches)
{
	static const char state_key[] = "\nState:\t", switches_key[] = "\nvoluntary_ctxt_switches:\t";
	char text[4096], *state, *count;
	ssize_t n = pread(p->status, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	state = strstr(text, state_key);
	count = strstr(text, switches_key);
	if (!state || !count)
		return true;		/* it is gone: no time to use either */
	*switches = atol(count + sizeof(switches_key) - 1);
	return strchr("SZX", state[sizeof(state_key) - 1]) && *switches != p->switches;
}

/* Waits until the process sleeps; false if it will not. */
static bool settle(struct cpu_process *p)
{
	static const struct timespec moment = { 0, 20000 };
	int64_t end = clock_mono_ms() + SETTLE_MS;
	long switches = p->switches;
	int seen = 0;

	while (p->has_clock && seen < 2) {
		seen = asleep(p, &switches) ? seen + 1 : 0;
		if (seen < 2 && clock_mono_ms() > end)
			return false;
		if (!seen)
			nanosleep(&moment, NULL);
	}
	p->switches = switches;
	return true;
}

static void find_clock(struct cpu_process *p)
{
	pid_t pid = innermost(p->pid);
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	p->status = pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	p->has_clock = p->status >= 0 && clock_getcpuclockid(pid, &p->clock) == 0;
	settle(p);
	p->last_cpu = cpu_now(p);
}

static enum avo_status send_setup(struct cpu_process *p, const struct process_spec *spec, int output_fd, struct error *err)
{
	struct host_setup setup = { .input_bytes = spec->input_bytes, .output_bytes = spec->output_bytes, .core = spec->core };
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

static enum avo_status spawn(struct cpu_process *p, const char *object, size_t shared, struct error *err)
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
		st = confine_candidate(&p->pid, argv, ends[1], readable, HEAP_LIMIT + shared, err);
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
	double start = p->last_cpu;

	for (;;) {
		struct pollfd fd = { .fd = p->socket, .events = POLLIN };
		ssize_t n;

		if (poll(&fd, 1, 50) == 0) {
			if (clock_mono_ms() > end || cpu_now(p) - start > cpu_limit)
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

static enum avo_status judge_start(struct run_outcome *o, struct cpu_process *p, struct error *err)
{
	struct host_reply reply;
	enum answer a = await(&reply, p, 0, INFINITY, START_LIMIT_MS);

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
	return AVO_OK;
}

enum avo_status process_start(struct cpu_process **out, struct run_outcome *outcome, const struct process_spec *spec,
			      struct error *err)
{
	struct cpu_process *p = xcalloc(1, sizeof(*p));
	enum avo_status st;
	int output_fd = -1;

	*out = NULL;
	p->socket = p->status = -1;
	st = make_output(p, &output_fd, spec->output_bytes, err);
	if (st == AVO_OK)
		st = spawn(p, spec->object, spec->input_bytes + spec->output_bytes, err);
	if (st == AVO_OK)
		st = send_setup(p, spec, output_fd, err);
	if (output_fd >= 0)
		close(output_fd);
	if (st == AVO_OK)
		st = judge_start(outcome, p, err);
	if (st == AVO_OK && outcome->verdict == VERDICT_PASSED) {
		find_clock(p);
		*out = p;
	} else {
		process_stop(p);
	}
	return st;
}

void process_stop(struct cpu_process *p)
{
	if (!p)
		return;
	if (p->socket >= 0)
		close(p->socket);
	if (p->status >= 0)
		close(p->status);
	child_kill(p->pid);
	if (p->output)
		munmap(p->output, p->output_bytes);
	free(p);
}

char *process_output(const struct cpu_process *p)
{
	return p->output;
}

double process_idle_seconds(const struct cpu_process *p)
{
	return cpu_now(p) - p->last_cpu;
}

bool process_woke(const struct cpu_process *p)
{
	long switches = p->switches;

	if (p->has_clock)
		asleep(p, &switches);
	return p->excess || switches != p->switches;
}

static void accuse(struct run_outcome *o, const char *rule, const char *reason, const char *evidence)
{
	say(o, VERDICT_CHEATED, "%s", reason);
	snprintf(o->rule, sizeof(o->rule), "%s", rule);
	snprintf(o->evidence, sizeof(o->evidence), "%s", evidence);
}

static void take_times(struct run_outcome *o, struct cpu_process *p, int64_t start_ns, double idle)
{
	double end = (double)(clock_mono_ns() - start_ns) * 1e-9, cpu, limit;

	if (!settle(p)) {
		accuse(o, "hidden-work", "it went on computing after it had answered",
		       "it did not go to sleep within 3 s of its answer");
		return;
	}
	cpu = cpu_now(p) - p->last_cpu;
	/* until it slept */
	limit = (double)(clock_mono_ns() - start_ns) * 1e-9;
	p->last_cpu += isnan(cpu) ? 0 : cpu;
	o->wall_seconds = end;
	o->seconds = p->has_clock ? cpu : end;
	/* more CPU time than time has passed: it was at work when it was called, or has threads */
	p->excess = cpu - idle > 1.02 * limit + 500e-6;
}

void process_call(struct run_outcome *o, struct cpu_process *p, struct host_command *command, double limit)
{
	struct host_reply reply;
	double idle = process_idle_seconds(p);
	int64_t start_ns;
	enum answer a = ANSWER_GONE;

	memset(o, 0, sizeof(*o));
	o->seconds = o->wall_seconds = NAN;
	o->verdict = VERDICT_PASSED;
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
		take_times(o, p, start_ns, idle);
		if (o->verdict == VERDICT_PASSED && reply.result != 0) {
			say(o, VERDICT_CRASHED, "%s", "");
			snprintf(o->reason, sizeof(o->reason), "avo_attention returned %d (0 is success)", reply.result);
		}
	}
}
