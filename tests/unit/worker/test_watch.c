/* What the worker reads of a candidate's process from outside: whether it stays where it was put, and what it does after it answered. */
#include "avo.h"
#include "base/log.h"
#include "base/child.h"
#include "base/path.h"
#include "worker/cpu/watch.h"
#include "worker_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct client client;

/* A process that does one thing for each byte it gets, and says so. */
static pid_t start(void (*act)(void), int *ask)
{
	int down[2], up[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(down), 0);
	assert_int_equal(pipe(up), 0);
	pid = fork();
	if (pid == 0) {
		close(down[1]);
		while (read(down[0], &byte, 1) == 1) {
			act();
			if (write(up[1], "", 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(down[0]);
	close(up[1]);
	ask[0] = up[0];
	ask[1] = down[1];
	return pid;
}

static void tell(const int *ask)
{
	char byte;

	assert_int_equal(write(ask[1], "", 1), 1);
	assert_int_equal(read(ask[0], &byte, 1), 1);
}

static void end(pid_t pid, const int *ask)
{
	close(ask[0]);
	close(ask[1]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void nothing(void) { }
static void be_nice(void) { setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + 1); }
static void limit_itself(void) { setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }); }
static void batch(void) { sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 }); }

static void leave(void)
{
	cpu_set_t set;
	int core = 0;

	sched_getaffinity(0, sizeof(set), &set);
	while (!CPU_ISSET(core, &set))
		core++;
	CPU_CLR(core, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void seen(void (*act)(void), const char *what)
{
	struct watch w;
	const char *moved;
	int ask[2];
	pid_t pid = start(act, ask);

	watch_open(&w, pid);
	assert_true(w.has_clock);
	assert_null(watch_moved(&w));
	tell(ask);
	moved = watch_moved(&w);
	if (what)
		assert_string_equal(moved, what);
	else
		assert_null(moved);
	end(pid, ask);
	/* the end of a process is no change of its standing */
	assert_null(watch_moved(&w));
	watch_close(&w);
}

static void every_change_of_standing_is_seen(void **state)
{
	cpu_set_t set;

	seen(nothing, NULL);
	seen(be_nice, "priority");
	seen(batch, "priority");
	sched_getaffinity(0, sizeof(set), &set);
	if (CPU_COUNT(&set) > 1)
		seen(leave, "affinity");
}

static void a_lowered_limit_is_seen(void **state)
{
	struct rlimit core;

	getrlimit(RLIMIT_CORE, &core);
	if (core.rlim_max == 0)
		skip();
	seen(limit_itself, "limits");
}

static void work(void)
{
	if (fork() == 0)
		_exit(0);
	wait(NULL);
}

static void who_sleeps_has_settled(void **state)
{
	struct watch w;
	int ask[2];
	pid_t pid = start(work, ask);
	double before;

	watch_open(&w, pid);
	assert_true(watch_settle(&w));
	before = w.settled;
	tell(ask);
	assert_true(watch_settle(&w));
	assert_true(w.settled >= before);
	assert_true(watch_cpu(&w) - w.settled < 0.01);
	end(pid, ask);
	watch_close(&w);
}

static void spin(void)
{
	for (;;)
		sched_yield();
}

static void who_goes_on_computing_has_not(void **state)
{
	struct watch w;
	int ask[2];
	pid_t pid = start(spin, ask);

	watch_open(&w, pid);
	assert_true(watch_settle(&w));
	assert_int_equal(write(ask[1], "", 1), 1);
	assert_false(watch_settle(&w));
	end(pid, ask);
	watch_close(&w);
}

/* A user's own library has constructors, as every library may; it must still run where it was put. */
static char *library(const char *text)
{
	char *dir = client_candidate(&client, "library", text), *source = path_join(dir, "kernel.c"), *object = path_join(dir, "mine.so");
	char *include = path_data("kernels/include");
	const char *argv[] = { "cc", "-shared", "-fPIC", "-I", include, "-o", object, source, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct error err;
	struct buf log = BUF_INIT;

	spec.argv = argv;
	assert_int_equal(child_run(&result, &log, &spec, 60000, &err), AVO_OK);
	if (result.wait_status != 0)
		fail_msg("%s", buf_cstr(&log));
	buf_release(&log);
	free(include);
	free(source);
	free(dir);
	return object;
}

static void leaving_before_the_seal_is_named(void **state)
{
	char *object = library("#define _GNU_SOURCE\n#include <sys/resource.h>\n#include <avo/attention.h>\n"
			       "__attribute__((constructor)) static void early(void) { setpriority(PRIO_PROCESS, 0, 19); }\n"
			       "int avo_attention(const struct avo_attention *a) { return a->batch < 0; }\n");
	cJSON *request = cJSON_CreateObject(), *list = cJSON_CreateArray(), *one = cJSON_CreateObject(), *result;
	char *text;

	json_set_str(request, "op", "peers");
	json_set_str(request, "suite", "cpu-quick");
	json_set_int(request, "repeats", 1);
	json_set_str(one, "path", object);
	json_push(list, one);
	json_set(request, "baselines", list);
	result = client_run(&client, request);
	text = json_print_new(result);
	if (!strstr(text, "it changed where and how its process runs while it was loaded"))
		fail_msg("%s", text);
	free(text);
	free(object);
	cJSON_Delete(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_change_of_standing_is_seen),
		cmocka_unit_test(a_lowered_limit_is_seen),
		cmocka_unit_test(who_sleeps_has_settled),
		cmocka_unit_test(who_goes_on_computing_has_not),
		cmocka_unit_test(leaving_before_the_seal_is_named),
	};
	int failed;

	log_set_fd(-1);
	setenv("AVO_DATA_DIR", AVO_SRCDIR, 1);
	client_open(&client);
	failed = cmocka_run_group_tests_name("watch", tests, NULL, NULL);
	client_close(&client);
	return failed;
}
