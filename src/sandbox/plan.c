#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "sandbox/plan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define SANDBOX_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Of /etc what a loader, a compiler and a shell look up, all of it open to everybody; no keys, no accounts' secrets, no settings of services. */
const char *const plan_system_paths[] = {
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix", "/gnu",
	"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", NULL
};
const char *const plan_devices[] = {
	"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", NULL
};

char **plan_gpu_nodes(void)
{
	glob_t found = { 0 };
	char **nodes;
	size_t i, n;

	n = glob("/dev/nvidia*", 0, NULL, &found) == 0 ? found.gl_pathc : 0;
	nodes = xcalloc(n + 1, sizeof(*nodes));
	for (i = 0; i < n; i++)
		nodes[i] = xstrdup(found.gl_pathv[i]);
	globfree(&found);
	return nodes;
}

void plan_free_nodes(char **nodes)
{
	char **p;

	for (p = nodes; p && *p; p++)
		free(*p);
	free(nodes);
}

static bool inside(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static bool is_system(const char *path)
{
	const char *const *p;

	for (p = plan_system_paths; *p; p++)
		if (inside(path, *p))
			return true;
	return false;
}

static bool visible(const struct plan *plan, const char *path)
{
	size_t i;

	if (is_system(path))
		return true;
	for (i = 0; i < plan->npaths; i++)
		if (inside(path, plan->paths[i].path) || (plan->paths[i].at && inside(path, plan->paths[i].at)))
			return true;
	return false;
}

static enum avo_status add_path(struct plan *plan, const char *path, bool writable, struct error *err)
{
	struct plan_path *p;
	struct stat sb;
	char *real = realpath(path, NULL);

	if (!real || stat(real, &sb) != 0) {
		free(real);
		return error_errno(err, errno, "cannot show %s to the sandbox", path);
	}
	plan->paths = xgrow(plan->paths, &plan->cap_paths, plan->npaths + 1, sizeof(*plan->paths));
	p = &plan->paths[plan->npaths++];
	*p = (struct plan_path){ .path = real, .writable = writable, .file = !S_ISDIR(sb.st_mode) };
	if (path[0] == '/' && strcmp(path, real) != 0 && !is_system(path))
		p->at = xstrdup(path);
	return AVO_OK;
}

static enum avo_status add_list(struct plan *plan, const char *const *list, bool writable, struct error *err)
{
	for (; list && *list; list++)
		if (add_path(plan, *list, writable, err) != AVO_OK)
			return AVO_ENVIRONMENT;
	return AVO_OK;
}

/* A directory is mounted before what lies inside it; for one named twice, the writable entry wins by coming last. */
static int by_depth(const void *a, const void *b)
{
	const struct plan_path *x = a, *y = b;
	size_t lx = strlen(x->path), ly = strlen(y->path);

	if (lx != ly)
		return lx < ly ? -1 : 1;
	return (int)x->writable - (int)y->writable;
}

static void add_env(struct plan *plan, char *entry)
{
	plan->env = xgrow(plan->env, &plan->cap_env, plan->nenv + 2, sizeof(*plan->env));
	plan->env[plan->nenv++] = entry;
	plan->env[plan->nenv] = NULL;
}

static bool has_env(const struct plan *plan, const char *entry)
{
	size_t i, len = strcspn(entry, "=") + 1;

	for (i = 0; i < plan->nenv; i++)
		if (strncmp(plan->env[i], entry, len) == 0)
			return true;
	return false;
}

static void set_environment(struct plan *plan)
{
	const char *const *e;
	const char *home = "/";
	char *defaults[6];
	size_t i;

	for (i = 0; i < plan->npaths; i++)
		if (plan->paths[i].writable) {
			home = plan->paths[i].path;
			break;
		}
	for (e = plan->policy->env; e && *e; e++)
		add_env(plan, xstrdup(*e));
	defaults[0] = xstrdup("PATH=" SANDBOX_PATH);
	defaults[1] = xasprintf("HOME=%s", home);
	defaults[2] = xasprintf("TMPDIR=%s", home[1] ? home : "/tmp");
	defaults[3] = xstrdup("LANG=C.UTF-8");
	defaults[4] = xstrdup("TZ=UTC");
#ifdef __SANITIZE_ADDRESS__
	/* a leak check needs ptrace, which is refused inside */
	defaults[5] = xstrdup("ASAN_OPTIONS=detect_leaks=0");
#else
	defaults[5] = NULL;
#endif
	for (i = 0; i < ARRAY_LEN(defaults); i++) {
		if (defaults[i] && !has_env(plan, defaults[i]))
			add_env(plan, defaults[i]);
		else
			free(defaults[i]);
	}
}

static char *search_path(const struct plan *plan, const char *name)
{
	size_t i;
	const char *dir = SANDBOX_PATH;

	for (i = 0; i < plan->nenv; i++)
		if (str_starts(plan->env[i], "PATH="))
			dir = plan->env[i] + strlen("PATH=");
	while (*dir) {
		size_t len = strcspn(dir, ":");
		char *path = xasprintf("%.*s/%s", (int)len, dir, name);

		if (len && access(path, X_OK) == 0)
			return path;
		free(path);
		dir += len + (dir[len] == ':');
	}
	return NULL;
}

static enum avo_status find_program(struct plan *plan, const char *name, struct error *err)
{
	char self[4096], *path = strchr(name, '/') ? xstrdup(name) : search_path(plan, name), *real;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	real = path ? realpath(path, NULL) : NULL;
	if (!real) {
		error_set(err, AVO_ENVIRONMENT, "cannot run %s: there is no such program", name);
		free(path);
		return AVO_ENVIRONMENT;
	}
	self[n > 0 ? n : 0] = '\0';
	plan->own_program = strcmp(real, self) == 0;
	/* a compiler driver looks at the name it was called by: keep links */
	if (strcmp(name, "/proc/self/exe") == 0 || !visible(plan, path)) {
		free(path);
		plan->exe = real;
	} else {
		plan->exe = path;
		free(real);
	}
	return visible(plan, plan->exe) ? AVO_OK : add_path(plan, plan->exe, false, err);
}

/*
 * The path of the program, copied to a random address. Where programs may not
 * be started, the filter lets execve through from this address only, and it
 * is gone once the first program runs.
 */
static enum avo_status place_exec_path(struct plan *plan, struct error *err)
{
	size_t size = (strlen(plan->exe) + 4096) & ~(size_t)4095;
	int tries;

	for (tries = 0; tries < 64; tries++) {
		uint64_t r;
		void *at, *got;

		if (getrandom(&r, sizeof(r), 0) != sizeof(r))
			break;
		/* 0x10_0000_0000 .. 0x3fff_ffff_f000: away from null and inside every 64-bit user range */
		at = (void *)(uintptr_t)((r % 0x3fef00000ULL + 0x1000000ULL) << 12);
		got = mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (got == MAP_FAILED)
			break;
		plan->exec_path = got;
		strcpy(plan->exec_path, plan->exe);
		return AVO_OK;
	}
	return error_set(err, AVO_ENVIRONMENT, "cannot prepare the start of %s: no random numbers or no memory", plan->exe);
}

/* Tasks (processes and threads) of a user, for RLIMIT_NPROC, which counts them all. */
static int count_tasks(uid_t uid)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	int count = 0;

	while (proc && (e = readdir(proc))) {
		char path[300];
		struct stat sb;

		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/task", e->d_name);
		if (stat(path, &sb) == 0 && sb.st_uid == uid)
			count += (int)sb.st_nlink - 2;
	}
	if (proc)
		closedir(proc);
	return count;
}

/* Could somebody who is not root get at this path by its permissions? */
static bool open_to_others(const char *path, bool whole_way, bool contents)
{
	char *copy = xstrdup(path), *slash;
	struct stat sb;
	bool ok = stat(copy, &sb) == 0 &&
		  (!contents || (sb.st_mode & (S_ISDIR(sb.st_mode) ? 05 : 04)) == (S_ISDIR(sb.st_mode) ? 05 : 04));

	while (ok && whole_way && (slash = strrchr(copy, '/')) && slash != copy) {
		*slash = '\0';
		ok = stat(copy, &sb) == 0 && (sb.st_mode & 01);
	}
	free(copy);
	return ok;
}

/* Handed over, or in a tree that is. */
static bool handed_over(const struct plan *plan, const char *path)
{
	size_t i;

	for (i = 0; i < plan->npaths; i++)
		if (plan->paths[i].writable && inside(path, plan->paths[i].path))
			return true;
	return false;
}

/*
 * Root becomes nobody, who must be able to read what the policy shows: writable
 * trees are handed over, the others must be open, or nothing is started. A mount
 * namespace spares the way to them; where there is none and somebody else's
 * directory bars that way, root stays root, without capabilities.
 */
static enum avo_status choose_uid(struct plan *plan, struct error *err)
{
	bool way = true;
	size_t i;

	plan->uid = geteuid();
	if (geteuid() != 0 || !(plan->layers & SANDBOX_UID))
		return AVO_OK;
	for (i = 0; i < plan->npaths; i++) {
		const struct plan_path *p = &plan->paths[i];

		if (!handed_over(plan, p->path) && !open_to_others(p->path, false, true))
			return error_set(err, AVO_ENVIRONMENT, "what root starts in the sandbox runs as nobody, who cannot read %s: "
					 "chmod -R a+rX %s, or run avo as an ordinary user", p->path, p->path);
		way = way && open_to_others(p->path, !(plan->layers & SANDBOX_NAMESPACES), false);
	}
	if (way)
		plan->uid = SANDBOX_NOBODY;
	return AVO_OK;
}

/* Hands a tree to the user who is to write it. Only directories and files with one name: a second name may lie elsewhere. */
static void give_tree(int dirfd, const char *name, uid_t uid, int depth)
{
	struct stat sb;
	struct dirent *e;
	DIR *d;
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return;
	if (fstat(fd, &sb) != 0 || !(S_ISDIR(sb.st_mode) || (S_ISREG(sb.st_mode) && sb.st_nlink == 1)) ||
	    (sb.st_uid != uid && fchown(fd, uid, (gid_t)-1) != 0) || !S_ISDIR(sb.st_mode) || depth > 64) {
		close(fd);
		return;
	}
	d = fdopendir(fd);
	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			give_tree(fd, e->d_name, uid, depth + 1);
	if (d)
		closedir(d);
	else
		close(fd);
}

static enum avo_status set_cwd(struct plan *plan, const char *cwd, struct error *err)
{
	size_t i;

	if (!cwd) {
		cwd = "/";
		for (i = plan->npaths; i-- > 0;)
			if (plan->paths[i].writable)
				cwd = plan->paths[i].path;
	}
	plan->cwd = realpath(cwd, NULL);
	if (!plan->cwd)
		return error_errno(err, errno, "cannot enter %s", cwd);
	if (strcmp(cwd, "/") != 0 && !visible(plan, plan->cwd))
		return error_set(err, AVO_USAGE, "the sandbox does not show %s, so nothing can run in it", cwd);
	return AVO_OK;
}

enum avo_status plan_init(struct plan *plan, const struct child_spec *spec, const struct sandbox_policy *policy,
			  unsigned layers, struct error *err)
{
	enum avo_status st;
	size_t i;

	*plan = (struct plan){ .layers = layers, .policy = policy, .argv = spec->argv };
	plan->report = mmap(NULL, sizeof(*plan->report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (plan->report == MAP_FAILED) {
		plan->report = NULL;
		return error_errno(err, errno, "cannot prepare a sandbox");
	}
	if ((st = add_list(plan, policy->writable, true, err)) != AVO_OK ||
	    (st = add_list(plan, policy->readable, false, err)) != AVO_OK)
		return st;
	set_environment(plan);
	if ((st = find_program(plan, spec->argv[0], err)) != AVO_OK || (st = set_cwd(plan, spec->cwd, err)) != AVO_OK)
		return st;
	if (plan->npaths)
		qsort(plan->paths, plan->npaths, sizeof(*plan->paths), by_depth);
	if ((st = choose_uid(plan, err)) != AVO_OK)
		return st;
	for (i = 0; geteuid() == 0 && i < plan->npaths; i++)
		if (plan->paths[i].writable)
			give_tree(AT_FDCWD, plan->paths[i].path, plan->uid, 0);
	if (policy->processes && !(layers & SANDBOX_USERNS))
		plan->tasks = count_tasks(plan->uid);
	plan->abi = layers & SANDBOX_LANDLOCK ? landlock_abi() : 0;
	return plan_finish(plan, err);
}

enum avo_status plan_finish(struct plan *plan, struct error *err)
{
	enum avo_status st = place_exec_path(plan, err);

	/* now: the child must not allocate, least of all under its limits */
	if (plan->policy->allow_gpu)
		plan->gpu_nodes = plan_gpu_nodes();
	return st == AVO_OK && plan->layers & SANDBOX_SECCOMP ? seccomp_compile(plan, err) : st;
}

void plan_release(struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->npaths; i++) {
		free(plan->paths[i].path);
		free(plan->paths[i].at);
	}
	free(plan->paths);
	for (i = 0; i < plan->nenv; i++)
		free(plan->env[i]);
	free(plan->env);
	if (plan->exec_path)
		munmap(plan->exec_path, (strlen(plan->exe) + 4096) & ~(size_t)4095);
	free(plan->exe);
	free(plan->cwd);
	free(plan->filter);
	plan_free_nodes(plan->gpu_nodes);
	buf_release(&plan->bwrap_args);
	buf_release(&plan->bwrap_wire);
	if (plan->report)
		munmap(plan->report, sizeof(*plan->report));
}
