/*
 * Layer 1 by unshare(2): new mount, pid, net, ipc, uts (and user) namespaces.
 *
 *   outer    in the old pid namespace, what the caller waits for; ends as the
 *            program ended
 *     init   pid 1: builds the root, reaps orphans; its end kills all the rest
 *       program
 *
 * Death goes down the chain by PDEATHSIG, so that no kill of ours is needed.
 */
#include "avo.h"
#include "sandbox/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

static void close_from(int fd)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, fd, ~0U, 0) == 0)
		return;
#endif
	for (; fd < 64; fd++)
		close(fd);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* The same numbers inside as outside: the user is still who he is, and owns what he owns. */
static int map_ids(const struct plan *plan, uid_t uid, gid_t gid)
{
	char text[64];

	/* absent before 3.19 only */
	if (write_file("/proc/self/setgroups", "deny") != 0 && errno != ENOENT)
		return plan_fail(plan, errno, "user namespace", "setgroups");
	snprintf(text, sizeof(text), "%u %u 1", uid, uid);
	if (write_file("/proc/self/uid_map", text) != 0)
		return plan_fail(plan, errno, "user namespace", "uid_map");
	snprintf(text, sizeof(text), "%u %u 1", gid, gid);
	if (write_file("/proc/self/gid_map", text) != 0)
		return plan_fail(plan, errno, "user namespace", "gid_map");
	return 0;
}

static void record(const struct plan *plan, int status)
{
	plan->report->wait_status = status;
	plan->report->ended = 1;
}

void namespaces_mirror(int status)
{
	struct rlimit none = { 0, 0 };

	if (WIFSIGNALED(status)) {
		setrlimit(RLIMIT_CORE, &none);
		signal(WTERMSIG(status), SIG_DFL);
		kill(getpid(), WTERMSIG(status));
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

void namespaces_let_go(int keep)
{
	if (keep >= 0)
		dup2(keep, 0);
	close_from(keep >= 0 ? 1 : 0);
}

/* As the program ended, so ends the process that the caller sees. */
static void AVO_NORETURN follow(const struct plan *plan, pid_t init)
{
	int status = 0;

	while (waitpid(init, &status, 0) < 0 && errno == EINTR)
		;
	namespaces_mirror(plan->report->ended ? plan->report->wait_status : status);
}

void namespaces_reap_until(const struct plan *plan, pid_t program)
{
	int status;
	pid_t pid;

	namespaces_let_go(-1);
	for (;;) {
		pid = waitpid(-1, &status, 0);
		if (pid == program) {
			record(plan, status);
			_exit(0);
		}
		if (pid < 0 && errno == ECHILD)
			_exit(0);
	}
}

/* pid 1; returns 0 in the program's process. */
static int be_init(const struct plan *plan, int alive)
{
	struct pollfd outer = { .fd = alive, .events = POLLIN };
	pid_t pid;
	int e;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (poll(&outer, 1, 0) != 0)
		_exit(127);	/* the outer process died before the line above */
	setsid();
	if ((e = mounts_build(plan)) != 0 || (e = privileges_drop(plan)) != 0)
		return e;
	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* cleared by the change of user */
	if (poll(&outer, 1, 0) != 0)
		_exit(127);
	close(alive);
	/*
	 * This process has a copy of the caller's memory and the same user as the
	 * program. The program gets the right to be looked at back by its exec.
	 */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	pid = fork();
	if (pid < 0)
		return plan_fail(plan, errno, "namespaces", "fork");
	if (pid > 0)
		namespaces_reap_until(plan, pid);
	return 0;
}

int namespaces_enter(const struct plan *plan)
{
	int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int alive[2], e, dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	pid_t pid;

	if (plan->layers & SANDBOX_BWRAP)
		return bwrap_enter(plan);
	if (plan->layers & SANDBOX_USERNS)
		flags |= CLONE_NEWUSER;
	if (unshare(flags) != 0)
		return plan_fail(plan, errno, "namespaces", "unshare");
	/* the maps of a process that hides its memory (it holds a key) belong to root: not yet, then */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (plan->layers & SANDBOX_USERNS && (e = map_ids(plan, uid, gid)) != 0)
		return e;
	/* pid 1 learns from its end of file that the outer process is gone */
	if (pipe2(alive, O_CLOEXEC) != 0)
		return plan_fail(plan, errno, "namespaces", "pipe");
	pid = fork();
	if (pid < 0)
		return plan_fail(plan, errno, "namespaces", "fork");
	if (pid == 0) {
		close(alive[1]);
		return be_init(plan, alive[0]);
	}
	prctl(PR_SET_DUMPABLE, dumpable == 1, 0, 0, 0);
	/* keep the end of the pipe that tells of our life, and nothing else that somebody may wait on */
	namespaces_let_go(alive[1]);
	follow(plan, pid);
}
