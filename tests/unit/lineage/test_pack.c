/* Packing: fewer files, the same record, at whatever moment it ends. */
#include "fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILLS 40

static const char refs_and_trees[] = "git for-each-ref --format='%(refname) %(objectname) %(tree)'";
static const char loose_files[] = "find .git/objects/?? .git/refs/avo .git/refs/tags -type f | wc -l";

static void add_attempts(struct fixture *f, int from, int count)
{
	char commit[COMMIT_ID_SIZE], text[64];
	int i;

	for (i = from; i < from + count; i++) {
		snprintf(text, sizeof(text), "one\ntwo\nattempt %d\n", i);
		fixture_attempt(commit, f, i, 0, text);
	}
}

static int count_loose(struct fixture *f)
{
	char *text = fixture_shell(f, "%s", loose_files);
	int n = atoi(text);

	free(text);
	return n;
}

static void assert_whole(struct fixture *f)
{
	char *text;

	if (fixture_try(f, &text, "git fsck --strict --no-dangling --no-progress 2>&1") != 0)
		fail_msg("git fsck: %s", text);
	free(text);
}

static void a_packed_run_reads_as_before(void **state)
{
	struct fixture *f = *state;
	char *before, *after, commit[COMMIT_ID_SIZE];
	struct buf file = BUF_INIT;

	assert_false(lineage_pack_due(f->l));
	add_attempts(f, 1, 260);
	assert_true(lineage_pack_due(f->l));
	before = fixture_shell(f, "%s", refs_and_trees);
	ok(f, lineage_pack_refs(f->l, &f->err));
	ok(f, lineage_pack_objects(f->l, &f->err));
	after = fixture_shell(f, "%s", refs_and_trees);
	assert_string_equal(before, after);
	free(before);
	free(after);
	assert_int_equal(count_loose(f), 0);
	assert_false(lineage_pack_due(f->l));
	ok(f, lineage_resolve(commit, f->l, "a260", &f->err));
	ok(f, lineage_read_file(&file, f->l, commit, "kernel.c", &f->err));
	assert_string_equal(buf_cstr(&file), "one\ntwo\nattempt 260\n");
	buf_release(&file);
	assert_whole(f);
}

static void the_writer_goes_on_over_packs(void **state)
{
	struct fixture *f = *state;
	char tip[COMMIT_ID_SIZE], attempt[COMMIT_ID_SIZE], *text;
	struct promotion p;
	int v;

	snprintf(tip, sizeof(tip), "%s", f->seed);
	for (v = 1; v <= 5; v++) {
		fixture_attempt(attempt, f, v, v - 1, v % 2 ? "odd\n" : "even\n");
		p = fixture_promotion(v, v, tip, attempt);
		ok(f, lineage_promote(tip, f->l, &p, &f->err));
		ok(f, lineage_pack_refs(f->l, &f->err));
		ok(f, lineage_pack_objects(f->l, &f->err));
	}
	text = fixture_shell(f, "git rev-list --count lineage; git notes --ref=avo list | wc -l; git tag | wc -l");
	assert_string_equal(text, "6\n6\n6\n");
	free(text);
	assert_int_equal(count_loose(f), 0);
	assert_whole(f);
}

/* What the user left half done belongs to the user: a foreign lock stops the refs, says so, and takes nothing. */
static void a_held_lock_is_left_alone(void **state)
{
	struct fixture *f = *state;

	add_attempts(f, 1, 3);
	free(fixture_shell(f, ": >.git/packed-refs.lock"));
	assert_int_not_equal(lineage_pack_refs(f->l, &f->err), AVO_OK);
	free(fixture_shell(f, "test -e .git/packed-refs.lock && git rev-parse -q refs/avo/attempts/a3"));
	free(fixture_shell(f, "rm .git/packed-refs.lock"));
	ok(f, lineage_pack_refs(f->l, &f->err));
}

static void AVO_NORETURN pack_until_killed(const char *dir)
{
	struct lineage *l;
	struct error err;

	if (lineage_open(&l, dir, LINEAGE_READ, &err) != AVO_OK)
		_exit(4);
	for (;;)
		if (lineage_pack_objects(l, &err) != AVO_OK)
			break;
	fprintf(stderr, "# %s\n", err.text);
	_exit(5);
}

static void a_killed_packer_loses_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned random = 4711;
	char *text;
	int i;

	for (i = 0; i < KILLS; i++) {
		pid_t pid = fork();
		struct timespec ts = { 0 };
		int status;

		if (pid == 0)
			pack_until_killed(f->dir);
		random = random * 1103515245 + 12345;
		ts.tv_nsec = (random >> 8) % 20000000;
		add_attempts(f, i * 20 + 1, 20);
		nanosleep(&ts, NULL);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSIGNALED(status))
			fail_msg("the packer failed by itself, with exit status %d", WEXITSTATUS(status));
	}
	text = fixture_shell(f, "git for-each-ref refs/avo/attempts | wc -l");
	assert_int_equal(atoi(text), KILLS * 20);
	free(text);
	assert_whole(f);
	ok(f, lineage_pack_refs(f->l, &f->err));
	ok(f, lineage_pack_objects(f->l, &f->err));
	assert_int_equal(count_loose(f), 0);
	assert_whole(f);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(a_packed_run_reads_as_before),
		T(the_writer_goes_on_over_packs),
		T(a_held_lock_is_left_alone),
		T(a_killed_packer_loses_nothing),
	};

	fixture_environment();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
