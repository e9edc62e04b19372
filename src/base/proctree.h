/*
 * A process with everything that it started, as Linux's /proc shows it: what
 * left its group or session is still below it. Where the kernel does not list
 * children, only the process and its group are reached.
 */
#ifndef AVO_BASE_PROCTREE_H
#define AVO_BASE_PROCTREE_H

#include <stdint.h>
#include <sys/types.h>

#define PROCTREE_MAX 4096		/* processes of one tree that are looked at */

struct proctree_usage {
	int processes;
	uint64_t resident_bytes;	/* the sum: a page that two share counts twice */
};

/* root and what lies below it, parents first; returns the count, at most PROCTREE_MAX. */
int proctree_list(pid_t out[PROCTREE_MAX], pid_t root);
/* Adds what the tree uses now. */
void proctree_add_usage(struct proctree_usage *usage, pid_t root);
/* SIGSTOP for all of it: none runs code of its own or forks any more when this returns. */
void proctree_stop(pid_t root);
void proctree_continue(pid_t root);

#endif
