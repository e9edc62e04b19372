/* A sealed process can compute, and nothing else; the parent learns what it tried. */
#include "avo.h"
#include "sandbox/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int32_t *evidence;

static int sealed(void (*act)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (sandbox_seal(evidence, NULL) != AVO_OK)
			_exit(99);
		act();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		fail_msg("this kernel has no seccomp: CPU candidates cannot be sealed here");
	return status;
}

/* --- what a kernel legitimately does --- */

static int compare(const void *a, const void *b)
{
	return (*(const float *)a > *(const float *)b) - (*(const float *)a < *(const float *)b);
}

static void compute(void)
{
	size_t n = 1 << 20, i;
	float *a = malloc(n * sizeof(*a)), *b = aligned_alloc(64, n * sizeof(*b)), *c;
	struct timespec ts;
	double sum = 0;

	if (!a || !b)
		_exit(1);
	for (i = 0; i < n; i++)
		a[i] = sinf((float)i);
	memcpy(b, a, n * sizeof(*b));
	a = realloc(a, 4 * n * sizeof(*a));
	qsort(b, n, sizeof(*b), compare);
	c = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!a || c == MAP_FAILED || madvise(c, 64 << 20, MADV_HUGEPAGE) > 0)
		_exit(2);
	for (i = 0; i < n; i++)
		sum += c[i] + (double)b[i];
	munmap(c, 64 << 20);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	if (!isfinite(sum) || b[0] > b[n - 1] || write(2, "", 0) != 0)
		_exit(3);
	free(a);
	free(b);
}

static void computing_is_possible(void **state)
{
	assert_int_equal(sealed(compute), 0);
	assert_int_equal(*evidence, 0);
}

static void print_something(void)
{
	printf("value %.3f\n", exp(1.0));
	if (fflush(stdout) != 0 || dprintf(2, "done\n") < 0)
		_exit(1);
}

static void standard_output_still_works(void **state)
{
	char text[64] = "";
	int fds[2], old[2] = { dup(1), dup(2) }, status;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fflush(stdout);
	dup2(fds[1], 1);
	dup2(fds[1], 2);
	status = sealed(print_something);
	dup2(old[0], 1);
	dup2(old[1], 2);
	assert_int_equal(status, 0);
	assert_int_equal(read(fds[0], text, sizeof(text) - 1), 17);
	assert_string_equal(text, "value 2.718\ndone\n");
	close(fds[0]);
	close(fds[1]);
	close(old[0]);
	close(old[1]);
}

/* --- ends that are not violations --- */

static volatile int *forbidden;	/* a page without access */

static void crash(void) { *forbidden = 1; }
static void give_up(void) { abort(); }

static void a_crash_is_a_crash(void **state)
{
	int status;

	forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	status = sealed(crash);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	status = sealed(give_up);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_int_equal(*evidence, 0);
}

/* --- violations --- */

static uint64_t word;
static char page[4096] __attribute__((aligned(4096)));

static void do_open(void) { syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY); }
static void do_socket(void) { syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); }
static void do_clone(void) { syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }
static void do_exec(void) { syscall(SYS_execve, "/bin/true", NULL, NULL); }
static void do_mprotect(void) { syscall(SYS_mprotect, page, sizeof(page), PROT_READ | PROT_EXEC); }
static void do_mmap(void) { syscall(SYS_mmap, 0, 4096, PROT_EXEC | PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }
static void do_ptrace(void) { syscall(SYS_ptrace, PTRACE_SEIZE, getppid, 0, 0); }
static void do_kill(void) { syscall(SYS_kill, 1, 0); }
static void do_tgkill_other(void) { syscall(SYS_tgkill, 1, 1, SIGABRT); }
static void do_sigaction(void) { syscall(SYS_rt_sigaction, SIGSYS, NULL, NULL, 8); }
static void do_prctl(void) { syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0); }
static void do_unlink(void) { syscall(SYS_unlinkat, AT_FDCWD, "/tmp/x", 0); }
static void do_timer(void) { syscall(SYS_timer_create, 0, NULL, &word); }
static void do_affinity(void) { syscall(SYS_sched_setaffinity, 0, 8, &word); }
static void do_poll(void) { syscall(SYS_poll, NULL, 0, 1); }
static void do_ppoll(void) { syscall(SYS_ppoll, NULL, 0, &(struct timespec){ 0, 1 }, NULL, 0); }
static void do_nanosleep(void) { syscall(SYS_nanosleep, &(struct timespec){ 0, 1 }, NULL); }
static void do_futex_wait(void) { syscall(SYS_futex, &word, FUTEX_WAIT, 0, &(struct timespec){ 0, 1 }, NULL, 0); }
static void do_io_uring(void) { syscall(SYS_io_uring_setup, 1, page); }
static void do_memory(void)
{
	struct iovec v = { &word, sizeof(word) };

	syscall(SYS_process_vm_readv, 1, &v, 1, &v, 1, 0);
}

static const struct {
	const char *name;	/* of the system call, as the parent must be told */
	void (*act)(void);
} violations[] = {
	{ "openat", do_open }, { "socket", do_socket }, { "clone", do_clone }, { "execve", do_exec },
	{ "mprotect", do_mprotect }, { "mmap", do_mmap }, { "ptrace", do_ptrace }, { "kill", do_kill },
	{ "tgkill", do_tgkill_other }, { "rt_sigaction", do_sigaction }, { "prctl", do_prctl },
	{ "unlinkat", do_unlink }, { "timer_create", do_timer }, { "sched_setaffinity", do_affinity },
	{ "poll", do_poll }, { "ppoll", do_ppoll }, { "nanosleep", do_nanosleep }, { "futex", do_futex_wait },
	{ "io_uring_setup", do_io_uring }, { "process_vm_readv", do_memory },
};

static void every_violation_kills_and_is_named(void **state)
{
	char text[80], want[80];
	size_t i;

	for (i = 0; i < ARRAY_LEN(violations); i++) {
		int status = sealed(violations[i].act);

		snprintf(want, sizeof(want), "the system call %s", violations[i].name);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%s did not end with SIGSYS but %#x", violations[i].name, (unsigned)status);
		assert_string_equal(sandbox_describe_evidence(text, sizeof(text), *evidence), want);
	}
}

static void *in_thread(void *arg) { return arg; }

static void do_thread(void)
{
	pthread_t t;

	pthread_create(&t, NULL, in_thread, NULL);
}

static void a_thread_cannot_be_started(void **state)
{
	int status = sealed(do_thread);

	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/* Evidence can be forged, the verdict cannot: the process is dead by SIGSYS either way. */
static void block_and_try(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	do_socket();
}

static void blocking_the_signal_does_not_help(void **state)
{
	int status = sealed(block_and_try);

	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(computing_is_possible), cmocka_unit_test(standard_output_still_works),
		cmocka_unit_test(a_crash_is_a_crash), cmocka_unit_test(every_violation_kills_and_is_named),
		cmocka_unit_test(a_thread_cannot_be_started), cmocka_unit_test(blocking_the_signal_does_not_help),
	};

	evidence = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return evidence == MAP_FAILED ? 1 : cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
