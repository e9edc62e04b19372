/* Layer 0: what holds on every machine: resource limits, no privileges, no way to new ones. */
#include "avo.h"
#include "sandbox/plan.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Open files of a compiler driver; far from what would trouble the machine. */
#define MAX_FILES 256

static int limit(const struct plan *plan, __rlimit_resource_t what, rlim_t value, const char *name)
{
	struct rlimit old, want = { value, value };

	/* an ordinary user cannot raise a hard limit, and need not */
	if (getrlimit(what, &old) == 0 && old.rlim_max != RLIM_INFINITY && old.rlim_max < value)
		want.rlim_cur = want.rlim_max = old.rlim_max;
	return setrlimit(what, &want) == 0 ? 0 : plan_fail(plan, errno, "resource limit", name);
}

static int limit_memory(const struct plan *plan)
{
	int e;

#ifdef __SANITIZE_ADDRESS__
	/* an instrumented program reserves terabytes of address space before main() */
	if (plan->own_program)
		return 0;
#endif
	e = limit(plan, RLIMIT_DATA, plan->policy->memory_bytes, "data");
	/* CUDA reserves far more address space than it uses */
	if (!e && !plan->policy->allow_gpu)
		e = limit(plan, RLIMIT_AS, plan->policy->memory_bytes, "address space");
	return e;
}

int limits_enter(const struct plan *plan)
{
	const struct sandbox_policy *p = plan->policy;
	struct rlimit cpu = { (rlim_t)p->cpu_seconds, (rlim_t)p->cpu_seconds + 2 };
	int e;

	if ((e = limit(plan, RLIMIT_CORE, 0, "core")) != 0 || (e = limit(plan, RLIMIT_NOFILE, MAX_FILES, "files")) != 0 ||
	    (e = limit(plan, RLIMIT_FSIZE, p->file_bytes, "file size")) != 0)
		return e;
	/* SIGXCPU first, so that the parent can tell a CPU limit from a kill */
	if (p->cpu_seconds && setrlimit(RLIMIT_CPU, &cpu) != 0)
		return plan_fail(plan, errno, "resource limit", "cpu");
	if (p->processes && (e = limit(plan, RLIMIT_NPROC, (rlim_t)(plan->tasks + p->processes + 3), "processes")) != 0)
		return e;
	return p->memory_bytes ? limit_memory(plan) : 0;
}

/* What could bring capabilities back; refused to those who have none, who then need not ask. */
static void lock_capabilities(void)
{
	int cap;

	for (cap = 0; cap < 64; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
	      SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED, 0, 0, 0);
}

int privileges_drop(const struct plan *plan)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 }, { 0 } };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return plan_fail(plan, errno, "privileges", "no_new_privs");
	lock_capabilities();
	if (plan->layers & SANDBOX_UID && plan->uid != geteuid()) {
		if (setgroups(0, NULL) != 0 || setresgid(plan->uid, plan->uid, plan->uid) != 0 ||
		    setresuid(plan->uid, plan->uid, plan->uid) != 0)
			return plan_fail(plan, errno, "privileges", "becoming nobody");
	}
	if (syscall(SYS_capset, &head, none) != 0)
		return plan_fail(plan, errno, "privileges", "capabilities");
	return 0;
}
