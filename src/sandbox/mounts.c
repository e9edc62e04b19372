/*
 * The root of a sandbox: an empty tmpfs in which only what the policy names is
 * mounted. $HOME, /tmp, the run directory and other processes' files are not
 * hidden, they are simply not there.
 */
#include "avo.h"
#include "sandbox/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OLD "/oldroot"
/* Private /tmp and /dev/shm: enough for a compiler's temporary files. They count as memory. */
#define TMPFS_OPTIONS "mode=1777,size=256m"

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#define ATTR_RDONLY 1
#define ATTR_NOSUID 2
#define ATTR_NODEV 4

struct attr {
	uint64_t set, clear, propagation, userns;
};

static int fail(const struct plan *plan, const char *what)
{
	return plan_fail(plan, errno, "mount", what);
}

/* Flags that a mount has already: a user namespace may not clear them. */
static unsigned long kept_flags(const char *path)
{
	struct statvfs sv;
	unsigned long flags = 0;

	if (statvfs(path, &sv) != 0)
		return 0;
	flags |= sv.f_flag & ST_NOSUID ? MS_NOSUID : 0;
	flags |= sv.f_flag & ST_NODEV ? MS_NODEV : 0;
	flags |= sv.f_flag & ST_NOEXEC ? MS_NOEXEC : 0;
	flags |= sv.f_flag & ST_NOATIME ? MS_NOATIME : 0;
	flags |= sv.f_flag & ST_NODIRATIME ? MS_NODIRATIME : 0;
	flags |= sv.f_flag & ST_RELATIME ? MS_RELATIME : 0;
	return flags;
}

/* With all that is mounted below where the kernel can (5.12), else the top only. */
static int restrict_mount(const char *path, bool read_only, bool devices)
{
	struct attr attr = { .set = ATTR_NOSUID | (read_only ? ATTR_RDONLY : 0) | (devices ? 0 : ATTR_NODEV) };
	unsigned long flags = MS_REMOUNT | MS_BIND | MS_NOSUID | (read_only ? MS_RDONLY : 0) | (devices ? 0 : MS_NODEV);

	if (syscall(SYS_mount_setattr, -1, path, AT_RECURSIVE, &attr, sizeof(attr)) == 0)
		return 0;
	return mount(NULL, path, NULL, flags | kept_flags(path), NULL);
}

static void make_parents(const char *path)
{
	char copy[4096], *p = copy;

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return;
	while ((p = strchr(p + 1, '/'))) {
		*p = '\0';
		mkdir(copy, 0755);
		*p = '/';
	}
}

/* Shows the old root's `from` as `at`. */
static int bind(const struct plan *plan, const char *from, const char *at, bool read_only, bool devices)
{
	char source[4096];
	struct stat sb;
	int fd;

	if (snprintf(source, sizeof(source), OLD "%s", from) >= (int)sizeof(source)) {
		errno = ENAMETOOLONG;
		return fail(plan, from);
	}
	if (stat(source, &sb) != 0)
		return fail(plan, from);
	make_parents(at);
	if (S_ISDIR(sb.st_mode)) {
		mkdir(at, 0755);
	} else {
		fd = open(at, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd >= 0)
			close(fd);
	}
	if (mount(source, at, NULL, MS_BIND | MS_REC, NULL) != 0 || restrict_mount(at, read_only, devices) != 0)
		return fail(plan, at);
	return 0;
}

static int show_system(const struct plan *plan)
{
	const char *const *p;
	int e = 0;

	for (p = plan_system_paths; *p && !e; p++) {
		char old[64], link[256];
		struct stat sb;
		ssize_t n;

		snprintf(old, sizeof(old), OLD "%s", *p);
		if (lstat(old, &sb) != 0)
			continue;
		if (S_ISLNK(sb.st_mode)) {
			make_parents(*p);
			n = readlink(old, link, sizeof(link) - 1);
			link[n > 0 ? n : 0] = '\0';
			if (n > 0 && symlink(link, *p) != 0)
				return fail(plan, *p);
		} else {
			e = bind(plan, *p, *p, true, false);
		}
	}
	return e;
}

static int show_gpu(const struct plan *plan)
{
	char **node;
	int e = access(OLD "/sys", F_OK) == 0 ? bind(plan, "/sys", "/sys", true, false) : 0;

	for (node = plan->gpu_nodes; *node && !e; node++)
		e = bind(plan, *node, *node, false, true);
	return e;
}

static int show_devices(const struct plan *plan)
{
	const char *const *p;
	int e = 0;

	mkdir("/dev", 0755);
	for (p = plan_devices; *p && !e; p++)
		e = bind(plan, *p, *p, false, true);
	mkdir("/dev/shm", 0755);
	if (!e && (symlink("/proc/self/fd", "/dev/fd") != 0 || symlink("/proc/self/fd/0", "/dev/stdin") != 0 ||
		   symlink("/proc/self/fd/1", "/dev/stdout") != 0 || symlink("/proc/self/fd/2", "/dev/stderr") != 0 ||
		   mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, TMPFS_OPTIONS) != 0))
		return fail(plan, "/dev");
	return e || !plan->policy->allow_gpu ? e : show_gpu(plan);
}

static int show_paths(const struct plan *plan)
{
	size_t i;
	int e = 0;

	mkdir("/tmp", 0755);
	if (mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, TMPFS_OPTIONS) != 0)
		return fail(plan, "/tmp");
	for (i = 0; i < plan->npaths && !e; i++) {
		const struct plan_path *p = &plan->paths[i];

		e = bind(plan, p->path, p->path, !p->writable, false);
		if (!e && p->at)
			e = bind(plan, p->path, p->at, !p->writable, false);
	}
	return e;
}

/* What root may write there by its number alone, without any capability: the kernel's settings. */
static int protect_proc(const struct plan *plan)
{
	static const char *const settings[] = { "/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(settings); i++) {
		if (access(settings[i], F_OK) != 0)
			continue;
		if (mount(settings[i], settings[i], NULL, MS_BIND | MS_REC, NULL) != 0 ||
		    restrict_mount(settings[i], true, false) != 0)
			return fail(plan, settings[i]);
	}
	return 0;
}

/*
 * A /proc of its own shows only the sandbox. Inside some containers the kernel
 * refuses one (parts of the outer are masked); then there is none, which
 * compilers do not mind, but a GPU driver does.
 */
static int show_proc(const struct plan *plan)
{
	int e;

	mkdir("/proc", 0555);
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0)
		return protect_proc(plan);
	if (!plan->policy->allow_gpu)
		return 0;
	e = bind(plan, "/proc", "/proc", false, false);
	return e ? e : protect_proc(plan);
}

int mounts_build(const struct plan *plan)
{
	int e;

	umask(0022);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m") != 0 || chdir("/tmp") != 0 ||
	    mkdir("oldroot", 0755) != 0 || syscall(SYS_pivot_root, ".", "oldroot") != 0 || chdir("/") != 0)
		return fail(plan, "a new root");
	if ((e = show_system(plan)) != 0 || (e = show_devices(plan)) != 0 || (e = show_proc(plan)) != 0 ||
	    (e = show_paths(plan)) != 0)
		return e;
	if (umount2(OLD, MNT_DETACH) != 0 || rmdir(OLD) != 0 ||
	    mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) != 0)
		return fail(plan, "leaving the old root");
	return 0;
}
