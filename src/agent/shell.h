/*
 * Inside the agent's shell: a command that runs in the sandbox, and what holds
 * for all of them together. tool_shell.c starts and ends them, shell_watch.c
 * looks at what they use and stops them while something is measured.
 */
#ifndef AVO_AGENT_SHELL_H
#define AVO_AGENT_SHELL_H

#include "agent/tools.h"

#define SHELL_JOBS 4
#define SHELL_PROCESSES 256			/* of all jobs together */
#define SHELL_MEMORY ((uint64_t)8 << 30)	/* resident, of all together; at most half of what the machine has */
#define SHELL_DISK ((uint64_t)4 << 30)		/* in the working directory and TMPDIR, whoever wrote it */
#define SHELL_FILES 100000			/* entries there */
#define SHELL_OUTPUT ((size_t)64 << 20)		/* of one job; any file that it writes is no larger */

struct shell_job {
	struct shell_job *next;
	struct toolbox *box;
	int number;
	pid_t pid;			/* 0: it ended */
	struct loop_child *watch;
	struct loop_timer *deadline;	/* NULL while it is held */
	int64_t deadline_ms;		/* when, by the monotonic clock; while it is held: how much is left */
	struct loop_timer *look;	/* the running call waits for its end no longer than this */
	char *output;			/* path */
	char *command;
	int wait_status;
	bool timed_out;
	const char *killed_for;		/* the limit of all jobs that it was killed for; static; NULL: none */
	bool waited_for;		/* the running call is this job's */
	int64_t started_ms, elapsed_ms;
};

/* A job has started: from now on all are looked at, until none runs. */
void shell_watch_begin(struct shell_job *job);
/* The end of a job's time, counted only while it may run. */
void shell_set_deadline(struct shell_job *job, int64_t ms);

#endif
