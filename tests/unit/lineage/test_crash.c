/* A writer that is killed at random moments loses nothing that it said was done. */
#include "fixture.h"

#include "base/path.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILLS 50

/* Tells the parent, in one write, that attempt and version n are done. */
static void acknowledge(int fd, int n, const char *commit)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "%d %s\n", n, commit);

	if (write(fd, line, (size_t)len) != len)
		_exit(3);
}

/* Commits versions from `next` on until it is killed. tip: the last recorded one. */
static void AVO_NORETURN write_until_killed(const char *dir, int fd, int next, const char *tip_hex)
{
	struct fixture f = { .dir = (char *)dir };
	char tip[COMMIT_ID_SIZE], attempt[COMMIT_ID_SIZE], text[64];

	snprintf(tip, sizeof(tip), "%s", tip_hex);
	if (lineage_open(&f.l, dir, LINEAGE_WRITE, &f.err) != AVO_OK)
		_exit(4);
	for (;; next++) {
		struct source_file file = { .path = "kernel.c", .data = text };
		struct promotion p;

		file.len = (size_t)snprintf(text, sizeof(text), "version %d\n", next);
		if (lineage_commit_attempt(attempt, f.l, next, tip, &file, 1, "mutate", "Next", &f.err) != AVO_OK)
			break;
		p = fixture_promotion(next, next, tip, attempt);
		if (lineage_promote(tip, f.l, &p, &f.err) != AVO_OK)
			break;
		acknowledge(fd, next, tip);
	}
	fprintf(stderr, "# v%d: %s\n", next, f.err.text);
	_exit(5);
}

/* Takes one line of what was acknowledged; false at the end, where the last one may be cut. */
static bool read_acknowledged(FILE *in, int *last, char tip[COMMIT_ID_SIZE])
{
	char line[64];

	if (!fgets(line, sizeof(line), in) || !strchr(line, '\n'))
		return false;
	assert_int_equal(sscanf(line, "%d %40s", last, tip), 2);
	return true;
}

/* Every life gets to its first version, so that each kill meets a writer at work. */
static void kill_after(const char *dir, long us, int *last, char tip[COMMIT_ID_SIZE])
{
	struct timespec ts = { 0, us * 1000 };
	int fds[2], status;
	pid_t pid;
	FILE *in;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		write_until_killed(dir, fds[1], *last + 1, tip);
	}
	close(fds[1]);
	in = fdopen(fds[0], "r");
	assert_true(read_acknowledged(in, last, tip));
	nanosleep(&ts, NULL);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status))
		fail_msg("the writer failed by itself, with exit status %d", WEXITSTATUS(status));
	while (read_acknowledged(in, last, tip))
		;
	fclose(in);
}

static void fifty_kills_lose_no_acknowledged_version(void **state)
{
	struct fixture *f = *state;
	char tip[COMMIT_ID_SIZE], found[COMMIT_ID_SIZE], *text;
	unsigned random = 12345;
	int i, last = 0, v;

	snprintf(tip, sizeof(tip), "%s", f->seed);
	lineage_close(f->l);
	f->l = NULL;
	for (i = 0; i < KILLS; i++) {
		random = random * 1103515245 + 12345;
		kill_after(f->dir, (long)(random >> 8) % 60000, &last, tip);
	}
	printf("# %d versions acknowledged over %d kills\n", last, KILLS);
	assert_true(last >= KILLS);
	ok(f, lineage_open(&f->l, f->dir, LINEAGE_WRITE, &f->err));
	for (v = 0; v <= last; v++) {
		char name[16];

		snprintf(name, sizeof(name), "v%d", v);
		ok(f, lineage_resolve(found, f->l, name, &f->err));
	}
	assert_string_equal(found, tip);
	text = fixture_shell(f, "git fsck --strict --no-dangling 2>&1 && git rev-list --count v%d && git notes --ref=avo list | wc -l", last);
	assert_int_equal(atoi(text), last + 1);
	assert_true(atoi(strchr(text, '\n')) >= last + 1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fifty_kills_lose_no_acknowledged_version, fixture_setup, fixture_teardown),
	};

	fixture_environment();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
