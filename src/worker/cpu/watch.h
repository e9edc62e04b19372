/*
 * What can be known of a candidate's process from outside, without asking it:
 * the CPU time that the kernel charges to it, whether it sleeps, and its
 * standing: the cores it may run on, its priority and its limits, which are
 * set before it loads anything and must stay as they are.
 */
#ifndef AVO_WORKER_CPU_WATCH_H
#define AVO_WORKER_CPU_WATCH_H

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct standing {
	cpu_set_t cores;
	int priority, policy;
	char limits[2048];		/* /proc/PID/limits */
};

struct watch {
	pid_t pid;			/* of the candidate's own process; 0: not known */
	clockid_t clock;
	bool has_clock;
	int status;			/* its /proc/PID/status; -1: not known */
	long switches;			/* how often it had gone to sleep when it last settled */
	double settled;			/* its CPU seconds then */
	struct standing standing;	/* at the start */
};

/* Begins to watch the process that `started`, a process of the sandbox, leads to; it must be waiting for its first command. */
void watch_open(struct watch *w, pid_t started);
void watch_close(struct watch *w);
/* CPU seconds so far; NAN: not known. */
double watch_cpu(const struct watch *w);
/* Waits until it sleeps; false if it goes on computing. Where no clock can be read there is nothing to wait for. */
bool watch_settle(struct watch *w);
/* What of its standing is not as it was at the start: "affinity", "priority", "limits"; NULL: nothing is. */
const char *watch_moved(const struct watch *w);

#endif
