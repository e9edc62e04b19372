/*
 * What a confined program cannot do, under all layers and under each
 * degradation; and that a compiler still works in there. Runs as root and
 * (as_nobody.sh) as an ordinary user. The program is its own probe.
 */
#include "avo.h"
#include "base/buf.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/str.h"
#include "sandbox/plan.h"
#include "sandbox/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *work;	/* a fresh directory per test */

static int set_up(void **state)
{
	struct error err = { 0 };

	return path_temp_dir(&work, "/tmp", "test-sandbox-", &err) == AVO_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	path_remove_tree(work, NULL);
	free(work);
	return 0;
}

/* --- a policy like a compiler's, and running under it --- */

static const char *writable[2];

static struct sandbox_policy compiler_policy(void)
{
	writable[0] = work;
	return (struct sandbox_policy){
		.writable = writable, .allow_exec = true, .allow_threads = true, .file_bytes = 64 << 20,
		.memory_bytes = (size_t)2 << 30, .cpu_seconds = 20, .processes = 64,
	};
}

static int run_policy(struct buf *out, const struct sandbox_policy *policy, const char *const *argv)
{
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct error err = { 0 };

	spec.argv = argv;
	spec.cwd = work;
	if (sandbox_run(&result, out, &spec, policy, 20000, &err) != AVO_OK)
		fail_msg("%s", err.text);
	assert_false(result.timed_out);
	return result.wait_status;
}

static int shell(struct buf *out, const char *script)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	const struct sandbox_policy policy = compiler_policy();

	return run_policy(out, &policy, argv);
}

static int self(struct buf *out, const struct sandbox_policy *policy, const char *mode)
{
	const char *const argv[] = { "/proc/self/exe", mode, NULL };

	return run_policy(out, policy, argv);
}

/* --- every act under every degradation --- */

#define BIT(act) (1u << (act))
#define FILES (BIT(ACT_WRITE_OUTSIDE) | BIT(ACT_WRITE_HOME) | BIT(ACT_READ_HOME) | BIT(ACT_READ_RUN))
#define SOCKETS (BIT(ACT_TCP) | BIT(ACT_UDP) | BIT(ACT_UNIX) | BIT(ACT_ABSTRACT))
#define OTHERS (BIT(ACT_SIGNAL) | BIT(ACT_MEMORY) | BIT(ACT_ENVIRON))

/* What stays possible, by what each layer covers: the intersection over the layers. */
static unsigned still_possible(unsigned layers)
{
	bool root = geteuid() == 0;
	int abi = landlock_abi();
	unsigned left = FILES | SOCKETS | OTHERS | BIT(ACT_PROCESSES);

	/* reading root's memory takes root's capabilities; RLIMIT_NPROC does not hold for root */
	left &= root ? ~(BIT(ACT_MEMORY) | BIT(ACT_ENVIRON)) : ~BIT(ACT_PROCESSES);
	if (layers & SANDBOX_NAMESPACES)
		left &= BIT(ACT_PROCESSES);
	if (layers & SANDBOX_LANDLOCK)
		left &= BIT(ACT_UDP) | BIT(ACT_UNIX) | BIT(ACT_PROCESSES) | (abi < 4 ? BIT(ACT_TCP) : 0) |
			(abi < 6 ? BIT(ACT_ABSTRACT) | BIT(ACT_SIGNAL) : 0);
	if (layers & SANDBOX_SECCOMP)
		left &= FILES | BIT(ACT_SIGNAL) | BIT(ACT_ENVIRON) | BIT(ACT_PROCESSES);
	if (layers & SANDBOX_UID)
		left &= SOCKETS | (FILES & ~BIT(ACT_WRITE_HOME));
	return left;
}

/* `test_sandbox --check`: the self-check of this process's layers, for the test below to read. */
static int print_check(void)
{
	struct sandbox_check checks[SANDBOX_MAX_CHECKS];
	struct error err = { 0 };
	int i, count;

	if (sandbox_self_check(checks, &count, &err) != AVO_OK) {
		printf("error %s\n", err.text);
		return 1;
	}
	printf("layers %u\n", sandbox_layers());
	for (i = 0; i < count; i++)
		printf("act %d %s %s (%s)\n", i, checks[i].blocked ? "blocked" : "possible", checks[i].act, checks[i].by);
	return 0;
}

static void read_check(struct buf *out, const char *layers)
{
	char *set = NULL, *home = NULL;
	const char *envp[3] = { 0 };
	const char *const argv[] = { "/proc/self/exe", "--check", NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct error err = { 0 };

	assert_true(asprintf(&set, "AVO_SANDBOX_LAYERS=%s", layers) > 0);
	assert_true(asprintf(&home, "HOME=%s", work) > 0);
	envp[0] = home;
	envp[1] = set;
	spec.argv = argv;
	spec.envp = envp;
	/* reachable for others, so that permissions are not what stops the attacks */
	assert_int_equal(chmod(work, 0755), 0);
	assert_int_equal(child_run(&result, out, &spec, 60000, &err), AVO_OK);
	if (result.wait_status != 0)
		fail_msg("the self-check with %s failed: %s", layers, buf_cstr(out));
	free(set);
	free(home);
}

static unsigned number_after(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	return at ? (unsigned)strtoul(at + strlen(word), NULL, 10) : 0;
}

static void check_degradation(const char *layers, unsigned mask)
{
	struct buf out = BUF_INIT;
	unsigned got, want;
	int act;

	read_check(&out, layers);
	got = number_after(buf_cstr(&out), "layers ");
	assert_int_equal(got & ~mask, 0);	/* the override never adds */
	if (geteuid() != 0)
		mask &= ~(unsigned)SANDBOX_UID;
	if (got != mask) {
		/* cmocka prints a skip as "not ok", which automake takes for a failure */
		print_message("# skipped: %s: this machine has only %#x of %#x\n", layers, got, mask);
		buf_release(&out);
		return;
	}
	want = still_possible(got);
	for (act = 0; act < ACT_COUNT; act++) {
		char line[32];
		const char *at;

		snprintf(line, sizeof(line), "act %d ", act);
		at = strstr(buf_cstr(&out), line);
		assert_non_null(at);
		if (act == ACT_GPU)
			continue;
		if (str_starts(at + strlen(line), "possible") != !!(want & BIT(act)))
			fail_msg("with %s (%#x): %.*s", layers, got, (int)strcspn(at, "\n"), at);
	}
	buf_release(&out);
}

static void all_layers_block_every_act(void **state)
{
	unsigned have = sandbox_layers();
	char text[64];

	print_message("# %s\n", sandbox_describe(text, sizeof(text), have));
	check_degradation("namespaces+landlock+seccomp+uid",
			  SANDBOX_NAMESPACES | SANDBOX_LANDLOCK | SANDBOX_SECCOMP | SANDBOX_UID);
}

static void a_container_without_namespaces(void **state)
{
	check_degradation("landlock+seccomp+uid", SANDBOX_LANDLOCK | SANDBOX_SECCOMP | SANDBOX_UID);
}

static void landlock_and_seccomp_alone_hide_files_and_sockets(void **state)
{
	check_degradation("landlock+seccomp", SANDBOX_LANDLOCK | SANDBOX_SECCOMP);
}

static void only_namespaces(void **state) { check_degradation("namespaces", SANDBOX_NAMESPACES); }
static void only_bubblewrap(void **state) { check_degradation("bwrap", SANDBOX_NAMESPACES); }
static void only_landlock(void **state) { check_degradation("landlock", SANDBOX_LANDLOCK); }
static void only_seccomp(void **state) { check_degradation("seccomp", SANDBOX_SECCOMP); }
static void no_layer_at_all_is_said_to_block_little(void **state) { check_degradation("none", 0); }

static void bubblewrap_with_all_inner_layers(void **state)
{
	check_degradation("bwrap+landlock+seccomp+uid",
			  SANDBOX_NAMESPACES | SANDBOX_LANDLOCK | SANDBOX_SECCOMP | SANDBOX_UID);
}

/* A container that refuses namespaces and mounts, as Docker's default filter does. */
static int check_in_container(void)
{
	static const int calls[] = { SCMP_SYS(unshare), SCMP_SYS(mount), SCMP_SYS(setns), SCMP_SYS(pivot_root) };
	char *const argv[] = { (char *)"test_sandbox", (char *)"--check", NULL };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	size_t i;

	for (i = 0; i < ARRAY_LEN(calls); i++)
		seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
	seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
			 SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWNS, CLONE_NEWNS));
	seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (seccomp_load(ctx) != 0)
		return 1;
	seccomp_release(ctx);
	execv("/proc/self/exe", argv);
	return 1;
}

static void a_container_that_refuses_namespaces_is_noticed(void **state)
{
	const char *const argv[] = { "/proc/self/exe", "--container", NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct buf out = BUF_INIT;
	struct error err = { 0 };

	spec.argv = argv;
	assert_int_equal(child_run(&result, &out, &spec, 60000, &err), AVO_OK);
	if (result.wait_status != 0)
		fail_msg("the self-check failed: %s", buf_cstr(&out));
	assert_int_equal(number_after(buf_cstr(&out), "layers "), sandbox_layers() & ~(unsigned)SANDBOX_NAMESPACES);
	buf_release(&out);
}

/* --- a compiler works in there --- */

static void a_compiler_writes_its_output_and_nothing_else(void **state)
{
	struct buf out = BUF_INIT;
	char *source = path_join(work, "a.c"), *object = path_join(work, "sub/a.so");
	struct error err = { 0 };

	assert_int_equal(path_write_atomic(source, "int f(int x) { return x + 1; }\n", 31, 0600, &err), AVO_OK);
	assert_int_equal(shell(&out, "mkdir sub && gcc -O2 -shared -fPIC a.c -o sub/a.so && echo $TMPDIR && pwd"), 0);
	assert_non_null(strstr(buf_cstr(&out), work));
	assert_true(path_exists(object));
	/* and once more over what is there */
	assert_int_equal(shell(&out, "gcc -O1 -shared -fPIC a.c -o sub/a.so && echo more >> a.c"), 0);
	free(source);
	free(object);
	buf_release(&out);
}

static void the_end_of_the_program_is_seen_as_it_was(void **state)
{
	struct buf out = BUF_INIT;
	int status = shell(&out, "exit 7");

	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	status = shell(&out, "kill -SEGV $$");
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	assert_int_equal(waitpid(-1, &status, WNOHANG), -1);	/* no zombie is ours */
	assert_int_equal(errno, ECHILD);
	buf_release(&out);
}

static void nothing_of_the_parents_environment_is_inherited(void **state)
{
	const char *const env[] = { "GIVEN=yes", "LANG=C", NULL };
	const char *const argv[] = { "env", NULL };
	struct sandbox_policy policy = compiler_policy();
	struct buf out = BUF_INIT;

	policy.env = env;
	setenv("MODEL_API_KEY", "sk-secret", 1);
	assert_int_equal(run_policy(&out, &policy, argv), 0);
	assert_null(strstr(buf_cstr(&out), "sk-secret"));
	assert_non_null(strstr(buf_cstr(&out), "GIVEN=yes\n"));
	assert_non_null(strstr(buf_cstr(&out), "LANG=C\n"));
	assert_null(strstr(buf_cstr(&out), "LANG=C.UTF-8"));
	unsetenv("MODEL_API_KEY");
	buf_release(&out);
}

static int print_fds(void)
{
	int fd;

	for (fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("%d ", fd);
	return 0;
}

static void no_descriptor_leaks(void **state)
{
	struct sandbox_policy policy = compiler_policy();
	struct buf out = BUF_INIT;
	int fds[2] = { open("/etc/passwd", O_RDONLY), fcntl(2, F_DUPFD, 100) };

	assert_int_equal(self(&out, &policy, "--fds"), 0);
	assert_string_equal(buf_cstr(&out), "0 1 2 ");
	close(fds[0]);
	close(fds[1]);
	buf_release(&out);
}

static void reading_is_limited_to_what_was_named(void **state)
{
	struct buf out = BUF_INIT;

	if (!(sandbox_layers() & (SANDBOX_NAMESPACES | SANDBOX_LANDLOCK))) {
		print_message("# skipped: neither namespaces nor landlock here\n");
		return;
	}
	assert_int_not_equal(shell(&out, "ls /home || ls /root || ls /var || cat /proc/1/environ"), 0);
	buf_release(&out);
}

static void of_etc_only_what_compilers_need_is_there(void **state)
{
	struct buf out = BUF_INIT;

	if (!(sandbox_layers() & (SANDBOX_NAMESPACES | SANDBOX_LANDLOCK))) {
		print_message("# skipped: neither namespaces nor landlock here\n");
		return;
	}
	assert_int_equal(shell(&out, "cat /etc/passwd >/dev/null && cc --version >/dev/null && for f in shadow gshadow ssh ssl hostname fstab sudoers; do "
				     "if cat /etc/$f /etc/$f/* 2>/dev/null; then echo \"$f is there\"; exit 1; fi; done"), 0);
	buf_release(&out);
}

static void the_kernels_settings_cannot_be_written(void **state)
{
	struct buf out = BUF_INIT;

	if (!(sandbox_layers() & (SANDBOX_NAMESPACES | SANDBOX_LANDLOCK))) {
		print_message("# skipped: neither namespaces nor landlock here\n");
		return;
	}
	/* with the value that is there already, in case it works */
	assert_int_not_equal(shell(&out, "h=$(cat /proc/sys/kernel/hostname) && echo $h >/proc/sys/kernel/hostname"), 0);
	buf_release(&out);
}

/* A data directory that only its owner can read: an ordinary user is that owner, root would have to stay root inside. */
static void what_nobody_can_read_is_not_run_as_root(void **state)
{
	struct sandbox_policy policy = compiler_policy();
	char *shown = NULL, *file = NULL;
	const char *argv[] = { "/bin/sh", "-c", "cat \"$0\" && echo x >out && grep CapEff /proc/self/status", NULL, NULL };
	const char *readable[] = { NULL, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct error err = { 0 };
	struct buf out = BUF_INIT;

	assert_int_equal(path_temp_dir(&shown, "/tmp", "test-shown-", NULL), AVO_OK);
	file = path_join(shown, "kernel.c");
	assert_int_equal(path_write_atomic(file, "secret source\n", 14, 0600, NULL), AVO_OK);
	readable[0] = shown;
	argv[3] = file;
	policy.readable = readable;
	if (geteuid() == 0 && sandbox_layers() & SANDBOX_UID) {
		spec.argv = argv;
		assert_int_equal(sandbox_run(&result, &out, &spec, &policy, 20000, &err), AVO_ENVIRONMENT);
		assert_non_null(strstr(err.text, "chmod -R a+rX"));
		assert_int_equal(chmod(shown, 0755), 0);
		assert_int_equal(chmod(file, 0644), 0);
	}
	assert_int_equal(run_policy(&out, &policy, argv), 0);
	assert_non_null(strstr(buf_cstr(&out), "secret source"));
	assert_non_null(strstr(buf_cstr(&out), "CapEff:\t0000000000000000"));
	path_remove_tree(shown, NULL);
	free(shown);
	free(file);
	buf_release(&out);
}

static void misuse_is_reported_before_anything_starts(void **state)
{
	const char *const argv[] = { "no-such-program", NULL };
	const char *const fine[] = { "true", NULL };
	struct sandbox_policy policy = compiler_policy();
	struct child_spec spec = CHILD_SPEC_INIT;
	struct error err = { 0 };
	pid_t pid;

	spec.argv = argv;
	assert_int_equal(sandbox_spawn(&pid, &spec, &policy, &err), AVO_ENVIRONMENT);
	assert_non_null(strstr(err.text, "no-such-program"));
	spec.argv = fine;
	spec.cwd = "/var";
	assert_int_equal(sandbox_spawn(&pid, &spec, &policy, &err), AVO_USAGE);
	writable[0] = "/nowhere/at/all";
	spec.cwd = NULL;
	assert_int_equal(sandbox_spawn(&pid, &spec, &policy, &err), AVO_ENVIRONMENT);
	assert_non_null(strstr(err.text, "/nowhere/at/all"));
}

/* --- switches of the policy --- */

static int try_exec(void)
{
	char *const argv[] = { (char *)"true", NULL };

	execv("/bin/true", argv);
	printf("exec %d", errno);
	return 0;
}

static int try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	printf("fork %d", pid < 0 ? errno : 0);
	return 0;
}

static void programs_and_processes_only_where_allowed(void **state)
{
	struct sandbox_policy policy = compiler_policy();
	struct buf out = BUF_INIT;

	if (!(sandbox_layers() & SANDBOX_SECCOMP)) {
		print_message("# skipped: no seccomp here\n");
		return;
	}
	assert_int_equal(self(&out, &policy, "--fork"), 0);
	assert_string_equal(buf_cstr(&out), "fork 0");
	buf_clear(&out);
	policy.allow_exec = policy.allow_threads = false;
	assert_int_equal(self(&out, &policy, "--exec"), 0);
	assert_int_equal(self(&out, &policy, "--fork"), 0);
	assert_int_equal(number_after(buf_cstr(&out), "exec "), EPERM);
	assert_int_equal(number_after(buf_cstr(&out), "fork "), EPERM);
	buf_release(&out);
}

/* A CPU candidate's process: confined first, then sealed, with nothing to write to but its descriptors. */
static int seal_and_compute(void)
{
	double *x;
	struct error err = { 0 };

	if (sandbox_seal(NULL, &err) != AVO_OK) {
		printf("%s", err.text);
		return 1;
	}
	x = calloc(1 << 16, sizeof(*x));
	if (!x || dprintf(1, "sealed %g", x[17]) < 0)
		return 1;
	free(x);
	_exit(0);
}

static void a_confined_process_can_seal_itself(void **state)
{
	struct sandbox_policy policy = { .cpu_seconds = 10, .memory_bytes = (size_t)1 << 30 };
	struct child_spec spec = CHILD_SPEC_INIT;
	const char *const argv[] = { "/proc/self/exe", "--seal", NULL };
	struct child_result result;
	struct buf out = BUF_INIT;
	struct error err = { 0 };

	spec.argv = argv;
	if (sandbox_run(&result, &out, &spec, &policy, 20000, &err) != AVO_OK)
		fail_msg("%s", err.text);
	assert_string_equal(buf_cstr(&out), "sealed 0");
	assert_int_equal(result.wait_status, 0);
	buf_release(&out);
}

/* The nodes themselves are not here; what a driver needs around them is. */
static void a_gpu_process_sees_sysfs(void **state)
{
	struct sandbox_policy policy = compiler_policy();
	const char *const argv[] = { "/bin/sh", "-c", "ls /sys/devices >/dev/null && echo avo >/proc/self/comm && cat /proc/self/comm", NULL };
	struct buf out = BUF_INIT;

	policy.allow_gpu = true;
	if (run_policy(&out, &policy, argv) != 0)
		fail_msg("%s", buf_cstr(&out));
	buf_release(&out);
}

static void init_hides_the_callers_memory(void **state)
{
	struct buf out = BUF_INIT;

	/* bubblewrap's is a program of its own, without any memory of ours */
	if (!(layers_found() & SANDBOX_NAMESPACES) || layers_found() & SANDBOX_BWRAP) {
		print_message("# skipped: no pid 1 of ours here\n");
		return;
	}
	assert_int_not_equal(shell(&out, "cat /proc/1/environ || cat /proc/1/maps || ls /proc/1/fd/"), 0);
	buf_release(&out);
}

static void cpu_time_and_memory_end(void **state)
{
	struct sandbox_policy policy = compiler_policy();
	const char *const spin[] = { "/bin/sh", "-c", "while :; do :; done", NULL };
	struct buf out = BUF_INIT;
	int status;

	policy.cpu_seconds = 1;
	status = run_policy(&out, &policy, spin);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU);
	assert_int_not_equal(shell(&out, "dd if=/dev/zero of=/dev/null bs=4G count=1"), 0);
	status = shell(&out, "dd if=/dev/zero of=big bs=1M count=100");
	assert_true(status != 0);
	buf_release(&out);
}

/* --- death --- */

/* Everything that holds the pipe is dead when it ends. */
static bool ends_within(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t deadline = clock_mono_ms() + ms;
	char byte;

	while (clock_mono_ms() < deadline)
		if (poll(&p, 1, 50) > 0 && read(fd, &byte, 1) == 0)
			return true;
	return false;
}

static void start_sleepers(const char *script, int out)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	const struct sandbox_policy policy = compiler_policy();
	struct child_spec spec = CHILD_SPEC_INIT;
	pid_t pid;

	spec.argv = argv;
	spec.stdout_fd = out;
	if (sandbox_spawn(&pid, &spec, &policy, NULL) != AVO_OK)
		_exit(1);
	for (;;)
		pause();
}

static void children_die_with_their_parent(void **state)
{
	const char *script = sandbox_layers() & SANDBOX_NAMESPACES ? "setsid sleep 300 & echo x; exec sleep 300"
								    : "echo x; exec sleep 300";
	int fds[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0)
		start_sleepers(script, fds[1]);
	close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	assert_false(ends_within(fds[0], 100));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(ends_within(fds[0], 5000));
	close(fds[0]);
}

static void a_timeout_kills_the_whole_family(void **state)
{
	const char *const argv[] = { "/bin/sh", "-c", "setsid sleep 300 & sleep 300", NULL };
	const struct sandbox_policy policy = compiler_policy();
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct buf out = BUF_INIT;
	struct error err = { 0 };

	spec.argv = argv;
	assert_int_equal(sandbox_run(&result, &out, &spec, &policy, 300, &err), AVO_OK);
	assert_true(result.timed_out);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	buf_release(&out);
}

/* --- cost --- */

static void a_start_costs_milliseconds(void **state)
{
	const char *const argv[] = { "/bin/true", NULL };
	const struct sandbox_policy policy = compiler_policy();
	struct child_spec spec = CHILD_SPEC_INIT;
	int64_t start = clock_mono_ns(), plain;
	struct child_result result;
	struct buf out = BUF_INIT;
	int i;

	spec.argv = argv;
	for (i = 0; i < 20; i++)
		assert_int_equal(child_run(&result, &out, &spec, 10000, NULL), AVO_OK);
	plain = clock_mono_ns() - start;
	start = clock_mono_ns();
	for (i = 0; i < 20; i++) {
		assert_int_equal(sandbox_run(&result, &out, &spec, &policy, 10000, NULL), AVO_OK);
		assert_int_equal(result.wait_status, 0);
	}
	print_message("# a start costs %.1f ms, unconfined %.1f ms\n", (double)(clock_mono_ns() - start) / 20e6,
		      (double)plain / 20e6);
	buf_release(&out);
}

/* The engine hides its memory once it holds a key; ordinary users' namespaces must not be lost by that. */
static void a_caller_that_hides_its_memory_confines_as_well(void **state)
{
	struct buf out = BUF_INIT;
	unsigned layers = sandbox_layers();
	int status;

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	status = shell(&out, "ls -d /proc/[0-9]* | wc -l");
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	assert_int_equal(status, 0);
	if (layers & SANDBOX_NAMESPACES)
		assert_in_range(strtol(buf_cstr(&out), NULL, 10), 1, 8);
	buf_release(&out);
}

int main(int argc, char **argv)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest degradations[] = {
		T(all_layers_block_every_act), T(a_container_without_namespaces),
		T(landlock_and_seccomp_alone_hide_files_and_sockets), T(only_namespaces), T(only_bubblewrap),
		T(bubblewrap_with_all_inner_layers), T(only_landlock), T(only_seccomp),
		T(no_layer_at_all_is_said_to_block_little), T(a_container_that_refuses_namespaces_is_noticed),
	};
	/* these hold under whatever layers $AVO_SANDBOX_LAYERS leaves */
	const struct CMUnitTest behaviour[] = {
		T(a_compiler_writes_its_output_and_nothing_else), T(the_end_of_the_program_is_seen_as_it_was),
		T(nothing_of_the_parents_environment_is_inherited), T(no_descriptor_leaks),
		T(reading_is_limited_to_what_was_named), T(the_kernels_settings_cannot_be_written),
		T(what_nobody_can_read_is_not_run_as_root), T(of_etc_only_what_compilers_need_is_there), T(misuse_is_reported_before_anything_starts),
		T(a_confined_process_can_seal_itself), T(a_gpu_process_sees_sysfs), T(a_caller_that_hides_its_memory_confines_as_well), T(init_hides_the_callers_memory),
		T(programs_and_processes_only_where_allowed), T(cpu_time_and_memory_end),
		T(children_die_with_their_parent), T(a_timeout_kills_the_whole_family), T(a_start_costs_milliseconds),
	};
#undef T
	int status = sandbox_maybe_probe(argc, argv);

	if (status >= 0)
		return status;
	if (argc > 1 && strcmp(argv[1], "--check") == 0)
		return print_check();
	if (argc > 1 && strcmp(argv[1], "--container") == 0)
		return check_in_container();
	if (argc > 1 && strcmp(argv[1], "--fds") == 0)
		return print_fds();
	if (argc > 1 && strcmp(argv[1], "--seal") == 0)
		return seal_and_compute();
	if (argc > 1 && strcmp(argv[1], "--exec") == 0)
		return try_exec();
	if (argc > 1 && strcmp(argv[1], "--fork") == 0)
		return try_fork();
	if (argc > 1 && strcmp(argv[1], "--degradations") == 0)
		return cmocka_run_group_tests_name("degradations", degradations, NULL, NULL);
	return cmocka_run_group_tests_name("behaviour", behaviour, NULL, NULL);
}
