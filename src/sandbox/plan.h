/*
 * Inside the sandbox room: everything a confined start needs, worked out by
 * the parent, so that the child only makes system calls between fork and exec.
 */
#ifndef AVO_SANDBOX_PLAN_H
#define AVO_SANDBOX_PLAN_H

#include <linux/filter.h>

#include "avo.h"
#include "sandbox/sandbox.h"

/* Beside the public layers: how namespaces are made. */
#define SANDBOX_BWRAP (1 << 4)		/* by bubblewrap; else by unshare(2) */
#define SANDBOX_USERNS (1 << 5)		/* unshare needs a user namespace (we lack CAP_SYS_ADMIN) */
#define SANDBOX_HOW (SANDBOX_BWRAP | SANDBOX_USERNS)

/* Whom root becomes; "nobody" on every distribution. */
#define SANDBOX_NOBODY 65534

/* A directory or single file that the confined program can see. */
struct plan_path {
	char *path;			/* real path */
	char *at;			/* where it also appears, if the name given was a link; or NULL */
	bool writable;
	bool file;
};

/* Shared with the child: what went wrong and how the program ended. */
struct plan_report {
	char step[96];			/* the step that failed, "" while nothing has */
	volatile int ended;		/* 1: wait_status is set */
	volatile int wait_status;
};

struct plan {
	unsigned layers;		/* public layers plus SANDBOX_HOW */
	const struct sandbox_policy *policy;
	struct plan_path *paths;	/* parents before what lies in them */
	size_t npaths, cap_paths;
	char *exe;			/* real path of the program */
	char *exec_path;		/* the same text, at an address nobody else knows */
	const char *const *argv;
	char **env;			/* NULL-terminated, owned */
	size_t nenv, cap_env;
	char *cwd;
	char **gpu_nodes;		/* allow_gpu: what exists of /dev/nvidia*; owned, NULL-terminated, or NULL */
	uid_t uid;			/* whom the program runs as */
	int tasks;			/* of that user, before the start */
	int abi;			/* landlock's; 0: none */
	bool own_program;		/* argv[0] is the running program itself */
	struct sock_filter *filter;	/* seccomp program, NULL: none */
	unsigned short filter_len;
	struct plan_report *report;	/* MAP_SHARED */
	struct buf bwrap_args, bwrap_wire;	/* SANDBOX_BWRAP: strings with their NULs; the plan for the helper inside */
	size_t bwrap_nargs;
	int (*probe)(const struct plan *plan);	/* instead of exec: a layer tries itself; returns an exit status */
};

enum avo_status plan_init(struct plan *plan, const struct child_spec *spec, const struct sandbox_policy *policy,
			  unsigned layers, struct error *err);
/* The part that must happen in the address space which execs: where the path lies, and the filter that knows it. */
enum avo_status plan_finish(struct plan *plan, struct error *err);
void plan_release(struct plan *plan);

/* The fixed part of what a confined program can read: /usr, /lib, /etc, ...; NULL-terminated. */
extern const char *const plan_system_paths[];
extern const char *const plan_devices[];	/* without the GPU's */
/* The GPU's device nodes, and directories of nodes: owned, NULL-terminated. */
char **plan_gpu_nodes(void);
void plan_free_nodes(char **nodes);

/* --- child's side: each returns 0 or an errno and names the step in the report --- */
int plan_fail(const struct plan *plan, int errno_value, const char *step, const char *what);
/* The hook for child_spec.enter; arg is a struct plan. */
int sandbox_enter(void *plan);
/* The layers inside the namespaces, then exec; returns the errno of a failure. */
int sandbox_finish(const struct plan *plan);
/* New namespaces and a new root; returns in the confined process only (pid 2 of its own world). */
int namespaces_enter(const struct plan *plan);
/* Closes everything that somebody may wait on, except keep (moved to 0), or -1. */
void namespaces_let_go(int keep);
/* Ends this process as the wait status says. */
void AVO_NORETURN namespaces_mirror(int wait_status);
/* Reaps until the program ended, records that, and exits. */
void AVO_NORETURN namespaces_reap_until(const struct plan *plan, pid_t program);
/* The root file system of the new mount namespace; called as its pid 1. */
int mounts_build(const struct plan *plan);
int landlock_enter(const struct plan *plan);
int landlock_abi(void);
int seccomp_enter(const struct plan *plan);
int limits_enter(const struct plan *plan);
/* Gives up root (SANDBOX_UID) and every capability. */
int privileges_drop(const struct plan *plan);

/* --- parent's side --- */
enum avo_status seccomp_compile(struct plan *plan, struct error *err);
enum avo_status bwrap_prepare(struct plan *plan, struct error *err);
/* Child's side: runs bubblewrap and ends as the program ended; returns on failure only. */
int bwrap_enter(const struct plan *plan);
/* Has main() called sandbox_maybe_probe? Then this program can be started as its own helper. */
bool check_main_asks(void);
bool bwrap_usable(void);
/* What bubblewrap starts inside: this program, which finishes the confinement, runs the program and ends with it. */
int AVO_NORETURN bwrap_inside(int wire_fd, int report_fd, int error_fd);
/* Are the promises of plan's layers true in here? 0 if so: the probe of try_with that finds layers. */
int layers_look_around(const struct plan *plan);
/* Instead of starting argv, calls probe in the confined process, whose exit status is its value. */
enum avo_status try_with(struct child_result *result, struct child_spec *spec, const struct sandbox_policy *policy,
			 unsigned layers, int (*probe)(const struct plan *plan), struct error *err);
/* The layers that work on this machine, how included, cut down by $AVO_SANDBOX_LAYERS. */
unsigned layers_found(void);
/* As sandbox_spawn and sandbox_run, with exactly these layers. */
enum avo_status spawn_with(pid_t *out, const struct child_spec *spec, const struct sandbox_policy *policy,
			   unsigned layers, struct error *err);
enum avo_status run_with(struct child_result *result, struct buf *out, struct child_spec *spec,
			 const struct sandbox_policy *policy, unsigned layers, int64_t deadline_ms, struct error *err);

#endif
