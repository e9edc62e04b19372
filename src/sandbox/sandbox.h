/*
 * Running code that is not ours: layers of confinement around a child process.
 *
 *   L0 always       session, death with parent, no new privileges, closed
 *                   descriptors, scrubbed environment, resource limits
 *   L1 namespaces   bubblewrap: user, pid, ipc, uts, net; read-only root with
 *                   /tmp, $HOME and the run directory hidden
 *   L2 landlock     the best ABI the kernel has, inside L1
 *   L3 seccomp      a filter on system calls
 *
 * Which layers work is found by running them once (sandbox_probe), never by
 * version numbers. A machine without namespaces still gets L0, L2 and L3, and
 * the report says what is then not blocked.
 */
#ifndef AVO_SANDBOX_SANDBOX_H
#define AVO_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/error.h"

enum sandbox_layer {
	SANDBOX_NAMESPACES = 1 << 0,
	SANDBOX_LANDLOCK = 1 << 1,
	SANDBOX_SECCOMP = 1 << 2,
	SANDBOX_UID = 1 << 3,		/* root only: drops to an unprivileged user */
};

/* What the confined program may do beyond reading system files and computing. */
struct sandbox_policy {
	const char *const *writable;	/* NULL-terminated list of directories it may write in; NULL: none */
	const char *const *readable;	/* further directories it may read (beyond /usr /lib* /bin /sbin /opt, what a compiler needs of /etc, and /proc of its own); NULL: none */
	bool allow_exec;		/* start programs (a compiler driver, a shell); else execve after the first is refused */
	bool allow_threads;		/* threads and processes; else clone and fork are refused */
	bool allow_gpu;			/* the nvidia device nodes */
	int64_t cpu_seconds;		/* RLIMIT_CPU; 0: none */
	size_t memory_bytes;		/* RLIMIT_DATA and RLIMIT_AS (not AS with allow_gpu); 0: none */
	size_t file_bytes;		/* RLIMIT_FSIZE; 0: may not write to files at all except pipes */
	int processes;			/* RLIMIT_NPROC above what the user runs now; 0: not set */
	const char *const *env;		/* "NAME=value" entries beyond PATH, HOME, TMPDIR, LANG, TZ; NULL: none */
};

/*
 * Layers that were found to work here; probed once per process (2 to 20 ms) and
 * cached. AVO_SANDBOX_LAYERS in the environment ("landlock+seccomp", "none"; names: namespaces
 * bwrap landlock seccomp uid) takes layers away, never adds one; "bwrap" stands
 * for namespaces made by bubblewrap.
 */
unsigned sandbox_layers(void);

/*
 * Starts spec->argv confined by policy and every layer that works; otherwise like
 * child_spawn. spec->cwd must be inside a writable or readable directory. spec->envp is ignored
 * (the policy's env is used): nothing of the parent's environment is inherited.
 */
enum avo_status sandbox_spawn(pid_t *out, const struct child_spec *spec, const struct sandbox_policy *policy,
			      struct error *err);
/* child_run() in the sandbox. */
enum avo_status sandbox_run(struct child_result *result, struct buf *out, struct child_spec *spec,
			    const struct sandbox_policy *policy, int64_t deadline_ms, struct error *err);

/*
 * For a process that is about to run foreign code inside itself (a CPU
 * candidate): from here on only computing, memory management without new
 * executable pages, reading and writing the descriptors it has, and exiting
 * are possible; anything else ends the process with SIGSYS. The call is
 * final, and holds for the calling thread only: be single-threaded.
 * Handlers of crashes (SIGSEGV, ...) are taken away: a crash is seen as one.
 * AVO_ENVIRONMENT when the kernel has no seccomp.
 *
 * evidence: a word in memory that the parent shares (or NULL). 0 until a
 * violation, which leaves the system call's number plus one. The foreign code
 * can write there too: it is text for a person, and the signal is the verdict.
 */
enum avo_status sandbox_seal(volatile int32_t *evidence, struct error *err);
/* "the system call socket"; returns out. */
char *sandbox_describe_evidence(char *out, size_t size, int32_t evidence);

/* One line of the self-check: an act that must be impossible, and what stopped it. */
struct sandbox_check {
	const char *act;		/* "write outside the work directory", "connect by TCP", ... static text */
	bool tried;			/* false: there is nothing here to attack, and by says what */
	bool blocked;
	/* "namespaces", "landlock", "seccomp", "uid", "limits", "no-new-privs", "permissions", or why there is nothing to block
	 * ("no GPU here"); "" when not blocked */
	char by[32];
};
#define SANDBOX_MAX_CHECKS 16
/*
 * Runs a probe (this program again) through the same path, which tries each
 * forbidden act; then under each layer alone, to know which one blocks. Some
 * 0.2 s. AVO_USAGE unless main() has called sandbox_maybe_probe.
 */
enum avo_status sandbox_self_check(struct sandbox_check checks[SANDBOX_MAX_CHECKS], int *count, struct error *err);
/*
 * The first line of main() of every program that uses this room: the program
 * is its own helper inside a sandbox.
 *
 *	if ((status = sandbox_maybe_probe(argc, argv)) >= 0)
 *		return status;
 */
int sandbox_maybe_probe(int argc, char **argv);
/* "namespaces+landlock(7)+seccomp" for status lines; out must hold 64 bytes. */
char *sandbox_describe(char *out, size_t size, unsigned layers);

#endif
