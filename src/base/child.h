/*
 * Child processes: started with nothing inherited but what is named, killed
 * as a group, waited for with a deadline.
 */
#ifndef AVO_BASE_CHILD_H
#define AVO_BASE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

struct child_spec {
	const char *const *argv;	/* NULL-terminated; argv[0] is looked up in PATH */
	const char *const *envp;	/* NULL: the parent's environment */
	const char *cwd;		/* NULL: the parent's */
	int stdin_fd;			/* -1: /dev/null; the child gets a duplicate as 0, 1, 2 */
	int stdout_fd;			/* -1: /dev/null */
	int stderr_fd;			/* -1: /dev/null */
	int extra_fd;			/* -1: none; else inherited as fd 3 */
	bool new_session;		/* setsid; else a process group of its own */
	bool die_with_parent;		/* death_signal when the spawning thread ends */
	int death_signal;		/* 0: SIGKILL */
	bool foreground;		/* keep the parent's group and terminal (an editor) */
	/*
	 * Called in the child as its last step, instead of execvp, with 0..3 set up
	 * and everything else closed (4 is the close-on-exec pipe that reports
	 * failures). It execs argv itself; when it returns, the value is the errno
	 * of the failure. One that is to do its work without exec closes 4, which says
	 * that it has started, and ends with _exit(). NULL: execvp.
	 */
	int (*enter)(void *arg);
	void *enter_arg;
};

#define CHILD_SPEC_INIT { .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1, .extra_fd = -1 }

/* A failed exec is reported here, by name, and leaves no process. */
enum avo_status child_spawn(pid_t *out, const struct child_spec *spec, struct error *err);
/* SIGKILL to the child's group, then reap it. Safe when it is gone already. */
void child_kill(pid_t pid);
void child_signal(pid_t pid, int sig);		/* to the group */
bool child_group_lives(pid_t pid);		/* somebody of the group that the child led is still there */
/* The wait status into *status; false if it still runs. Never blocks. */
bool child_reap(pid_t pid, int *status);

struct child_result {
	int wait_status;
	bool timed_out;
	bool truncated;			/* output past the maximum was read and dropped */
	int64_t elapsed_ns;
};

/*
 * Runs to the end with stdout and stderr collected together into out (which
 * keeps at most its own maximum); kills the group at the deadline. Waits for
 * the child, not for the pipe: a grandchild that holds it open is killed.
 */
enum avo_status child_run(struct child_result *result, struct buf *out, struct child_spec *spec,
			  int64_t deadline_ms, struct error *err);

/* "exit status 3", "killed by signal 11 (Segmentation fault)"; returns out. */
char *child_describe(char *out, size_t size, int wait_status);

/* Sets FD_CLOEXEC or O_NONBLOCK; pipes made here are close-on-exec. */
enum avo_status child_pipe(int fds[2], struct error *err);
void fd_nonblock(int fd);

#endif
