/* A conversation with the real avo-worker over its pipes: what ARCHITECTURE.md, "Worker protocol" promises. */
#include "avo.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct talk {
	pid_t pid;
	int to, from;
	struct buf in;
	char *scratch;
};

static void talk_open(struct talk *t)
{
	char *program = xasprintf("%s/avo-worker", getenv("AVO_TOP_BUILDDIR") ? getenv("AVO_TOP_BUILDDIR") : ".");
	const char *argv[] = { program, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	int in[2], out[2];

	memset(t, 0, sizeof(*t));
	assert_int_equal(path_temp_dir(&t->scratch, "/tmp", "avo-protocol-", NULL), AVO_OK);
	assert_int_equal(child_pipe(in, NULL), AVO_OK);
	assert_int_equal(child_pipe(out, NULL), AVO_OK);
	spec.argv = argv;
	spec.stdin_fd = in[0];
	spec.stdout_fd = out[1];
	spec.die_with_parent = true;
	assert_int_equal(child_spawn(&t->pid, &spec, NULL), AVO_OK);
	close(in[0]);
	close(out[1]);
	t->to = in[1];
	t->from = out[0];
	free(program);
}

static void talk_close(struct talk *t)
{
	if (t->to >= 0)
		close(t->to);
	close(t->from);
	child_kill(t->pid);
	buf_release(&t->in);
	path_remove_tree(t->scratch, NULL);
	free(t->scratch);
}

static void say(struct talk *t, const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t n = write(t->to, text, len);

		assert_true(n > 0);
		text += n;
		len -= (size_t)n;
	}
}

/* The next line as JSON, owned; NULL at the end of the stream or after ms. */
static cJSON *hear(struct talk *t, int ms)
{
	int64_t end = clock_mono_ms() + ms;

	for (;;) {
		char *newline = t->in.len ? memchr(t->in.data, '\n', t->in.len) : NULL;
		struct pollfd p = { .fd = t->from, .events = POLLIN };
		cJSON *value = NULL;
		ssize_t n;

		if (newline) {
			if (json_parse(&value, t->in.data, (size_t)(newline - t->in.data), NULL) != AVO_OK)
				fail_msg("the worker wrote a line that is no JSON: %.200s", t->in.data);
			buf_consume(&t->in, (size_t)(newline - t->in.data) + 1);
			return value;
		}
		if (clock_mono_ms() > end || poll(&p, 1, (int)(end - clock_mono_ms()) + 1) <= 0)
			return NULL;
		n = read(t->from, buf_reserve(&t->in, 65536), 65536);
		if (n <= 0)
			return NULL;
		buf_commit(&t->in, (size_t)n);
	}
}

/* The next line with this event; others are counted and dropped. */
static cJSON *hear_event(struct talk *t, const char *event, int *others)
{
	int64_t end = clock_mono_ms() + 60000;

	while (clock_mono_ms() < end) {
		cJSON *value = hear(t, 60000);

		if (!value)
			break;
		if (strcmp(json_str(value, "event", ""), event) == 0)
			return value;
		if (others)
			++*others;
		cJSON_Delete(value);
	}
	fail_msg("no %s came", event);
	return NULL;
}

static void skip_hello(struct talk *t)
{
	cJSON *hello = hear(t, 20000);

	assert_non_null(hello);
	assert_int_equal(json_int(hello, "hello", 0), 1);
	cJSON_Delete(hello);
}

static void expect(struct talk *t, const char *event, const char *key, const char *want)
{
	cJSON *m = hear_event(t, event, NULL);

	if (!strstr(json_str(m, key, "(missing)"), want))
		fail_msg("%s is \"%s\", not \"%s\"", key, json_str(m, key, "(missing)"), want);
	cJSON_Delete(m);
}

/* A job whose candidate computes for ever: the first call has a limit of about a second, so the checks last long enough. */
static void ask_for_slow_job(struct talk *t, int id, double deadline_s)
{
	char *dir = path_join(t->scratch, "slow"), *file = path_join(dir, "kernel.c"), *request;
	const char *source = "#include <avo/attention.h>\nint avo_attention(const struct avo_attention *a)\n"
			     "{ volatile int on = 1; while (on) ; return a->batch; }\n";

	assert_int_equal(path_mkdirs(dir, 0755, NULL), AVO_OK);
	assert_int_equal(path_write_atomic(file, source, strlen(source), 0644, NULL), AVO_OK);
	request = xasprintf("{\"id\":%d,\"op\":\"evaluate\",\"backend\":\"cpu\",\"suite\":\"cpu-quick\",\"candidate\":\"%s\",\"cache\":\"%s/cache\","
			    "\"deadline_s\":%g}\n", id, dir, t->scratch, deadline_s);
	say(t, request);
	free(request);
	free(file);
	free(dir);
}

static void it_introduces_itself(void **state)
{
	struct talk t;
	cJSON *hello;

	talk_open(&t);
	hello = hear(&t, 20000);
	assert_int_equal(json_int(hello, "hello", 0), 1);
	assert_string_equal(json_str(hello, "worker", ""), PACKAGE_VERSION);
	assert_int_equal(json_int(hello, "pid", 0), t.pid);
	assert_string_equal(cJSON_GetArrayItem(json_arr(hello, "backends"), 0)->valuestring, "cpu");
	assert_true(strlen(json_str(hello, "device", "")) > 0);
	assert_true(strlen(json_str(hello, "sandbox", "")) > 0);
	cJSON_Delete(hello);
	talk_close(&t);
}

static void it_beats_while_idle(void **state)
{
	struct talk t;
	cJSON *beat;

	talk_open(&t);
	skip_hello(&t);
	beat = hear_event(&t, "heartbeat", NULL);
	assert_null(json_get(beat, "id"));
	cJSON_Delete(beat);
	talk_close(&t);
}

static void foreign_lines_are_answered_and_survived(void **state)
{
	char *huge = xmalloc((3 << 20) + 2);
	struct talk t;

	talk_open(&t);
	skip_hello(&t);
	say(&t, "hello?\n");
	expect(&t, "error", "text", "not JSON");
	say(&t, "[1,2]\n");
	expect(&t, "error", "text", "object");
	say(&t, "{\"op\":\"dance\",\"id\":3}\n");
	expect(&t, "error", "text", "unknown op");
	say(&t, "{\"op\":\"evaluate\"}\n");
	expect(&t, "error", "text", "id");
	memset(huge, 'x', 3 << 20);
	strcpy(huge + (3 << 20), "\n");
	say(&t, huge);
	expect(&t, "error", "text", "1 MiB");
	say(&t, "\n{\"op\":\"cancel\",\"id\":99}\n{\"op\":\"jump\"}\n");
	expect(&t, "error", "text", "unknown op");
	free(huge);
	talk_close(&t);
}

static void requests_that_make_no_sense_get_a_result(void **state)
{
	struct talk t;

	talk_open(&t);
	skip_hello(&t);
	say(&t, "{\"id\":1,\"op\":\"evaluate\",\"backend\":\"tpu\",\"suite\":\"cpu\",\"candidate\":\"/x\",\"cache\":\"/tmp/x\"}\n");
	expect(&t, "result", "reason", "no backend \"tpu\"");
	say(&t, "{\"id\":2,\"op\":\"evaluate\",\"backend\":\"cpu\",\"suite\":\"none\",\"candidate\":\"/x\",\"cache\":\"/tmp/x\"}\n");
	expect(&t, "result", "reason", "no suite \"none\"");
	say(&t, "{\"id\":3,\"op\":\"evaluate\",\"backend\":\"cpu\",\"suite\":\"mha\",\"candidate\":\"/x\",\"cache\":\"/tmp/x\"}\n");
	expect(&t, "result", "reason", "backend cuda");
	say(&t, "{\"id\":4,\"op\":\"evaluate\",\"backend\":\"cpu\",\"suite\":\"cpu\",\"cache\":\"/tmp/x\"}\n");
	expect(&t, "result", "reason", "no candidate");
	say(&t, "{\"id\":5,\"op\":\"evaluate\",\"backend\":\"cpu\",\"suite\":\"cpu\",\"candidate\":\"/x\"}\n");
	expect(&t, "result", "reason", "no cache");
	say(&t, "{\"id\":6,\"op\":\"profile\",\"backend\":\"cpu\",\"suite\":\"cpu\",\"candidate\":\"/x\",\"cache\":\"/tmp/x\"}\n");
	expect(&t, "result", "reason", "no counters");
	talk_close(&t);
}

static void a_second_job_is_refused_while_one_runs(void **state)
{
	struct talk t;
	cJSON *m;

	talk_open(&t);
	skip_hello(&t);
	ask_for_slow_job(&t, 1, 60);
	ask_for_slow_job(&t, 2, 60);
	m = hear_event(&t, "result", NULL);
	assert_int_equal(json_int(m, "id", -1), 2);
	assert_non_null(strstr(json_str(m, "reason", ""), "busy"));
	cJSON_Delete(m);
	m = hear_event(&t, "result", NULL);
	assert_int_equal(json_int(m, "id", -1), 1);
	assert_string_equal(json_str(m, "verdict", ""), "timed-out");
	cJSON_Delete(m);
	talk_close(&t);
}

static void a_job_can_be_cancelled_and_the_next_one_runs(void **state)
{
	int64_t start;
	struct talk t;
	cJSON *m;

	talk_open(&t);
	skip_hello(&t);
	ask_for_slow_job(&t, 7, 60);
	cJSON_Delete(hear_event(&t, "progress", NULL));
	start = clock_mono_ms();
	say(&t, "{\"op\":\"cancel\",\"id\":7}\n");
	m = hear_event(&t, "result", NULL);
	assert_int_equal(json_int(m, "id", -1), 7);
	assert_string_equal(json_str(m, "verdict", ""), "cancelled");
	assert_true(clock_mono_ms() - start < 5000);
	cJSON_Delete(m);
	ask_for_slow_job(&t, 8, 60);
	m = hear_event(&t, "result", NULL);
	assert_int_equal(json_int(m, "id", -1), 8);
	assert_string_equal(json_str(m, "verdict", ""), "timed-out");
	cJSON_Delete(m);
	talk_close(&t);
}

static void a_deadline_ends_a_job(void **state)
{
	struct talk t;

	talk_open(&t);
	skip_hello(&t);
	ask_for_slow_job(&t, 1, 0.3);
	expect(&t, "result", "reason", "deadline");
	talk_close(&t);
}

/* A scheduler says that the allocation ends, to every process of the step. */
static void told_to_leave_it_gives_the_job_back(void **state)
{
	static const int signals[] = { SIGTERM, SIGUSR1, SIGUSR2 };
	struct talk t;
	size_t i;
	cJSON *m;

	for (i = 0; i < ARRAY_LEN(signals); i++) {
		talk_open(&t);
		skip_hello(&t);
		ask_for_slow_job(&t, 5, 60);
		cJSON_Delete(hear_event(&t, "progress", NULL));
		kill(t.pid, signals[i]);
		m = hear_event(&t, "leaving", NULL);
		assert_int_equal(json_int(m, "id", -1), 5);
		cJSON_Delete(m);
		m = hear_event(&t, "result", NULL);
		assert_string_equal(json_str(m, "verdict", ""), "cancelled");
		assert_string_equal(json_str(m, "reason", ""), "worker leaves");
		cJSON_Delete(m);
		assert_null(hear(&t, 20000));
		talk_close(&t);
	}
}

/* On the far side of a network that is down the end of the engine is never seen. */
static void an_engine_that_fell_silent_is_left(void **state)
{
	struct talk t;
	cJSON *hello;
	int i;

	setenv("AVO_WORKER_PATIENCE", "1", 1);
	talk_open(&t);
	unsetenv("AVO_WORKER_PATIENCE");
	hello = hear(&t, 20000);
	assert_int_equal(json_int(hello, "patience_s", 0), 1);
	cJSON_Delete(hello);
	/* nobody who never pings is left: this may be typed by hand */
	cJSON_Delete(hear_event(&t, "heartbeat", NULL));
	for (i = 0; i < 4; i++) {
		say(&t, "{\"op\":\"ping\"}\n");
		usleep(400000);
	}
	assert_false(child_reap(t.pid, NULL));
	while ((hello = hear(&t, 20000)))
		cJSON_Delete(hello);
	assert_true(t.to >= 0);
	talk_close(&t);
}

static void a_result_names_both_versions(void **state)
{
	struct talk t;
	cJSON *m;

	talk_open(&t);
	skip_hello(&t);
	say(&t, "{\"id\":1,\"op\":\"evaluate\",\"engine\":\"7.8\",\"backend\":\"cpu\",\"suite\":\"none\",\"candidate\":\"/x\",\"cache\":\"/tmp/x\"}\n");
	m = hear_event(&t, "result", NULL);
	assert_string_equal(json_str(m, "engine", ""), "7.8");
	assert_string_equal(json_str(m, "worker", ""), PACKAGE_VERSION);
	cJSON_Delete(m);
	talk_close(&t);
}

/* Processes whose command line holds this text. */
static int count_processes(const char *text)
{
	struct dirent *e;
	DIR *proc = opendir("/proc");
	int count = 0;

	while ((e = readdir(proc))) {
		char *path = xasprintf("/proc/%s/cmdline", e->d_name);
		struct buf line = BUF_INIT;

		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && path_read(&line, path, 1 << 20, NULL) == AVO_OK && line.len)
			count += memmem(line.data, line.len, text, strlen(text)) != NULL;
		buf_release(&line);
		free(path);
	}
	closedir(proc);
	return count;
}

static void wait_for_no_process(const char *text)
{
	int i;

	for (i = 0; i < 200 && count_processes(text); i++)
		usleep(50000);
	assert_int_equal(count_processes(text), 0);
}

static void start_and_leave(bool kill_it)
{
	int i, status = 0;
	struct talk t;
	char *cache;

	talk_open(&t);
	cache = path_join(t.scratch, "cache");
	skip_hello(&t);
	ask_for_slow_job(&t, 1, 60);
	/* a compiler or a candidate; the one seen may have ended by the next look */
	for (i = 0; i < 1500 && !count_processes(cache); i++)
		usleep(20000);
	assert_true(i < 1500);
	if (kill_it) {
		kill(t.pid, SIGKILL);
	} else {
		close(t.to);
		t.to = -1;
	}
	for (i = 0; i < 200 && !child_reap(t.pid, &status); i++)
		usleep(50000);
	assert_true(i < 200);
	if (!kill_it)
		assert_int_equal(status, 0);
	wait_for_no_process(cache);
	free(cache);
	talk_close(&t);
}

static void the_end_of_stdin_ends_everything(void **state)
{
	start_and_leave(false);
}

static void being_killed_leaves_nothing_behind(void **state)
{
	start_and_leave(true);
}

static void quit_ends_it(void **state)
{
	int i, status = -1;
	struct talk t;

	talk_open(&t);
	skip_hello(&t);
	say(&t, "{\"op\":\"quit\"}\n");
	for (i = 0; i < 200 && !child_reap(t.pid, &status); i++)
		usleep(20000);
	assert_int_equal(status, 0);
	talk_close(&t);
}

static void builds_are_cached_by_content(void **state)
{
	int pass;
	struct talk t;
	cJSON *m;

	talk_open(&t);
	skip_hello(&t);
	for (pass = 0; pass < 2; pass++) {
		ask_for_slow_job(&t, pass, 60);
		m = hear_event(&t, "result", NULL);
		assert_int_equal(json_bool(json_obj(m, "build"), "cached", pass == 0), pass == 1);
		cJSON_Delete(m);
	}
	talk_close(&t);
}

static void peers_are_measured_on_the_same_cases(void **state)
{
	const cJSON *peer, *score;
	char *request;
	struct talk t;
	cJSON *m;

	talk_open(&t);
	skip_hello(&t);
	request = xasprintf("{\"id\":1,\"op\":\"peers\",\"backend\":\"cpu\",\"suite\":\"cpu-quick\",\"cache\":\"%s/cache\"}\n", t.scratch);
	say(&t, request);
	m = hear_event(&t, "result", NULL);
	assert_string_equal(json_str(m, "unit", ""), "GFLOPS");
	assert_true(json_num(m, "peak", 0) > 1);
	assert_non_null(json_arr(m, "peers"));
	cJSON_ArrayForEach(peer, json_arr(m, "peers")) {
		assert_true(strlen(json_str(peer, "name", "")) > 0);
		assert_int_equal(cJSON_GetArraySize(json_arr(peer, "scores")), 2);
		cJSON_ArrayForEach(score, json_arr(peer, "scores"))
			assert_true(json_num(score, "value", 0) > 0 && json_num(score, "value", 0) < json_num(m, "peak", 0));
		assert_string_equal(json_str(cJSON_GetArrayItem(json_arr(peer, "scores"), 0), "case", ""), "full-128");
	}
	free(request);
	cJSON_Delete(m);
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_introduces_itself),
		cmocka_unit_test(it_beats_while_idle),
		cmocka_unit_test(foreign_lines_are_answered_and_survived),
		cmocka_unit_test(requests_that_make_no_sense_get_a_result),
		cmocka_unit_test(a_second_job_is_refused_while_one_runs),
		cmocka_unit_test(a_job_can_be_cancelled_and_the_next_one_runs),
		cmocka_unit_test(a_deadline_ends_a_job),
		cmocka_unit_test(told_to_leave_it_gives_the_job_back),
		cmocka_unit_test(an_engine_that_fell_silent_is_left),
		cmocka_unit_test(a_result_names_both_versions),
		cmocka_unit_test(the_end_of_stdin_ends_everything),
		cmocka_unit_test(being_killed_leaves_nothing_behind),
		cmocka_unit_test(quit_ends_it),
		cmocka_unit_test(builds_are_cached_by_content),
		cmocka_unit_test(peers_are_measured_on_the_same_cases),
	};

	setenv("AVO_DATA_DIR", AVO_SRCDIR, 1);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("protocol", tests, NULL, NULL);
}
