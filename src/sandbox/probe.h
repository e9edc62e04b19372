/* Inside the sandbox room: the acts of the self-check, shared by the one who tries them (probe.c) and the one who judges (check.c). */
#ifndef AVO_SANDBOX_PROBE_H
#define AVO_SANDBOX_PROBE_H

enum probe_act {
	ACT_WRITE_OUTSIDE, ACT_WRITE_HOME, ACT_READ_HOME, ACT_READ_RUN, ACT_TCP, ACT_UDP, ACT_UNIX, ACT_ABSTRACT,
	ACT_SIGNAL, ACT_MEMORY, ACT_ENVIRON, ACT_PROCESSES, ACT_ALLOCATE, ACT_FILE, ACT_GPU, ACT_SETUID,
	ACT_COUNT
};

/* What the self-check allows, and what the probe tries to go beyond. */
#define PROBE_PROCESSES 8
#define PROBE_FILE_BYTES (1 << 20)
#define PROBE_MEMORY_BYTES ((size_t)256 << 20)

/* Where things are; passed on the probe's command line as NAME=VALUE. */
#define PROBE_TARGETS(X) \
	X(outside)	/* file to create outside the work directory */ \
	X(home)		/* file to create in $HOME */ \
	X(home_secret)	/* file to read in $HOME */ \
	X(run_secret)	/* file to read in the run directory */ \
	X(tcp)		/* port on 127.0.0.1 */ \
	X(udp)		/* port on 127.0.0.1 */ \
	X(socket)	/* path of a listening socket */ \
	X(abstract)	/* name of an abstract one */ \
	X(victim)	/* pid of a process of the parent's */ \
	X(address)	/* of a word in its memory */ \
	X(big)		/* file to fill in the work directory */

struct probe_targets {
#define X(name) const char *name;
	PROBE_TARGETS(X)
#undef X
};

/* Prints one "ACT done" or "ACT refused" a line, for all acts that it judges itself. */
int probe_main(int argc, char **argv);

#endif
