/* What holds for all commands of an agent together: they stand still while something is measured, and have one limit. */
#include "avo.h"
#include "agent/shell.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/proctree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <signal.h>
#include <unistd.h>

#define PATIENCE_MS 60000

struct fixture {
	struct toolbox box;
	char *dir;
	struct buf answer;
	bool answered;
};

static void take_answer(void *arg, const char *id, const char *text, bool is_error)
{
	struct fixture *f = arg;

	f->answered = true;
	buf_clear(&f->answer);
	buf_addstr(&f->answer, text);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	assert_int_equal(path_temp_dir(&f->dir, "/tmp", "avo-shell-", NULL), AVO_OK);
	assert_int_equal(loop_new(&f->box.loop, NULL), AVO_OK);
	f->box.answer = take_answer;
	f->box.answer_arg = f;
	f->box.work_dir = path_join(f->dir, "work");
	f->box.temp_dir = path_join(f->dir, "tmp");
	f->box.blob_dir = path_join(f->dir, "blobs");
	path_mkdirs(f->box.work_dir, 0700, NULL);
	path_mkdirs(f->box.temp_dir, 0700, NULL);
	path_mkdirs(f->box.blob_dir, 0700, NULL);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	toolbox_stop(&f->box);
	loop_free(f->box.loop);
	path_remove_tree(f->dir, NULL);
	free(f->box.work_dir);
	free(f->box.temp_dir);
	free(f->box.blob_dir);
	free(f->dir);
	buf_release(&f->answer);
	free(f);
	return 0;
}

static const char *shell(struct fixture *f, const char *input)
{
	struct block use = { .kind = BLOCK_TOOL_USE, .id = (char *)"call_1", .name = (char *)"shell", .input = (char *)input };
	int64_t give_up = clock_mono_ms() + PATIENCE_MS;

	f->answered = false;
	toolbox_run(&f->box, &use);
	while (!f->answered && clock_mono_ms() < give_up)
		loop_once(f->box.loop, 50);
	assert_true(f->answered);
	return buf_cstr(&f->answer);
}

#define ASSERT_HAS(text, piece) do { if (!strstr(text, piece)) fail_msg("'%s' is not in: %s", piece, text); } while (0)

static char state_of(pid_t pid)
{
	char path[64], text[512] = "", *at;
	size_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	file = fopen(path, "re");
	if (file) {
		n = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[n] = '\0';
	at = strrchr(text, ')');
	return at ? at[2] : '?';
}

/* How many of the processes below pid are stopped, and how many there are. */
static int stopped(pid_t pid, int *all)
{
	pid_t pids[PROCTREE_MAX];
	int n = proctree_list(pids, pid), i, count = 0;

	for (i = 0; i < n; i++)
		/* D: waits for a vfork's child, which stands still */
		count += strchr("TZD", state_of(pids[i])) != NULL;
	*all = n;
	return count;
}

/* Busy, with children of its own, one of which has left its session. */
#define BUSY "setsid sh -c 'while :; do :; done' & (while :; do :; done) & while :; do sleep 0.01; done"

static void wait_for_tree(struct fixture *f, pid_t pid, int size)
{
	int64_t give_up = clock_mono_ms() + PATIENCE_MS;
	int all;

	do {
		loop_once(f->box.loop, 20);
		stopped(pid, &all);
	} while (all < size && clock_mono_ms() < give_up);
	assert_true(all >= size);
}

static void jobs_stand_still_while_something_is_measured(void **state)
{
	struct fixture *f = *state;
	int64_t give_up;
	int all, i;

	ASSERT_HAS(shell(f, "{\"command\":\"" BUSY "\",\"background\":true}"), "job 1 runs");
	wait_for_tree(f, f->box.jobs->pid, 4);
	for (i = 0; i < 3; i++) {
		shell_hold(&f->box, true);
		/* the signals are there; the kernel shows it when each has had its turn */
		give_up = clock_mono_ms() + PATIENCE_MS;
		while (stopped(f->box.jobs->pid, &all) < all && clock_mono_ms() < give_up)
			usleep(1000);
		assert_true(all >= 4);
		assert_int_equal(stopped(f->box.jobs->pid, &all), all);
		ASSERT_HAS(shell(f, "{\"job\":1}"), "standing still while something is measured");
		shell_hold(&f->box, false);
		give_up = clock_mono_ms() + PATIENCE_MS;
		while (state_of(f->box.jobs->pid) == 'T' && clock_mono_ms() < give_up)
			usleep(1000);
		while (stopped(f->box.jobs->pid, &all) > 1 && clock_mono_ms() < give_up)	/* one may be a child just dead */
			usleep(1000);
		assert_true(stopped(f->box.jobs->pid, &all) <= 1);
	}
	assert_null(strstr(shell(f, "{\"job\":1}"), "standing still"));
	ASSERT_HAS(shell(f, "{\"job\":1,\"stop\":true}"), "killed");
}

static void a_job_that_starts_meanwhile_waits(void **state)
{
	struct fixture *f = *state;
	char *made = path_join(f->box.work_dir, "made");
	int i;

	shell_hold(&f->box, true);
	ASSERT_HAS(shell(f, "{\"command\":\"sleep 0.2; touch made; echo done\",\"background\":true}"), "job 1 runs");
	for (i = 0; i < 10; i++)
		loop_once(f->box.loop, 100);
	assert_false(path_exists(made));
	shell_hold(&f->box, false);
	ASSERT_HAS(shell(f, "{\"job\":1,\"timeout_s\":60}"), "done");
	assert_true(path_exists(made));
	free(made);
}

static void its_time_does_not_count_meanwhile(void **state)
{
	struct fixture *f = *state;
	int i;

	ASSERT_HAS(shell(f, "{\"command\":\"sleep 100\",\"timeout_s\":1,\"background\":true}"), "job 1 runs");
	shell_hold(&f->box, true);
	for (i = 0; i < 20; i++)
		loop_once(f->box.loop, 100);
	ASSERT_HAS(shell(f, "{\"job\":1}"), "still runs");
	shell_hold(&f->box, false);
	ASSERT_HAS(shell(f, "{\"job\":1,\"timeout_s\":60}"), "killed at its timeout");
}

static void a_job_that_stands_still_can_be_killed(void **state)
{
	struct fixture *f = *state;

	ASSERT_HAS(shell(f, "{\"command\":\"" BUSY "\",\"background\":true}"), "job 1 runs");
	wait_for_tree(f, f->box.jobs->pid, 4);
	shell_hold(&f->box, true);
	ASSERT_HAS(shell(f, "{\"job\":1,\"stop\":true}"), "killed");
}

/* 0: it ended; until then the loop runs. */
static const char *last_words(struct fixture *f, const char *command)
{
	char input[600];

	snprintf(input, sizeof(input), "{\"command\":\"%s\",\"background\":true}", command);
	ASSERT_HAS(shell(f, input), "runs in the background");
	snprintf(input, sizeof(input), "{\"job\":%d,\"timeout_s\":50}", f->box.next_job);
	return shell(f, input);
}

/* Neither has too many; both together do. */
static void processes_of_all_jobs_count_together(void **state)
{
	struct fixture *f = *state;
	const char *many = "i=0; while [ $i -lt 140 ]; do sleep 100 & i=$((i+1)); done; wait";
	char input[300];

	snprintf(input, sizeof(input), "{\"command\":\"%s\",\"background\":true}", many);
	ASSERT_HAS(shell(f, input), "job 1 runs");
	wait_for_tree(f, f->box.jobs->pid, 140);
	snprintf(input, sizeof(input), "{\"command\":\"%s; echo\",\"background\":true}", many);
	ASSERT_HAS(shell(f, input), "job 2 runs");
	for (;;) {
		if (strstr(shell(f, "{\"job\":1}"), "[killed: all jobs together had more than 256 processes") ||
		    strstr(shell(f, "{\"job\":2}"), "[killed: all jobs together had more than 256 processes"))
			break;
		if (!strstr(shell(f, "{\"job\":1}"), "still runs"))
			fail_msg("%s", buf_cstr(&f->answer));
		loop_once(f->box.loop, 50);
	}
}

static void memory_of_all_jobs_counts_together(void **state)
{
	struct fixture *f = *state;

	f->box.memory_max = 200 << 20;
	ASSERT_HAS(last_words(f, "x=$(head -c 300000000 /dev/zero | tr '\\\\0' x); sleep 100"), "[killed: all jobs together used more memory");
}

static void disk_is_a_limit_and_can_be_made_room_on(void **state)
{
	struct fixture *f = *state;

	f->box.disk_max = 20 << 20;
	ASSERT_HAS(last_words(f, "for i in 1 2 3; do head -c 10000000 /dev/zero >large$i; done; sleep 100"), "[killed: the working directory");
	/* what lay there before does not count against the command that removes it */
	ASSERT_HAS(last_words(f, "sleep 2; rm -f large*; echo removed"), "removed");
}

#define WITH_BOX(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BOX(jobs_stand_still_while_something_is_measured),
		WITH_BOX(a_job_that_starts_meanwhile_waits),
		WITH_BOX(its_time_does_not_count_meanwhile),
		WITH_BOX(a_job_that_stands_still_can_be_killed),
		WITH_BOX(processes_of_all_jobs_count_together),
		WITH_BOX(memory_of_all_jobs_counts_together),
		WITH_BOX(disk_is_a_limit_and_can_be_made_room_on),
	};

	log_set_fd(-1);
	setenv("AVO_DATA_DIR", AVO_SRCDIR, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
