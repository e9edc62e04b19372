#include "fixture.h"

#include "base/child.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void write_work(struct fixture *f, const char *name, const void *data, size_t len)
{
	char *path = path_join(f->dir, name);

	ok(f, path_write_atomic(path, data, len, 0644, &f->err));
	free(path);
}

static void assert_work(struct fixture *f, const char *name, const char *want)
{
	char *path = path_join(f->dir, name);
	struct buf b = BUF_INIT;

	ok(f, path_read(&b, path, 1 << 20, &f->err));
	assert_string_equal(buf_cstr(&b), want);
	buf_release(&b);
	free(path);
}

static void assert_prints(struct fixture *f, const char *command, const char *want)
{
	char *text = fixture_shell(f, "%s", command);

	assert_string_equal(text, want);
	free(text);
}

static void a_run_is_a_repository_that_git_understands(void **state)
{
	struct fixture *f = *state;
	bool dirty;

	ok(f, lineage_checkout(&dirty, f->l, "", f->seed, &f->err));
	assert_false(dirty);
	free(fixture_shell(f, "mkdir .avo && echo x > .avo/x && echo > avo.conf"));
	assert_prints(f, "git status --porcelain && git branch --show-current && git tag && git fsck --strict", "lineage\nv0\n");
	assert_prints(f, "git log -1 --format='%an <%ae> %ad%n%B' --date=iso v0",
		      "avo <avo@localhost> 2026-03-01 12:00:00 +0000\nThe seed\n\nAvo-Version: v0\n\n");
	assert_int_equal(lineage_init(f->dir, &f->err), AVO_CONFLICT);
}

static void the_author_is_the_operator_with_the_users_address(void **state)
{
	struct fixture *f = *state;
	char commit[COMMIT_ID_SIZE];

	fixture_attempt(commit, f, 1, 0, "x\n");
	assert_prints(f, "git log -1 --format='%an <%ae>' refs/avo/attempts/a1", "mutate <avo@localhost>\n");
	free(fixture_shell(f, "git config user.email ada@example.org"));
	fixture_attempt(commit, f, 1, 0, "y\n");
	assert_prints(f, "git log -1 --format='%an <%ae>' refs/avo/attempts/a1", "mutate <ada@example.org>\n");
}

static void an_attempt_is_a_commit_that_moves_nothing(void **state)
{
	struct fixture *f = *state;
	char commit[COMMIT_ID_SIZE], found[COMMIT_ID_SIZE];
	char *tip = fixture_shell(f, "git rev-parse lineage");

	fixture_attempt(commit, f, 1, 0, "one\n2\nthree\n");
	assert_memory_equal(tip, f->seed, 40);
	assert_prints(f, "git rev-parse refs/avo/attempts/a1^", tip);
	ok(f, lineage_resolve(found, f->l, "a1", &f->err));
	assert_string_equal(found, commit);
	assert_int_equal(lineage_resolve(found, f->l, "a2", &f->err), AVO_NEGATIVE);
	assert_non_null(strstr(f->err.text, "there is no attempt a2"));
	ok(f, lineage_resolve(found, f->l, "HEAD", &f->err));
	assert_string_equal(found, f->seed);
	ok(f, lineage_resolve(found, f->l, "work", &f->err));
	assert_string_equal(found, "");
	free(tip);
}

static void names_of_older_records_are_listed_whole(void **state)
{
	static const char expected[] = "a\nb.c\0kernel.c\0lib/tile.h\0prompts/system.md";
	struct fixture *f = *state;
	char commit[COMMIT_ID_SIZE];
	struct buf names = BUF_INIT;
	struct source source;

	free(fixture_shell(f, "git checkout -qf lineage && mkdir prompts && echo p > prompts/system.md && echo x > \"$(printf 'a\\nb.c')\" && echo h > .hidden && "
			   "git add -f prompts a* .hidden && git -c user.name=a -c user.email=a@b commit -qm old"));
	ok(f, lineage_resolve(commit, f->l, "lineage", &f->err));
	ok(f, lineage_list_files(&names, f->l, commit, &f->err));
	assert_int_equal(names.len, sizeof(expected));
	assert_memory_equal(names.data, expected, sizeof(expected));
	assert_int_equal(lineage_read_source(&source, f->l, commit, &f->err), AVO_USAGE);
	assert_non_null(strstr(f->err.text, "a\\nb.c"));
	assert_int_equal(source.count, 0);
	ok(f, lineage_read_source(&source, f->l, f->seed, &f->err));
	assert_int_equal(source.count, 2);
	assert_string_equal(source.files[1].path, "lib/tile.h");
	source_release(&source);
	buf_release(&names);
}

static void names_that_leave_the_candidate_are_refused(void **state)
{
	static const char *const bad[] = { "../x", "/etc/x", "a/../b", ".git/config", "a//b", "", "avo.conf", "a/.hidden", "a/",
					   "prompts/system.md", "prompts", "a\nb", "a\x1b[m", "\xff", "1/2/3/4/5/6/7/8/9/x", "a\\b" };
	struct fixture *f = *state;
	char commit[COMMIT_ID_SIZE];
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct source_file file = { .path = bad[i], .data = "x", .len = 1 };

		assert_int_equal(lineage_commit_attempt(commit, f->l, 1, f->seed, &file, 1, "x", "x", &f->err), AVO_USAGE);
	}
	assert_int_equal(fixture_try(f, NULL, "git rev-parse -q --verify refs/avo/attempts/a1"), 1);
}

static void what_the_record_knows_is_kept(void **state)
{
	struct fixture *f = *state;
	char a1[COMMIT_ID_SIZE], was[COMMIT_ID_SIZE];

	fixture_attempt(a1, f, 1, 0, "one\n2\nthree\n");
	assert_int_equal(lineage_keep_version(was, f->l, 0, f->seed), LINEAGE_KEPT);
	assert_int_equal(lineage_keep_attempt(was, f->l, 1, a1), LINEAGE_KEPT);
	free(fixture_shell(f, "git tag -d v0 && : > .git/refs/avo/attempts/a1"));
	assert_int_equal(lineage_keep_version(was, f->l, 0, f->seed), LINEAGE_RESTORED);
	assert_string_equal(was, "");
	assert_int_equal(lineage_keep_attempt(was, f->l, 1, a1), LINEAGE_RESTORED);
	free(fixture_shell(f, "git tag -f v0 refs/avo/attempts/a1 && test $(git rev-parse refs/avo/attempts/a1) = %s", a1));
	assert_int_equal(lineage_keep_version(was, f->l, 0, f->seed), LINEAGE_RESTORED);
	assert_string_equal(was, a1);
	free(fixture_shell(f, "test $(git rev-parse v0) = %s", f->seed));
	assert_int_equal(lineage_keep_version(was, f->l, 1, "0123456789012345678901234567890123456789"), LINEAGE_LOST);
	assert_true(lineage_has_note(f->l, f->seed));
	assert_false(lineage_has_note(f->l, a1));
}

static void an_attempt_needs_no_tag(void **state)
{
	struct fixture *f = *state;
	struct source_file file = { .path = "kernel.c", .data = "x", .len = 1 };
	char commit[COMMIT_ID_SIZE];

	free(fixture_shell(f, "git tag -d v0"));
	ok(f, lineage_commit_attempt(commit, f->l, 1, f->seed, &file, 1, "x", "x", &f->err));
}

static void an_export_is_compared_with_its_commit(void **state)
{
	struct fixture *f = *state;
	char *dir = path_join(f->dir, ".avo/export");
	size_t count;

	ok(f, lineage_export(f->l, f->seed, dir, &f->err));
	assert_true(lineage_same_files(&count, f->l, f->seed, dir));
	assert_true(count > 0);
	free(fixture_shell(f, "printf x >> .avo/export/kernel.c"));
	assert_false(lineage_same_files(&count, f->l, f->seed, dir));
	free(fixture_shell(f, "rm .avo/export/kernel.c"));
	assert_false(lineage_same_files(&count, f->l, f->seed, dir));
	free(dir);
}

static void a_reader_cannot_commit(void **state)
{
	struct fixture *f = *state;
	struct source_file file = { .path = "kernel.c", .data = "x", .len = 1 };
	char commit[COMMIT_ID_SIZE];
	struct lineage *reader;

	ok(f, lineage_open(&reader, f->dir, LINEAGE_READ, &f->err));
	assert_int_equal(lineage_commit_attempt(commit, reader, 1, f->seed, &file, 1, "x", "x", &f->err), AVO_USAGE);
	lineage_close(reader);
	assert_int_equal(lineage_open(&reader, "/nonexistent", LINEAGE_READ, &f->err), AVO_ENVIRONMENT);
	assert_null(reader);
}

static void a_version_reads_well_in_git_log(void **state)
{
	struct fixture *f = *state;
	char attempt[COMMIT_ID_SIZE], version[COMMIT_ID_SIZE];
	struct promotion p;

	fixture_attempt(attempt, f, 3, 0, "one\n2\nthree\n");
	p = fixture_promotion(1, 3, f->seed, attempt);
	ok(f, lineage_promote(version, f->l, &p, &f->err));
	assert_true(lineage_same_tree(f->l, attempt, version));
	assert_false(lineage_same_tree(f->l, f->seed, version));
	assert_prints(f, "git log --notes=avo -1 --format='%D%n%an%n%ct%n%B%N' --decorate=short",
		      "HEAD -> lineage, tag: v1\n"
		      "mutate\n"
		      "1772366400\n"
		      "Widen the tile\n"
		      "\n"
		      "Fewer passes over K.\n"
		      "\n"
		      "Avo-Version: v1\n"
		      "Avo-Attempt: a3\n"
		      "Avo-Geomean: 54.473\n"
		      "Avo-Unit: GFLOPS\n"
		      "Avo-Suite: cpu\n"
		      "Avo-Backend: cpu\n"
		      "v1  geomean 54.473 GFLOPS  improved, ratio 1.0825 [1.0711, 1.0942] at 95 %, 14 pairs\n"
		      "\n"
		      "case           GFLOPS       std     n\n"
		      "causal-1k       48.25     0.312    12\n"
		      "full-1k          61.5      0.25    12\n"
		      "\n"
		      "{\"unit\":\"GFLOPS\",\"geomean\":54.473042}\n"
		      "\n");
	assert_prints(f, "git notes --ref=avo show v1 | grep '^{' | tail -1", "{\"unit\":\"GFLOPS\",\"geomean\":54.473042}\n");
	assert_prints(f, "git log -1 --format='%(trailers:key=Avo-Attempt,valueonly)'", "a3\n\n");
	assert_prints(f, "git fsck --strict 2>&1", "");
}

static void a_run_without_versions_reads_without_warnings(void **state)
{
	struct fixture *f = *state;

	assert_prints(f, "git log --format='%s%n%N' 2>&1", "The seed\nv0  the seed; avo show v0 prints its scores\n\n");
}

static void a_message_cannot_forge_trailers_or_command_a_terminal(void **state)
{
	struct fixture *f = *state;
	char attempt[COMMIT_ID_SIZE], version[COMMIT_ID_SIZE];
	struct promotion p;

	fixture_attempt(attempt, f, 1, 0, "x\n");
	p = fixture_promotion(1, 1, f->seed, attempt);
	p.title = "Title\nwith \033[31mlines\033[0m";
	p.body = "Avo-Version: v99\nAvo-Attempt: a99";
	p.author = "evil <root@x>\n";
	ok(f, lineage_promote(version, f->l, &p, &f->err));
	assert_prints(f, "git log -1 --format='%s|%an|%(trailers:key=Avo-Version,valueonly)' lineage", "Title with lines|evil  root@x|v1\n\n");
	assert_int_equal(lineage_check_tip(f->l, f->seed, &f->err), AVO_CONFLICT);
	assert_non_null(strstr(f->err.text, "v1, made of attempt a1"));
}

static void promoting_again_after_a_crash_completes_the_version(void **state)
{
	struct fixture *f = *state;
	char attempt[COMMIT_ID_SIZE], first[COMMIT_ID_SIZE], again[COMMIT_ID_SIZE];
	struct promotion p;

	fixture_attempt(attempt, f, 1, 0, "x\n");
	p = fixture_promotion(1, 1, f->seed, attempt);
	ok(f, lineage_promote(first, f->l, &p, &f->err));
	free(fixture_shell(f, "git tag -d v1 && git update-ref -d refs/notes/avo"));
	assert_int_equal(lineage_check_tip(f->l, f->seed, &f->err), AVO_CONFLICT);
	assert_non_null(strstr(f->err.text, "approve a1"));
	ok(f, lineage_promote(again, f->l, &p, &f->err));
	assert_string_equal(first, again);
	assert_prints(f, "git rev-list --count lineage && git tag && git notes --ref=avo list | wc -l", "2\nv0\nv1\n1\n");
	ok(f, lineage_check_tip(f->l, again, &f->err));
}

static void a_branch_that_the_user_moved_is_left_alone(void **state)
{
	struct fixture *f = *state;
	char attempt[COMMIT_ID_SIZE], version[COMMIT_ID_SIZE], *before, *after;
	struct promotion p;

	fixture_attempt(attempt, f, 1, 0, "x\n");
	p = fixture_promotion(1, 1, f->seed, attempt);
	free(fixture_shell(f, "git -c user.name=u -c user.email=u@x commit -q --allow-empty -m 'My own idea'"));
	before = fixture_shell(f, "git show-ref");
	assert_int_equal(lineage_check_tip(f->l, f->seed, &f->err), AVO_CONFLICT);
	assert_non_null(strstr(f->err.text, "\"My own idea\""));
	assert_int_equal(lineage_promote(version, f->l, &p, &f->err), AVO_CONFLICT);
	assert_non_null(strstr(f->err.text, "git update-ref refs/heads/lineage"));
	after = fixture_shell(f, "git show-ref");
	assert_string_equal(before, after);
	free(before);
	free(after);
	free(fixture_shell(f, "git checkout -q --detach && git branch -D lineage"));
	assert_int_equal(lineage_promote(version, f->l, &p, &f->err), AVO_CONFLICT);
	assert_non_null(strstr(f->err.text, "git branch lineage"));
}

static void make_lock(struct fixture *f, const char *name)
{
	char *path = path_join(f->dir, name), *slash = strrchr(path, '/');

	*slash = '\0';
	ok(f, path_mkdirs(path, 0755, &f->err));
	*slash = '/';
	ok(f, path_write_atomic(path, "", 0, 0644, &f->err));
	free(path);
}

static bool there(struct fixture *f, const char *name)
{
	char *path = path_join(f->dir, name);
	bool found = path_exists(path);

	free(path);
	return found;
}

static void stale_locks_go_when_the_engine_opens(void **state)
{
	static const char *const locks[] = {
		".git/refs/heads/lineage.lock", ".git/refs/notes/avo.lock", ".git/refs/tags/v1.lock", ".git/refs/avo/attempts/a1.lock",
	};
	struct fixture *f = *state;
	char commit[COMMIT_ID_SIZE];
	struct lineage *reader;
	struct promotion p;
	size_t i;

	for (i = 0; i < ARRAY_LEN(locks); i++)
		make_lock(f, locks[i]);
	make_lock(f, ".git/refs/heads/mine.lock");
	make_lock(f, ".git/objects/tmp_object_git2_old");
	make_lock(f, ".git/objects/tmp_object_git2_new");
	free(fixture_shell(f, "touch -d '2 minutes ago' .git/objects/tmp_object_git2_old"));
	ok(f, lineage_open(&reader, f->dir, LINEAGE_READ, &f->err));
	lineage_close(reader);
	for (i = 0; i < ARRAY_LEN(locks); i++)
		assert_true(there(f, locks[i]));
	lineage_close(f->l);
	ok(f, lineage_open(&f->l, f->dir, LINEAGE_WRITE, &f->err));
	for (i = 0; i < ARRAY_LEN(locks); i++)
		assert_false(there(f, locks[i]));
	assert_true(there(f, ".git/refs/heads/mine.lock"));
	assert_false(there(f, ".git/objects/tmp_object_git2_old"));
	assert_true(there(f, ".git/objects/tmp_object_git2_new"));
	fixture_attempt(commit, f, 1, 0, "x\n");
	p = fixture_promotion(1, 1, f->seed, commit);
	ok(f, lineage_promote(commit, f->l, &p, &f->err));
}

static void gc_cannot_take_objects_away(void **state)
{
	struct fixture *f = *state;
	char *text, *id = fixture_shell(f, "echo unreferenced | git hash-object -w --stdin");

	assert_int_not_equal(fixture_try(f, &text, "git prune --expire=now 2>&1"), 0);
	assert_non_null(strstr(text, "precious"));
	free(text);
	assert_int_not_equal(fixture_try(f, &text, "git repack -a -d -q 2>&1"), 0);
	free(text);
	fixture_try(f, NULL, "git gc -q --prune=now");
	free(fixture_shell(f, "git cat-file -e %s", id));
	free(id);
}

static void export_writes_the_files_of_a_commit(void **state)
{
	struct fixture *f = *state;
	char *dir = path_join(f->dir, "out/deep");
	struct buf b = BUF_INIT;

	ok(f, lineage_export(f->l, f->seed, dir, &f->err));
	assert_work(f, "out/deep/kernel.c", "one\ntwo\nthree\n");
	assert_work(f, "out/deep/lib/tile.h", "#define TILE 64\n");
	ok(f, lineage_read_file(&b, f->l, f->seed, "lib/tile.h", &f->err));
	assert_string_equal(buf_cstr(&b), "#define TILE 64\n");
	assert_int_equal(lineage_read_file(&b, f->l, f->seed, "nothing", &f->err), AVO_NEGATIVE);
	buf_release(&b);
	free(dir);
}

static void the_working_tree_follows_until_it_is_edited(void **state)
{
	struct fixture *f = *state;
	static const struct source_file moved = { .path = "new.c", .data = "new\n", .len = 4 };
	char a1[COMMIT_ID_SIZE], a2[COMMIT_ID_SIZE];
	bool dirty;

	fixture_attempt(a1, f, 1, 0, "one\n2\nthree\n");
	ok(f, lineage_commit_attempt(a2, f->l, 2, f->seed, &moved, 1, "x", "x", &f->err));
	ok(f, lineage_checkout(&dirty, f->l, "", f->seed, &f->err));
	ok(f, lineage_checkout(&dirty, f->l, f->seed, a1, &f->err));
	assert_false(dirty);
	assert_work(f, "kernel.c", "one\n2\nthree\n");
	ok(f, lineage_checkout(&dirty, f->l, f->seed, a1, &f->err));
	assert_false(dirty);
	write_work(f, "kernel.c", "mine\n", 5);
	ok(f, lineage_checkout(&dirty, f->l, a1, f->seed, &f->err));
	assert_true(dirty);
	assert_work(f, "kernel.c", "mine\n");
	ok(f, lineage_checkout(&dirty, f->l, "", a1, &f->err));
	write_work(f, "new.c", "mine too\n", 9);
	ok(f, lineage_checkout(&dirty, f->l, a1, a2, &f->err));
	assert_true(dirty);
	assert_work(f, "new.c", "mine too\n");
	free(fixture_shell(f, "rm new.c"));
	ok(f, lineage_checkout(&dirty, f->l, a1, a2, &f->err));
	assert_false(dirty);
	assert_work(f, "new.c", "new\n");
	assert_false(there(f, "kernel.c"));
	free(fixture_shell(f, "git checkout -q -f --detach"));
	ok(f, lineage_checkout(&dirty, f->l, a2, a1, &f->err));
	assert_true(dirty);
}

/* Nobody sleeps for it here: the caller comes again, and nothing was done by halves. */
static void a_lock_that_somebody_holds_is_told_and_harms_nothing(void **state)
{
	struct fixture *f = *state;
	char attempt[COMMIT_ID_SIZE], version[COMMIT_ID_SIZE];
	struct promotion p;

	fixture_attempt(attempt, f, 1, 0, "x\n");
	p = fixture_promotion(1, 1, f->seed, attempt);
	make_lock(f, ".git/refs/heads/lineage.lock");
	assert_int_equal(lineage_promote(version, f->l, &p, &f->err), AVO_BUSY);
	assert_prints(f, "rm .git/refs/heads/lineage.lock; git rev-parse lineage | tr -d '\\n'", f->seed);
	ok(f, lineage_promote(version, f->l, &p, &f->err));
	assert_prints(f, "git rev-parse lineage | tr -d '\\n'", version);
}

/* What users and their tools do beside a run must not hurt it. */
static void git_beside_the_engine_loses_nothing(void **state)
{
	struct fixture *f = *state;
	char attempt[COMMIT_ID_SIZE], tip[COMMIT_ID_SIZE], made[COMMIT_ID_SIZE], text[32], *count;
	int i;
	pid_t pid = fork();

	setpgid(pid, pid);
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "cd \"$0\" && while :; do git log --oneline --all; git pack-refs --all; git gc -q --prune=now; "
		      "git diff v0 lineage; done >/dev/null 2>&1", f->dir, (char *)NULL);
		_exit(127);
	}
	snprintf(tip, sizeof(tip), "%s", f->seed);
	for (i = 1; i <= 25; i++) {
		struct promotion p;

		snprintf(text, sizeof(text), "version %d\n", i);
		fixture_attempt(attempt, f, i, i - 1, text);
		p = fixture_promotion(i, i, tip, attempt);
		patiently(f, lineage_promote(made, f->l, &p, &f->err));
		snprintf(tip, sizeof(tip), "%s", made);
	}
	child_kill(pid);
	count = fixture_shell(f, "git fsck --strict --no-dangling 2>&1; git rev-list --count lineage; git notes --ref=avo list | wc -l; git for-each-ref refs/avo | wc -l");
	assert_string_equal(count, "26\n26\n25\n");
	free(count);
}

static void assert_diff(struct fixture *f, const char *from, const char *to, int context, const char *want)
{
	struct buf b = BUF_INIT;

	ok(f, lineage_diff(&b, NULL, f->l, from, to, context, &f->err));
	assert_string_equal(buf_cstr(&b), want);
	buf_release(&b);
}

static void diffs_of_versions_attempts_and_the_working_tree(void **state)
{
	static const char header[] = "diff --git a/kernel.c b/kernel.c\nindex 4cb29ea38..f04eb265e 100644\n--- a/kernel.c\n+++ b/kernel.c\n";
	struct fixture *f = *state;
	char commit[COMMIT_ID_SIZE], *text;
	struct diff_stat stat;
	bool dirty;

	fixture_attempt(commit, f, 1, 0, "one\n2\nthree\n");
	text = xasprintf("%s@@ -2 +2 @@ one\n-two\n+2\n", header);
	assert_diff(f, "v0", "a1", 0, text);
	free(text);
	text = xasprintf("%s@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n", header);
	assert_diff(f, "v0", commit, 3, text);
	assert_diff(f, "a1", "a1", 3, "");
	ok(f, lineage_checkout(&dirty, f->l, "", commit, &f->err));
	assert_diff(f, "v0", "work", 3, text);
	assert_diff(f, "work", "work", 3, "");
	free(text);
	free(fixture_shell(f, "echo s > avo.conf && mkdir .avo && echo x > .avo/x && echo y > .profile && git config diff.noprefix true"));
	write_work(f, "extra.h", "1\n2\n", 4);
	assert_int_equal(lineage_diff(NULL, &stat, f->l, "v0", "work", 3, &f->err), AVO_OK);
	assert_int_equal(stat.files, 2);
	assert_int_equal(stat.added, 3);
	assert_int_equal(stat.removed, 1);
	assert_int_equal(lineage_diff(NULL, &stat, f->l, "work", "v0", 3, &f->err), AVO_OK);
	assert_int_equal(stat.added, 1);
	assert_int_equal(stat.removed, 3);
	assert_int_not_equal(fixture_try(f, NULL, "git cat-file -e $(git hash-object extra.h) 2>&1"), 0);
	assert_int_equal(lineage_diff(NULL, &stat, f->l, "v0", "v9", 3, &f->err), AVO_NEGATIVE);
}

/* An older record may hold a NUL, and a user's attributes may call source binary: whoever approves sees the change all the same. */
static void nothing_hides_a_change(void **state)
{
	struct fixture *f = *state;
	char commit[COMMIT_ID_SIZE], tip[COMMIT_ID_SIZE];
	struct diff_stat stat;
	struct buf b = BUF_INIT;

	free(fixture_shell(f, "mkdir -p .git/info && echo '*.c -diff' > .git/info/attributes"));
	fixture_attempt(commit, f, 1, 0, "one\n2\nthree\n");
	ok(f, lineage_diff(&b, &stat, f->l, "v0", "a1", 3, &f->err));
	assert_non_null(strstr(buf_cstr(&b), "-two\n+2\n"));
	assert_int_equal(stat.added, 1);
	buf_clear(&b);
	free(fixture_shell(f, "git checkout -qf lineage && printf 'one\\n/* \\0 */ evil\\nthree\\n' > kernel.c && git -c user.name=a -c user.email=a@b commit -qam old"));
	ok(f, lineage_resolve(tip, f->l, "lineage", &f->err));
	ok(f, lineage_diff(&b, &stat, f->l, "v0", tip, 3, &f->err));
	assert_non_null(strstr(buf_cstr(&b), "+/* \xef\xbf\xbd */ evil\n"));
	assert_int_equal(strlen(b.data), b.len);
	assert_int_equal(stat.added, 1);
	buf_release(&b);
	buf_init(&b, 64);
	ok(f, lineage_diff(&b, NULL, f->l, "v0", "a1", 3, &f->err));
	assert_true(b.overflow);
	buf_release(&b);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(a_run_is_a_repository_that_git_understands),
		T(the_author_is_the_operator_with_the_users_address),
		T(an_attempt_is_a_commit_that_moves_nothing),
		T(names_of_older_records_are_listed_whole),
		T(names_that_leave_the_candidate_are_refused),
		T(a_reader_cannot_commit),
		T(what_the_record_knows_is_kept),
		T(an_attempt_needs_no_tag),
		T(an_export_is_compared_with_its_commit),
		T(a_version_reads_well_in_git_log),
		T(a_run_without_versions_reads_without_warnings),
		T(a_message_cannot_forge_trailers_or_command_a_terminal),
		T(promoting_again_after_a_crash_completes_the_version),
		T(a_branch_that_the_user_moved_is_left_alone),
		T(stale_locks_go_when_the_engine_opens),
		T(gc_cannot_take_objects_away),
		T(export_writes_the_files_of_a_commit),
		T(the_working_tree_follows_until_it_is_edited),
		T(a_lock_that_somebody_holds_is_told_and_harms_nothing),
		T(git_beside_the_engine_loses_nothing),
		T(diffs_of_versions_attempts_and_the_working_tree),
		T(nothing_hides_a_change),
	};

	fixture_environment();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
