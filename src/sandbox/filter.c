/*
 * Layer 3: system calls that nothing confined needs. Compilers and shells run
 * under it, so it is a list of refusals (EPERM); the strict list of what is
 * allowed is for processes that only compute: seal.c.
 */
#include "avo.h"
#include "sandbox/plan.h"
#include "sandbox/bpf.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Other processes' memory, the kernel's inner life, mounts, keys, time, and ways around the filter. */
static const int refused[] = {
	SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(kcmp),
	SCMP_SYS(pidfd_getfd), SCMP_SYS(process_madvise),
	SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(fanotify_init), SCMP_SYS(lookup_dcookie),
	SCMP_SYS(add_key), SCMP_SYS(keyctl), SCMP_SYS(request_key),
	SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(open_tree),
	SCMP_SYS(move_mount), SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount), SCMP_SYS(fspick),
	SCMP_SYS(mount_setattr), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(name_to_handle_at),
	SCMP_SYS(open_by_handle_at), SCMP_SYS(quotactl), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct),
	SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(syslog), SCMP_SYS(vhangup),
	SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(adjtimex), SCMP_SYS(clock_adjtime),
	SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(iopl), SCMP_SYS(ioperm), SCMP_SYS(modify_ldt),
	SCMP_SYS(mknod), SCMP_SYS(mknodat), SCMP_SYS(move_pages), SCMP_SYS(migrate_pages), SCMP_SYS(execveat),
	SCMP_SYS(personality), SCMP_SYS(msgget), SCMP_SYS(semget), SCMP_SYS(shmget), SCMP_SYS(mq_open),
};

static const unsigned new_namespaces[] = {
	CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, 0x02000000 /* cgroup */
};

static void refuse(struct bpf *b, int call)
{
	bpf_rule(b, SCMP_ACT_ERRNO(EPERM), call, 0);
}

static void refuse_children(struct bpf *b)
{
	refuse(b, SCMP_SYS(clone));
	refuse(b, SCMP_SYS(clone3));
	refuse(b, SCMP_SYS(fork));
	refuse(b, SCMP_SYS(vfork));
}

static void refuse_new_namespaces(struct bpf *b)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(new_namespaces); i++)
		bpf_rule(b, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
			 SCMP_A0(SCMP_CMP_MASKED_EQ, new_namespaces[i], new_namespaces[i]));
	/* its flags are in memory, where a filter cannot look; libc falls back to clone */
	bpf_rule(b, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static void refuse_network(struct bpf *b, bool allow_unix)
{
	/* a path to the control socket is useless without a socket; socketpair stays. CUDA talks to its own daemons. */
	if (allow_unix)
		bpf_rule(b, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_NE, AF_UNIX));
	else
		refuse(b, SCMP_SYS(socket));
}

enum avo_status seccomp_compile(struct plan *plan, struct error *err)
{
	struct bpf b;
	size_t i;

	if (!bpf_init(&b, SCMP_ACT_ALLOW))
		return error_set(err, AVO_ENVIRONMENT, "cannot build a system call filter");
	for (i = 0; i < ARRAY_LEN(refused); i++)
		refuse(&b, refused[i]);
	refuse_network(&b, plan->policy->allow_gpu);
	if (plan->policy->allow_threads)
		refuse_new_namespaces(&b);
	else
		refuse_children(&b);
	if (!plan->policy->allow_exec)
		bpf_rule(&b, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(execve), 1,
			 SCMP_A0(SCMP_CMP_NE, (uintptr_t)plan->exec_path));
	/* without a pid namespace the process group is how all of it is killed */
	if (!(plan->layers & SANDBOX_NAMESPACES)) {
		refuse(&b, SCMP_SYS(setsid));
		refuse(&b, SCMP_SYS(setpgid));
	}
	/* typing into somebody's terminal */
	bpf_rule(&b, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, TIOCSTI));
	bpf_rule(&b, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, TIOCLINUX));
	return bpf_export(&plan->filter, &plan->filter_len, &b, err);
}

int seccomp_enter(const struct plan *plan)
{
	struct sock_fprog prog = { .len = plan->filter_len, .filter = plan->filter };

	if (!(plan->layers & SANDBOX_SECCOMP))
		return 0;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) != 0)
		return plan_fail(plan, errno, "seccomp", "filter");
	return 0;
}
