/* Layer 2: what may be opened, by the kernel's Landlock, through raw system calls (no library has them). */
#include "avo.h"
#include "sandbox/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

/* Spelled out here: the headers of a distribution are older than its kernels. */
enum {
	FS_EXECUTE = 1 << 0, FS_WRITE_FILE = 1 << 1, FS_READ_FILE = 1 << 2, FS_READ_DIR = 1 << 3,
	FS_ABI1 = (1 << 13) - 1,
	FS_REFER = 1 << 13,		/* ABI 2 */
	FS_TRUNCATE = 1 << 14,		/* ABI 3 */
	FS_IOCTL_DEV = 1 << 15,		/* ABI 5 */
	NET_TCP = 3,			/* bind and connect, ABI 4 */
	SCOPE_ALL = 3,			/* abstract sockets and signals, ABI 6 */
	CREATE_VERSION = 1,
	RULE_PATH = 1,
};
#define FS_MAKE_DEVICES ((1u << 6) | (1u << 11))	/* character and block devices: nobody needs them */
#define FS_ON_FILES (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

struct ruleset_attr {
	uint64_t fs, net, scoped;
};
struct path_attr {
	uint64_t access;
	int32_t fd;
} __attribute__((packed));

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);

	return abi > 0 ? (int)abi : 0;
}

static uint64_t handled(int abi)
{
	uint64_t fs = FS_ABI1;

	if (abi >= 2)
		fs |= FS_REFER;
	if (abi >= 3)
		fs |= FS_TRUNCATE;
	if (abi >= 5)
		fs |= FS_IOCTL_DEV;
	return fs;
}

static int new_ruleset(int abi)
{
	struct ruleset_attr attr = { .fs = handled(abi), .net = NET_TCP, .scoped = SCOPE_ALL };
	size_t size = abi >= 6 ? sizeof(attr) : abi >= 4 ? offsetof(struct ruleset_attr, scoped)
							 : offsetof(struct ruleset_attr, net);

	return (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
}

/* A path that is not there needs no rule. */
static int allow(int ruleset, int abi, const char *path, uint64_t access)
{
	struct path_attr rule = { .fd = open(path, O_PATH | O_CLOEXEC) };
	struct stat sb;
	int e = 0;

	if (rule.fd < 0)
		return 0;
	rule.access = access & handled(abi);
	if (fstat(rule.fd, &sb) != 0)
		e = errno;
	else if (!S_ISDIR(sb.st_mode))
		rule.access &= FS_ON_FILES;
	if (!e && syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &rule, 0) != 0)
		e = errno;
	close(rule.fd);
	return e;
}

static int allow_gpu(const struct plan *plan, int ruleset)
{
	char **node;
	int e = allow(ruleset, plan->abi, "/sys", FS_READ_FILE | FS_READ_DIR);

	for (node = plan->gpu_nodes; *node && !e; node++)
		e = allow(ruleset, plan->abi, *node, FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_IOCTL_DEV);
	/* the driver names its threads through /proc/self/task/N/comm and fails when it cannot */
	return e ? e : allow(ruleset, plan->abi, "/proc", FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_TRUNCATE);
}

static int allow_system(const struct plan *plan, int ruleset)
{
	uint64_t read = FS_READ_FILE | FS_READ_DIR;
	const char *const *p;
	int e = 0;

	for (p = plan_system_paths; *p && !e; p++) {
		/* the first program needs its dynamic linker, which is in a lib directory */
		bool exec = plan->policy->allow_exec || strncmp(*p, "/lib", 4) == 0;

		e = allow(ruleset, plan->abi, *p, read | (exec ? FS_EXECUTE : 0));
	}
	for (p = plan_devices; *p && !e; p++)
		e = allow(ruleset, plan->abi, *p, FS_READ_FILE | FS_WRITE_FILE | FS_IOCTL_DEV);
	if (!e)
		e = allow(ruleset, plan->abi, "/proc", read);
	/* these two are private to the sandbox only where it has a root of its own */
	if (!e && plan->layers & SANDBOX_NAMESPACES) {
		uint64_t all = handled(plan->abi) & ~(uint64_t)FS_MAKE_DEVICES;

		e = allow(ruleset, plan->abi, "/tmp", all);
		if (!e)
			e = allow(ruleset, plan->abi, "/dev/shm", all);
	}
	return e;
}

static int allow_paths(const struct plan *plan, int ruleset)
{
	uint64_t exec = plan->policy->allow_exec ? FS_EXECUTE : 0;
	uint64_t read = FS_READ_FILE | FS_READ_DIR | exec;
	uint64_t write = (handled(plan->abi) & ~(uint64_t)(FS_MAKE_DEVICES | FS_EXECUTE)) | exec;
	size_t i;
	int e = 0;

	for (i = 0; i < plan->npaths && !e; i++)
		e = allow(ruleset, plan->abi, plan->paths[i].path, plan->paths[i].writable ? write : read);
	return e ? e : allow(ruleset, plan->abi, plan->exe, FS_READ_FILE | FS_EXECUTE);
}

int landlock_enter(const struct plan *plan)
{
	int ruleset, e;

	if (!(plan->layers & SANDBOX_LANDLOCK))
		return 0;
	ruleset = new_ruleset(plan->abi);
	if (ruleset < 0)
		return plan_fail(plan, errno, "landlock", "ruleset");
	e = allow_system(plan, ruleset);
	if (!e)
		e = allow_paths(plan, ruleset);
	if (!e && plan->policy->allow_gpu)
		e = allow_gpu(plan, ruleset);
	if (!e && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		e = errno;
	close(ruleset);
	return e ? plan_fail(plan, e, "landlock", "rules") : 0;
}
