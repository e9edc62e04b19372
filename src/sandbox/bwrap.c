/*
 * Layer 1 by bubblewrap, for machines that let only it make namespaces (a
 * setuid bwrap, an AppArmor profile). What lies further inside is ours: bwrap
 * starts this program again as a helper, which learns the plan from a memfd,
 * confines itself, runs the program and records how it ended, since bwrap
 * turns a signal into a number.
 */
#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "sandbox/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The plan as it travels; the strings follow, each with its NUL. Same program on both sides, so no format to keep. */
struct wire {
	unsigned layers;
	bool allow_exec, allow_threads, allow_gpu, own_program, probe;
	int64_t cpu_seconds;
	size_t memory_bytes, file_bytes, npaths, nargs, nenv;
	int processes, tasks, abi;
	uid_t uid;
};

static char *program(void)
{
	static const char *const places[] = { "/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(places); i++)
		if (access(places[i], X_OK) == 0)
			return (char *)places[i];
	return NULL;
}

bool bwrap_usable(void)
{
	return program() != NULL && check_main_asks();
}

/* --- outside, before the fork: the arguments and the wire --- */

#define MAX_ARGS 2048

static void arg(struct plan *plan, const char *text)
{
	plan->bwrap_nargs++;
	buf_add(&plan->bwrap_args, text, strlen(text) + 1);
}

static void args(struct plan *plan, const char *option, const char *from, const char *at)
{
	arg(plan, option);
	arg(plan, from);
	if (at)
		arg(plan, at);
}

/* bwrap makes missing parents for its own user only; a root that becomes nobody must pass them. */
static void show(struct plan *plan, const char *option, const char *from, const char *at)
{
	char *copy = xstrdup(at), *p = copy;

	while ((p = strchr(p + 1, '/'))) {
		*p = '\0';
		args(plan, "--perms", "0755", "--dir");
		arg(plan, copy);
		*p = '/';
	}
	free(copy);
	args(plan, option, from, at);
}

static void system_args(struct plan *plan)
{
	const char *const *p;

	for (p = plan_system_paths; *p; p++) {
		char link[256];
		struct stat sb;
		ssize_t n;

		if (lstat(*p, &sb) != 0)
			continue;
		n = S_ISLNK(sb.st_mode) ? readlink(*p, link, sizeof(link) - 1) : -1;
		if (n > 0) {
			link[n] = '\0';
			show(plan, "--symlink", link, *p);
		} else {
			show(plan, "--ro-bind", *p, *p);
		}
	}
}

static void path_args(struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->npaths; i++) {
		const struct plan_path *p = &plan->paths[i];

		show(plan, p->writable ? "--bind" : "--ro-bind", p->path, p->path);
		if (p->at)
			show(plan, p->writable ? "--bind" : "--ro-bind", p->path, p->at);
	}
}

static void write_wire(struct plan *plan)
{
	const struct sandbox_policy *p = plan->policy;
	struct wire w = {
		.layers = plan->layers, .allow_exec = p->allow_exec, .allow_threads = p->allow_threads,
		.allow_gpu = p->allow_gpu, .own_program = plan->own_program, .probe = plan->probe != NULL,
		.cpu_seconds = p->cpu_seconds, .memory_bytes = p->memory_bytes, .file_bytes = p->file_bytes,
		.npaths = plan->npaths, .nenv = plan->nenv, .processes = p->processes, .tasks = plan->tasks,
		.abi = plan->abi, .uid = plan->uid,
	};
	struct buf *b = &plan->bwrap_wire;
	size_t i;

	while (plan->argv[w.nargs])
		w.nargs++;
	buf_add(b, &w, sizeof(w));
	buf_add(b, plan->exe, strlen(plan->exe) + 1);
	buf_add(b, plan->cwd, strlen(plan->cwd) + 1);
	for (i = 0; i < plan->npaths; i++) {
		buf_addch(b, plan->paths[i].writable ? 'w' : 'r');
		buf_add(b, plan->paths[i].path, strlen(plan->paths[i].path) + 1);
	}
	for (i = 0; i < w.nargs; i++)
		buf_add(b, plan->argv[i], strlen(plan->argv[i]) + 1);
	for (i = 0; i < plan->nenv; i++)
		buf_add(b, plan->env[i], strlen(plan->env[i]) + 1);
}

enum avo_status bwrap_prepare(struct plan *plan, struct error *err)
{
	char self[4096], **node;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return error_errno(err, errno, "cannot find the running program");
	self[n] = '\0';
	arg(plan, program());
	arg(plan, "--die-with-parent");
	args(plan, "--new-session", "--unshare-pid", "--unshare-net");
	args(plan, "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try");
	if (geteuid() == 0) {
		/* the helper inside becomes nobody, and then has none of these */
		args(plan, "--cap-drop", "ALL", "--cap-add");
		args(plan, "CAP_SETUID", "--cap-add", "CAP_SETGID");
		args(plan, "--cap-add", "CAP_SETPCAP", NULL);
	} else {
		arg(plan, "--unshare-user");
	}
	system_args(plan);
	args(plan, "--dev", "/dev", "--proc");
	/* what root may write there by its number alone */
	args(plan, "/proc", "--ro-bind", "/proc/sys");
	args(plan, "/proc/sys", "--perms", "1777");
	args(plan, "--tmpfs", "/tmp", NULL);
	if (plan->policy->allow_gpu) {
		for (node = plan->gpu_nodes; *node; node++)
			args(plan, "--dev-bind", *node, *node);
		args(plan, "--ro-bind", "/sys", "/sys");
	}
	path_args(plan);
	show(plan, "--ro-bind", self, self);
	args(plan, "--remount-ro", "/", "--");
	args(plan, self, "--sandbox-enter", NULL);
	write_wire(plan);
	return plan->bwrap_nargs > MAX_ARGS || plan->bwrap_args.overflow || plan->bwrap_wire.overflow
		? error_set(err, AVO_USAGE, "too many directories or arguments for a sandboxed program") : AVO_OK;
}

/* --- outside, after the fork --- */

static void AVO_NORETURN exec_bwrap(const struct plan *plan, int wire, int report)
{
	const char *argv[MAX_ARGS + 4];
	char numbers[3][16];
	const char *p = plan->bwrap_args.data, *end = p + plan->bwrap_args.len;
	char *const env[] = { NULL };
	size_t n = 0, i;
	int fds[3] = { wire, report, dup(4) };

	for (; p < end && n < MAX_ARGS; p += strlen(p) + 1)
		argv[n++] = p;
	for (i = 0; i < 3; i++) {
		snprintf(numbers[i], sizeof(numbers[i]), "%d", fds[i]);
		argv[n++] = numbers[i];
	}
	argv[n] = NULL;
	execve(argv[0], (char *const *)argv, env);
	_exit(127);
}

int bwrap_enter(const struct plan *plan)
{
	int wire = memfd_create("plan", 0), report = memfd_create("report", 0), status = 0;
	struct plan_report *shared;
	pid_t pid;

	if (wire < 0 || report < 0 || ftruncate(report, sizeof(*shared)) != 0 ||
	    write(wire, plan->bwrap_wire.data, plan->bwrap_wire.len) != (ssize_t)plan->bwrap_wire.len)
		return plan_fail(plan, errno, "bubblewrap", "memfd");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, report, 0);
	if (shared == MAP_FAILED)
		return plan_fail(plan, errno, "bubblewrap", "memfd");
	pid = fork();
	if (pid < 0)
		return plan_fail(plan, errno, "bubblewrap", "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		exec_bwrap(plan, wire, report);
	}
	namespaces_let_go(-1);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*plan->report = *shared;	/* the failing step, too: the caller reads it once we are gone */
	/* without the helper's word nothing was confined, whatever the exit status says */
	if (!shared->ended && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		_exit(126);
	namespaces_mirror(shared->ended ? shared->wait_status : status);
}

/* --- inside --- */

static const char *next(const char **cursor, const char *end)
{
	const char *s = *cursor;
	size_t len = strnlen(s, (size_t)(end - s));

	if (s + len >= end)
		_exit(127);
	*cursor = s + len + 1;
	return s;
}

static void read_wire(struct plan *plan, struct sandbox_policy *policy, const char *data, size_t len)
{
	const struct wire *w = (const struct wire *)data;
	const char *cursor = data + sizeof(*w), *end = data + len;
	const char **argv = xcalloc(w->nargs + 1, sizeof(*argv));
	size_t i;

	*policy = (struct sandbox_policy){
		.allow_exec = w->allow_exec, .allow_threads = w->allow_threads, .allow_gpu = w->allow_gpu,
		.cpu_seconds = w->cpu_seconds, .memory_bytes = w->memory_bytes, .file_bytes = w->file_bytes,
		.processes = w->processes,
	};
	*plan = (struct plan){
		.layers = w->layers, .policy = policy, .argv = argv, .uid = w->uid, .tasks = w->tasks, .abi = w->abi,
		.own_program = w->own_program, .probe = w->probe ? layers_look_around : NULL, .npaths = w->npaths,
	};
	plan->exe = xstrdup(next(&cursor, end));
	plan->cwd = xstrdup(next(&cursor, end));
	plan->paths = xcalloc(w->npaths + 1, sizeof(*plan->paths));
	for (i = 0; i < w->npaths; i++) {
		const char *s = next(&cursor, end);

		plan->paths[i] = (struct plan_path){ .path = xstrdup(s + 1), .writable = *s == 'w' };
	}
	for (i = 0; i < w->nargs; i++)
		argv[i] = next(&cursor, end);
	plan->env = xcalloc(w->nenv + 1, sizeof(*plan->env));
	for (i = 0; i < w->nenv; i++)
		plan->env[i] = xstrdup(next(&cursor, end));
}

static void AVO_NORETURN fail_inside(int error_fd, int error)
{
	ssize_t n = write(error_fd, &error, sizeof(error));

	_exit(n == (ssize_t)sizeof(error) ? 127 : 126);
}

int bwrap_inside(int wire, int report, int error_fd)
{
	struct sandbox_policy policy;
	struct plan plan;
	struct stat sb;
	struct plan_report *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, report, 0);
	char *data = fstat(wire, &sb) == 0 && sb.st_size > (off_t)sizeof(struct wire)
		   ? mmap(NULL, (size_t)sb.st_size, PROT_READ, MAP_PRIVATE, wire, 0) : MAP_FAILED;
	pid_t pid;

	if (data == MAP_FAILED || shared == MAP_FAILED)
		fail_inside(error_fd, EINVAL);
	close(wire);
	close(report);
	fcntl(error_fd, F_SETFD, FD_CLOEXEC);
	read_wire(&plan, &policy, data, (size_t)sb.st_size);
	plan.report = shared;
	if (plan_finish(&plan, NULL) != AVO_OK)
		fail_inside(error_fd, EINVAL);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);	/* same user as the program, which must not get at us */
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fail_inside(error_fd, sandbox_finish(&plan));
	}
	if (pid < 0)
		fail_inside(error_fd, errno);
	namespaces_reap_until(&plan, pid);
}
