#include "avo.h"
#include "base/child.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum avo_status child_pipe(int fds[2], struct error *err)
{
	if (pipe2(fds, O_CLOEXEC) != 0)
		return error_errno(err, errno, "cannot create a pipe");
	return AVO_OK;
}

void fd_nonblock(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void close_from(int first)
{
	int fd;

#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, ~0U, 0) == 0)
		return;
#endif
	for (fd = first; fd < 4096; fd++)
		close(fd);
}

/* Moves an fd above the range that is about to be overwritten. */
static int lift(int fd)
{
	return fd < 0 ? open("/dev/null", O_RDWR) : fcntl(fd, F_DUPFD, 10);
}

static void reset_signals(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int in_child(const struct child_spec *spec, int error_fd, pid_t parent)
{
	int in, out, err, extra;

	if (spec->new_session)
		setsid();
	else if (!spec->foreground)
		setpgid(0, 0);
	if (spec->die_with_parent) {
		prctl(PR_SET_PDEATHSIG, spec->death_signal ? spec->death_signal : SIGKILL);
		if (getppid() != parent)
			_exit(127);
	}
	error_fd = lift(error_fd);
	fcntl(error_fd, F_SETFD, FD_CLOEXEC);
	in = lift(spec->stdin_fd);
	out = lift(spec->stdout_fd);
	err = lift(spec->stderr_fd);
	extra = spec->extra_fd >= 0 ? lift(spec->extra_fd) : -1;
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 || (extra >= 0 && dup2(extra, 3) < 0))
		return errno;
	/* everything but 0..3 and the error pipe goes */
	dup2(error_fd, 4);
	fcntl(4, F_SETFD, FD_CLOEXEC);
	if (extra < 0)
		close(3);
	close_from(5);
	reset_signals();
	if (spec->cwd && chdir(spec->cwd) != 0)
		return errno;
	if (spec->enter)
		return spec->enter(spec->enter_arg);
	if (spec->envp)
		execvpe(spec->argv[0], (char *const *)spec->argv, (char *const *)spec->envp);
	else
		execvp(spec->argv[0], (char *const *)spec->argv);
	return errno;
}

enum avo_status child_spawn(pid_t *out, const struct child_spec *spec, struct error *err)
{
	pid_t parent = getpid(), pid;
	int fds[2], failure = 0;
	sigset_t all, old;
	enum avo_status st = child_pipe(fds, err);
	ssize_t n;

	if (st != AVO_OK)
		return st;
	/* no handler of ours may run in the child */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0) {
		ssize_t ignored;

		failure = in_child(spec, fds[1], parent);
		ignored = write(4, &failure, sizeof(failure));
		(void)ignored;
		_exit(127);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return error_errno(err, errno, "cannot start %s", spec->argv[0]);
	}
	if (!spec->foreground && !spec->new_session)
		setpgid(pid, pid);
	do
		n = read(fds[0], &failure, sizeof(failure));
	while (n < 0 && errno == EINTR);
	close(fds[0]);
	if (n == (ssize_t)sizeof(failure)) {
		waitpid(pid, NULL, 0);
		return error_errno(err, failure, "cannot run %s", spec->argv[0]);
	}
	*out = pid;
	return AVO_OK;
}

void child_signal(pid_t pid, int sig)
{
	if (pid > 0 && kill(-pid, sig) != 0)
		kill(pid, sig);
}

bool child_group_lives(pid_t pid)
{
	return pid > 0 && (kill(-pid, 0) == 0 || errno == EPERM);
}

void child_kill(pid_t pid)
{
	if (pid <= 0)
		return;
	child_signal(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

bool child_reap(pid_t pid, int *status)
{
	return waitpid(pid, status, WNOHANG) == pid;
}

/* Reads what is there; false at the end of the stream. */
static bool drain(int fd, struct buf *out, bool *truncated)
{
	char chunk[16384];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n > 0 && !buf_add(out, chunk, (size_t)n))
		*truncated = true;
	return n > 0;
}

/* Readable when the child ends; -1 where the kernel has no such thing. */
static int exit_notice(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	return -1;
#endif
}

static void collect(struct child_result *result, struct buf *out, pid_t pid, int fd, int64_t deadline)
{
	bool open = true, running = true;
	int notice = exit_notice(pid);

	while (running) {
		struct pollfd p[2] = { { .fd = open ? fd : -1, .events = POLLIN }, { .fd = notice, .events = POLLIN } };
		int64_t left = deadline - clock_mono_ms();
		/* without a notice a short wait: the end of the child is not on the pipe when a grandchild holds it */
		int64_t most = notice >= 0 ? 1000 : open ? 20 : 5;

		if (left <= 0) {
			result->timed_out = true;
			break;
		}
		poll(p, 2, (int)(left > most ? most : left));
		if (open && p[0].revents)
			open = drain(fd, out, &result->truncated);
		running = !child_reap(pid, &result->wait_status);
	}
	if (notice >= 0)
		close(notice);
	if (running) {
		child_signal(pid, SIGKILL);
		waitpid(pid, &result->wait_status, 0);
	} else {
		kill(-pid, SIGKILL);	/* whatever it left behind */
	}
	while (open) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		open = poll(&p, 1, 0) > 0 && drain(fd, out, &result->truncated);
	}
}

enum avo_status child_run(struct child_result *result, struct buf *out, struct child_spec *spec,
			  int64_t deadline_ms, struct error *err)
{
	int64_t start = clock_mono_ns();
	enum avo_status st;
	int fds[2];
	pid_t pid;

	memset(result, 0, sizeof(*result));
	st = child_pipe(fds, err);
	if (st != AVO_OK)
		return st;
	spec->stdout_fd = spec->stderr_fd = fds[1];
	st = child_spawn(&pid, spec, err);
	close(fds[1]);
	if (st == AVO_OK) {
		fd_nonblock(fds[0]);
		collect(result, out, pid, fds[0], clock_mono_ms() + deadline_ms);
		result->elapsed_ns = clock_mono_ns() - start;
	}
	close(fds[0]);
	return st;
}

char *child_describe(char *out, size_t size, int wait_status)
{
	if (WIFSIGNALED(wait_status))
		snprintf(out, size, "killed by signal %d (%s)", WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
	else
		snprintf(out, size, "exit status %d", WEXITSTATUS(wait_status));
	return out;
}
