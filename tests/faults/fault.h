/* What the shim in a process and the program that commands it share: one page of a mapped file. */
#ifndef AVO_TESTS_FAULT_H
#define AVO_TESTS_FAULT_H

#include <stdatomic.h>

#define FAULT_KILL_BEFORE (-1)		/* actions that are no errno */
#define FAULT_KILL_AFTER (-2)
#define FAULT_MATCH 64

/* One line a call: its name as the schedules write it. */
#define FAULT_CALLS(X) X(open) X(write) X(rename) X(link) X(unlink) X(mkdir) X(fsync) X(fdatasync)

#define FAULT_ENUM(name) FAULT_CALL_##name,
enum fault_call { FAULT_CALLS(FAULT_ENUM) FAULT_CALL_COUNT };

struct fault {
	atomic_int pid;			/* of the process that it is meant for; 0: disarmed */
	int call;			/* enum fault_call */
	int action;			/* an errno, or one of FAULT_KILL_* */
	atomic_int skip;		/* matching calls that go through before it begins */
	atomic_int count;		/* calls that then fail */
	atomic_int hits;		/* that have */
	char match[FAULT_MATCH];	/* a part of the path; "": any, and what has no path */
};

#endif
