/* The writer against the machine: full disks, missing rights, a second writer, kills. */
#include "fixture.h"

#include "base/mem.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILLS 50
#define SKIPPED 77

static void a_second_writer_is_refused(void **state)
{
	struct fixture *f = *state;
	struct journal *j = open_writer(f), *other;

	assert_int_equal(journal_open(&other, f->dir, NULL, &f->err), AVO_BUSY);
	assert_null(other);
	journal_close(j);
	journal_close(open_writer(f));
}

/* The lock may be a node's own: what somebody else wrote is neither written over nor written behind. */
static void somebody_elses_line_ends_the_writing(void **state)
{
	static const char foreign[] = "{\"seq\":2,\"t\":\"2026-01-01T00:00:00Z\",\"type\":\"note\"}\n";
	struct fixture *f = *state;
	struct journal *j = open_writer(f);
	char *path = path_join(f->dir, "000001.jsonl");
	int fd, i;

	ok(f, journal_append(j, note_event(1, 0), JOURNAL_NOW, &f->err));
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, foreign, sizeof(foreign) - 1), sizeof(foreign) - 1);
	close(fd);
	for (i = 0; i < 2; i++)
		assert_int_equal(journal_append(j, note_event(2, 0), JOURNAL_NOW, &f->err), AVO_CONFLICT);
	assert_non_null(strstr(f->err.text, "somebody else"));
	assert_int_equal(count_lines(f), 2);
	assert_int_equal(journal_last_seq(j), 1);
	journal_close(j);
	free(path);
	j = open_writer(f);
	assert_int_equal(journal_last_seq(j), 2);
	journal_close(j);
}

static void lazy_lines_are_synced_within_the_group(void **state)
{
	struct fixture *f = *state;
	struct journal *j = open_writer(f);
	int due;

	assert_int_equal(journal_tick(j, &f->err), -1);
	ok(f, journal_append(j, note_event(1, 0), JOURNAL_LAZY, &f->err));
	due = journal_tick(j, &f->err);
	assert_true(due == -1 || (due >= 1 && due <= JOURNAL_GROUP_MS));	/* -1: this machine was that slow */
	usleep((useconds_t)(due > 0 ? due : 0) * 1000 + 2000);
	assert_int_equal(journal_tick(j, &f->err), -1);
	ok(f, journal_append(j, note_event(2, 0), JOURNAL_LAZY, &f->err));
	ok(f, journal_append(j, note_event(3, 0), JOURNAL_NOW, &f->err));
	assert_int_equal(journal_tick(j, &f->err), -1);
	journal_close(j);
}

/* Appends until there is no room, makes room, goes on; the journal must have no trace of it. */
static void fill_and_go_on(struct fixture *f, void (*make_room)(void *arg), void *arg)
{
	struct journal *j = open_writer(f);
	enum avo_status st = AVO_OK;
	uint64_t last;
	int n = 0;

	while (n < 10000 && (st = journal_append(j, note_event(++n, 700), JOURNAL_NOW, &f->err)) == AVO_OK)
		;
	assert_int_equal(st, AVO_ENVIRONMENT);
	assert_non_null(strstr(f->err.text, "no room"));
	last = journal_last_seq(j);
	assert_int_equal(last, n - 1);
	assert_int_equal(journal_append(j, note_event(n, 700), JOURNAL_NOW, &f->err), AVO_ENVIRONMENT);
	assert_int_equal(count_lines(f), last);
	make_room(arg);
	ok(f, journal_append(j, note_event(n, 700), JOURNAL_NOW, &f->err));
	ok(f, journal_append(j, note_event(n + 1, 0), JOURNAL_NOW, &f->err));
	journal_close(j);
	assert_int_equal(count_lines(f), last + 2);
	journal_close(open_writer(f));
}

static void lift_limit(void *arg)
{
	assert_int_equal(setrlimit(RLIMIT_FSIZE, arg), 0);
}

static void a_file_that_may_not_grow_keeps_whole_lines(void **state)
{
	struct rlimit old, tight;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = old;
	tight.rlim_cur = 10000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	fill_and_go_on(*state, lift_limit, &old);
}

static void remove_ballast(void *arg)
{
	assert_int_equal(unlink(arg), 0);
}

/* In a child with a mount namespace of its own, so that nothing is left mounted. */
static int fill_a_small_disk(struct fixture *f)
{
	char *ballast = path_join(f->top, "journal/ballast"), *zeros = xcalloc(1, 30000);

	ok(f, path_mkdirs(f->dir, 0700, &f->err));
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("avo-test", f->dir, "tmpfs", 0, "size=65536") != 0)
		return SKIPPED;
	ok(f, path_write_atomic(ballast, zeros, 30000, 0600, &f->err));
	fill_and_go_on(f, remove_ballast, ballast);
	free(ballast);
	free(zeros);
	return 0;
}

static void a_full_disk_keeps_whole_lines(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(fill_a_small_disk(f));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(status, 0);
}

/* An ordinary user's view, also when the tests run as root. */
static int open_read_only(struct fixture *f)
{
	struct journal *j;

	if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
		return SKIPPED;
	if (journal_open(&j, f->dir, NULL, &f->err) != AVO_ENVIRONMENT || j || !strstr(f->err.text, "cannot write the journal"))
		return 1;
	return count_lines(f) == 3 ? 0 : 2;
}

static void a_read_only_journal_is_read_not_written(void **state)
{
	struct fixture *f = *state;
	char *path = segment_path(f, 1);
	int status;
	pid_t pid;

	write_notes(f, 3);
	assert_int_equal(chmod(f->top, 0755) | chmod(path, 0444) | chmod(f->dir, 0555), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(open_read_only(f));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(chmod(f->dir, 0755), 0);
	free(path);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(status, 0);
}

static void AVO_NORETURN write_until_killed(struct fixture *f, int fd)
{
	struct journal *j;
	uint64_t n;

	if (journal_open(&j, f->dir, NULL, &f->err) != AVO_OK) {
		fprintf(stderr, "# %s\n", f->err.text);
		_exit(1);
	}
	journal_set_segment_bytes(j, 200000);
	for (;;) {
		enum journal_sync sync = journal_last_seq(j) % 7 ? JOURNAL_LAZY : JOURNAL_NOW;

		if (journal_append(j, note_event(0, journal_last_seq(j) % 11 ? 200 : 60000), sync, &f->err) != AVO_OK)
			_exit(2);
		n = journal_last_seq(j);
		if (write(fd, &n, sizeof(n)) != sizeof(n))
			_exit(3);
	}
}

/* Returns the last seq that the writer had acknowledged when it died. */
static uint64_t kill_after(struct fixture *f, long us)
{
	struct timespec ts = { 0, us * 1000 };
	uint64_t n, last = 0;
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		write_until_killed(f, fds[1]);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &last, sizeof(last)), sizeof(last));
	nanosleep(&ts, NULL);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	while (read(fds[0], &n, sizeof(n)) == sizeof(n))
		last = n;
	close(fds[0]);
	return last;
}

static void fifty_kills_lose_no_acknowledged_line(void **state)
{
	struct fixture *f = *state;
	uint64_t acked = 0, cut, torn = 0;
	unsigned random = 4711;
	int i;

	for (i = 0; i < KILLS; i++) {
		struct journal *j;

		random = random * 1103515245 + 12345;
		acked = kill_after(f, (long)(random >> 8) % 5000);
		ok(f, journal_open(&j, f->dir, &cut, &f->err));
		assert_true(journal_last_seq(j) >= acked);
		torn += cut != 0;
		journal_close(j);
	}
	assert_true(count_lines(f) >= acked);
	printf("# %llu lines over %d kills, %llu torn tails\n", (unsigned long long)acked, KILLS, (unsigned long long)torn);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(a_second_writer_is_refused),
		T(somebody_elses_line_ends_the_writing),
		T(lazy_lines_are_synced_within_the_group),
		T(a_file_that_may_not_grow_keeps_whole_lines),
		T(a_full_disk_keeps_whole_lines),
		T(a_read_only_journal_is_read_not_written),
		T(fifty_kills_lose_no_acknowledged_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
