/*
 * The seal of a process that is about to run foreign code inside itself: the
 * list of what computing needs. Everything else traps; the handler leaves the
 * number of the system call in a word that the parent can see, and the
 * process dies of SIGSYS.
 */
#include "avo.h"
#include "sandbox/bpf.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Memory, the descriptors it has, time, its own identity (numbers only), leaving.
 * Nothing that sleeps for a time: who has answered must not wake up by itself.
 */
static const int allowed[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64), SCMP_SYS(pwrite64),
	SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(fstat),
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(sched_yield), SCMP_SYS(getcpu), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrusage),
	SCMP_SYS(times), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(sysinfo), SCMP_SYS(uname),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* One word of memory that outlives the process; the handler has no other way to be told. */
static volatile int32_t *evidence_word;

static void on_violation(int sig, siginfo_t *info, void *context)
{
	if (evidence_word)
		*evidence_word = info->si_syscall + 1;
	/* SIGSYS is blocked in its own handler, so that the next violation is final */
	for (;;)
		syscall(SYS_getppid);
}

static void allow_memory(struct bpf *b)
{
	/* no new code: neither mapped nor made executable later */
	bpf_rule(b, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	bpf_rule(b, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

/* The locks inside libc wait without a time; the fourth argument is the time. */
static void allow_locks(struct bpf *b)
{
	bpf_rule(b, SCMP_ACT_ALLOW, SCMP_SYS(futex), 1, SCMP_A3(SCMP_CMP_EQ, 0));
}

/* abort() must be what the parent sees, not a violation. */
static void allow_abort(struct bpf *b)
{
	bpf_rule(b, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2, SCMP_A0(SCMP_CMP_EQ, (uint32_t)getpid()),
		 SCMP_A2(SCMP_CMP_EQ, SIGABRT));
}

/* What stdio asks of a stream before its first write; an error is answer enough. */
static void answer_stdio(struct bpf *b)
{
	bpf_rule(b, SCMP_ACT_ERRNO(EBADF), SCMP_SYS(newfstatat), 1,
		 SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
	bpf_rule(b, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
}

static enum avo_status build(struct sock_filter **out, unsigned short *len, struct error *err)
{
	struct bpf b;
	size_t i;

	if (!bpf_init(&b, SCMP_ACT_TRAP))
		return error_set(err, AVO_ENVIRONMENT, "cannot build the seal of a compute process");
	for (i = 0; i < ARRAY_LEN(allowed); i++)
		bpf_rule(&b, SCMP_ACT_ALLOW, allowed[i], 0);
	allow_memory(&b);
	allow_locks(&b);
	allow_abort(&b);
	answer_stdio(&b);
	return bpf_export(out, len, &b, err);
}

/* A crash must end the process as that crash; a handler (a sanitizer's opens files) would make it a violation. */
static void reset_crash_handlers(void)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT };
	size_t i;

	for (i = 0; i < ARRAY_LEN(crashes); i++)
		signal(crashes[i], SIG_DFL);
}

enum avo_status sandbox_seal(volatile int32_t *evidence, struct error *err)
{
	struct sigaction act = { .sa_sigaction = on_violation, .sa_flags = SA_SIGINFO };
	struct sock_fprog prog = { 0 };
	enum avo_status st = build(&prog.filter, &prog.len, err);

	if (st != AVO_OK)
		return st;
	evidence_word = evidence;
	if (evidence)
		*evidence = 0;
	reset_crash_handlers();
	sigemptyset(&act.sa_mask);
	if (sigaction(SIGSYS, &act, NULL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) != 0)
		st = error_errno(err, errno, "the kernel refuses the seal of a compute process (seccomp)");
	free(prog.filter);
	return st;
}

char *sandbox_describe_evidence(char *out, size_t size, int32_t evidence)
{
	char *name = evidence > 0 ? seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, evidence - 1) : NULL;

	if (evidence <= 0)
		snprintf(out, size, "a system call that is not known");
	else if (name)
		snprintf(out, size, "the system call %.40s", name);
	else
		snprintf(out, size, "system call number %d", evidence - 1);
	free(name);
	return out;
}
