/* What a candidate's files are: the rules, reading a directory, the identity; and that nothing leads out of a directory. */
#include "avo.h"
#include "base/beneath.h"
#include "base/mem.h"
#include "base/path.h"
#include "candidate/identity.h"
#include "candidate/rules.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

struct fixture {
	char *dir, *outside;	/* outside holds "secret" */
	int fd;
	struct source source;
	struct error err;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");
	char *secret;

	assert_int_equal(path_temp_dir(&f->dir, tmp ? tmp : "/tmp", "avo-source-", NULL), AVO_OK);
	assert_int_equal(path_temp_dir(&f->outside, tmp ? tmp : "/tmp", "avo-outside-", NULL), AVO_OK);
	secret = path_join(f->outside, "secret");
	assert_int_equal(path_write_atomic(secret, "secret", 6, 0600, NULL), AVO_OK);
	free(secret);
	f->fd = open(f->dir, O_RDONLY | O_DIRECTORY);
	assert_true(f->fd >= 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	source_release(&f->source);
	close(f->fd);
	path_remove_tree(f->dir, NULL);
	path_remove_tree(f->outside, NULL);
	free(f->dir);
	free(f->outside);
	free(f);
	return 0;
}

/* Past every rule, as somebody's editor would. */
static void put(struct fixture *f, const char *path, const void *data, size_t len)
{
	char *full = path_join(f->dir, path), *parent = xstrdup(full);
	int fd;

	*strrchr(parent, '/') = '\0';
	assert_int_equal(path_mkdirs(parent, 0755, NULL), AVO_OK);
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
	free(parent);
	free(full);
}

static void put_text(struct fixture *f, const char *path, const char *text)
{
	put(f, path, text, strlen(text));
}

static enum avo_status read_again(struct fixture *f)
{
	source_release(&f->source);
	return source_from_dir(&f->source, f->dir, SOURCE_CANDIDATE, &f->err);
}

static void assert_refused(struct fixture *f, const char *why)
{
	if (read_again(f) != AVO_USAGE)
		fail_msg("not refused: %s", why);
	if (!strstr(f->err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", f->err.text, why);
	assert_int_equal(f->source.count, 0);
}

static void take_away(struct fixture *f, const char *path)
{
	char *full = path_join(f->dir, path);

	assert_int_equal(path_remove_tree(full, NULL), AVO_OK);
	free(full);
}

static void nested_text_of_every_kind_is_read(void **state)
{
	static const char *const names[] = { "a b.txt", "data/table.ptx", "impl/core.h", "impl/deep/er/x.inl", "kernel.c", "\xc3\xa4.hpp", "tiles.inc" };
	struct fixture *f = *state;
	char *program = path_join(f->dir, "kernel.c");
	size_t i;

	for (i = ARRAY_LEN(names); i-- > 0;)
		put_text(f, names[i], names[i]);
	put_text(f, "empty", "");
	chmod(program, 0755);
	assert_int_equal(read_again(f), AVO_OK);
	assert_int_equal(f->source.count, ARRAY_LEN(names) + 1);
	for (i = 0; i < ARRAY_LEN(names); i++) {
		const struct source_file *file = source_find(&f->source, names[i]);

		assert_non_null(file);
		assert_int_equal(file->len, strlen(names[i]));
		assert_memory_equal(file->data, names[i], file->len);
		assert_int_equal(file->executable, strcmp(names[i], "kernel.c") == 0);
	}
	for (i = 1; i < f->source.count; i++)
		assert_true(strcmp(f->source.files[i - 1].path, f->source.files[i].path) < 0);
	assert_int_equal(source_check(f->source.files, f->source.count, &f->err), AVO_OK);
	free(program);
}

static void what_tools_leave_is_passed_by(void **state)
{
	static const char *const left[] = { ".git/config", ".gitignore", ".kernel.c.swp", ".avo/journal/1", "avo.conf", "sub/.git/x" };
	struct fixture *f = *state;
	size_t i;

	put_text(f, "kernel.c", "int x;");
	for (i = 0; i < ARRAY_LEN(left); i++)
		put_text(f, left[i], "x");
	put(f, "kernel.o", "\177ELF\2\1\1\0\0", 9);
	put(f, "lib.a", "!<arch>\n\0", 9);
	assert_int_equal(read_again(f), AVO_OK);
	assert_int_equal(f->source.count, 1);
	take_away(f, ".avo");		/* no run: then avo.conf is a name like others, which no candidate may have */
	assert_refused(f, "avo.conf");
}

static void each_rule_is_refused_with_its_reason(void **state)
{
	static const struct {
		const char *path, *why;
	} bad[] = {
		{ "new\nline.c", "\"new\\nline.c\" cannot be the name of a candidate's file: it holds a control character" },
		{ "esc\033[2J.c", "control character" },
		{ "bad\xff.c", "not UTF-8" },
		{ "rtl\xe2\x80\xaegpj.c", "control character" },
		{ ".hidden.h", "hidden files" },
		{ "impl/.hidden.h", "hidden files" },
		{ "avo.conf", "settings" },
		{ "avo.conf/x", "settings" },
		{ "prompts/system.md", ".avo/prompts" },
		{ "prompts", ".avo/prompts" },
		{ "1/2/3/4/5/6/7/8/9/x.h", "8 levels" },
		{ "a\\b.c", "git refuses" },
		{ "GIT~1", "git refuses" },
	};
	struct fixture *f = *state;
	size_t i;

	put_text(f, "kernel.c", "int x;");
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		char *first = xstrndup(bad[i].path, strcspn(bad[i].path, "/"));

		put_text(f, bad[i].path, "x");
		assert_refused(f, bad[i].why);
		take_away(f, first);
		free(first);
		assert_int_equal(read_again(f), AVO_OK);
	}
	put(f, "table.inc", "1, 2,\0 3", 8);
	assert_refused(f, "table.inc holds a NUL byte (at byte 5)");
}

static void links_and_devices_are_refused(void **state)
{
	struct fixture *f = *state;

	put_text(f, "kernel.c", "int x;");
	assert_int_equal(symlinkat("kernel.c", f->fd, "link.h"), 0);
	assert_refused(f, "link.h is a link");
	unlinkat(f->fd, "link.h", 0);
	assert_int_equal(symlinkat(f->outside, f->fd, "dir"), 0);
	assert_refused(f, "dir is a link");
	unlinkat(f->fd, "dir", 0);
	assert_int_equal(mkfifoat(f->fd, "fifo", 0600), 0);
	assert_refused(f, "neither a file nor a directory");
	unlinkat(f->fd, "fifo", 0);
	assert_int_equal(read_again(f), AVO_OK);
}

static void limits_hold_to_the_byte(void **state)
{
	struct fixture *f = *state;
	char *mib = xmalloc(CANDIDATE_MAX_FILE_BYTES + 1), name[32];
	int i;

	memset(mib, 'x', CANDIDATE_MAX_FILE_BYTES + 1);
	put(f, "big.h", mib, CANDIDATE_MAX_FILE_BYTES);
	assert_int_equal(read_again(f), AVO_OK);
	put(f, "big.h", mib, CANDIDATE_MAX_FILE_BYTES + 1);
	assert_refused(f, "big.h is larger than the 1 MiB");
	take_away(f, "big.h");
	for (i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "part%d.h", i);
		put(f, name, mib, CANDIDATE_MAX_FILE_BYTES);
	}
	assert_int_equal(read_again(f), AVO_OK);
	put_text(f, "one.h", "x");
	assert_refused(f, "at most 8 MiB");
	for (i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "part%d.h", i);
		take_away(f, name);
	}
	for (i = 1; i < CANDIDATE_MAX_FILES; i++) {
		snprintf(name, sizeof(name), "d%d/f%d.h", i % 7, i);
		put_text(f, name, "x");
	}
	assert_int_equal(read_again(f), AVO_OK);
	assert_int_equal(f->source.count, CANDIDATE_MAX_FILES);
	put_text(f, "d1/last.h", "x");
	assert_refused(f, "at most 64 files");
	free(mib);
}

static void only_looking_leaves_out_what_breaks_a_rule(void **state)
{
	struct fixture *f = *state;

	put_text(f, "kernel.c", "int x;");
	put_text(f, "prompts/system.md", "x");
	put_text(f, ".vimrc", "x");
	put(f, "picture.png", "\x89PNG\0\0", 6);
	assert_int_equal(symlinkat("kernel.c", f->fd, "link.h"), 0);
	assert_int_equal(source_from_dir(&f->source, f->dir, SOURCE_SHOWN, &f->err), AVO_OK);
	assert_int_equal(f->source.count, 1);
	assert_string_equal(f->source.files[0].path, "kernel.c");
}

static void files_in_memory_obey_the_same_rules(void **state)
{
	struct source_file files[] = { { .path = "a/b", .data = "x", .len = 1 }, { .path = "c", .data = "x", .len = 1 } };
	struct fixture *f = *state;

	assert_int_equal(source_check(files, 2, &f->err), AVO_OK);
	assert_int_equal(source_check(files, 0, &f->err), AVO_USAGE);
	files[1].path = "a";
	assert_int_equal(source_check(files, 2, &f->err), AVO_USAGE);
	files[1].path = "a/b";
	assert_int_equal(source_check(files, 2, &f->err), AVO_USAGE);
	files[1].path = "../c";
	assert_int_equal(source_check(files, 2, &f->err), AVO_USAGE);
	files[1] = (struct source_file){ .path = "c", .data = "x\0y", .len = 3 };
	assert_int_equal(source_check(files, 2, &f->err), AVO_USAGE);
}

static void every_change_changes_the_identity(void **state)
{
	struct fixture *f = *state;
	char first[IDENTITY_SIZE], other[IDENTITY_SIZE], *path;
	size_t i;

	put_text(f, "kernel.c", "one");
	put_text(f, "impl/core.h", "two");
	put_text(f, "impl/deep/table.inc", "three");
	assert_int_equal(read_again(f), AVO_OK);
	identity_of(first, &f->source);
	for (i = 0; i < 3; i++) {
		static const char *const names[] = { "kernel.c", "impl/core.h", "impl/deep/table.inc" };
		static const char *const texts[] = { "one", "two", "three" };

		put_text(f, names[i], "else");
		assert_int_equal(read_again(f), AVO_OK);
		identity_of(other, &f->source);
		assert_string_not_equal(other, first);
		put_text(f, names[i], texts[i]);
	}
	path = path_join(f->dir, "kernel.c");
	chmod(path, 0755);
	assert_int_equal(read_again(f), AVO_OK);
	identity_of(other, &f->source);
	assert_string_not_equal(other, first);
	chmod(path, 0644);
	put_text(f, "impl/corE.h", "");
	assert_int_equal(read_again(f), AVO_OK);
	identity_of(other, &f->source);
	assert_string_not_equal(other, first);
	take_away(f, "impl/corE.h");
	assert_int_equal(read_again(f), AVO_OK);
	identity_of(other, &f->source);
	assert_string_equal(other, first);
	free(path);
}

static void what_is_written_is_what_was_read(void **state)
{
	struct fixture *f = *state;
	struct source again;
	char one[IDENTITY_SIZE], two[IDENTITY_SIZE], *copy = path_join(f->outside, "copy");

	put_text(f, "kernel.c", "one");
	put_text(f, "a/b/c/d.inc", "two");
	assert_int_equal(read_again(f), AVO_OK);
	assert_int_equal(path_mkdirs(copy, 0755, NULL), AVO_OK);
	assert_int_equal(source_write(&f->source, copy, BENEATH_SCRATCH, &f->err), AVO_OK);
	assert_int_equal(source_from_dir(&again, copy, SOURCE_CANDIDATE, &f->err), AVO_OK);
	identity_of(one, &f->source);
	identity_of(two, &again);
	assert_string_equal(one, two);
	source_release(&again);
	free(copy);
}

/* --- nothing leads outside ------------------------------------------------------------- */

static void look_for_a_way_out(struct fixture *f)
{
	char *direct = xasprintf("..%s/secret", strrchr(f->outside, '/')), *through = xasprintf("sub/../..%s/secret", strrchr(f->outside, '/'));
	char *absolute = path_join(f->outside, "secret");
	const char *const ways[] = { direct, through, absolute, "dir/secret", "link", "sub/dir/secret", "" };
	struct buf text = BUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_LEN(ways); i++) {
		assert_int_not_equal(beneath_read(&text, f->fd, ways[i], 100, &f->err), AVO_OK);
		assert_int_equal(text.len, 0);
		if (strcmp(ways[i], "link") == 0)
			continue;	/* a write replaces the link itself, which lies inside */
		assert_int_not_equal(beneath_write(f->fd, ways[i], "x", 1, 0644, BENEATH_SCRATCH, &f->err), AVO_OK);
	}
	assert_int_equal(beneath_write(f->fd, "link", "mine", 4, 0644, BENEATH_SCRATCH, &f->err), AVO_OK);
	assert_int_equal(beneath_read(&text, f->fd, "link", 100, &f->err), AVO_OK);
	assert_string_equal(text.data, "mine");
	buf_clear(&text);
	assert_int_equal(path_read(&text, absolute, 100, NULL), AVO_OK);
	assert_string_equal(text.data, "secret");
	assert_int_equal(beneath_write(f->fd, "new/deep/file", "x", 1, 0644, BENEATH_DURABLE, &f->err), AVO_OK);
	buf_clear(&text);
	assert_int_equal(beneath_read(&text, f->fd, "new/deep/file", 1, &f->err), AVO_OK);
	assert_int_equal(beneath_read(&text, f->fd, "new/deep/file", 0, &f->err), AVO_CORRUPT);
	assert_int_equal(beneath_read(&text, f->fd, "new", 100, &f->err), AVO_USAGE);
	assert_int_equal(beneath_write(f->fd, "new", "x", 1, 0644, BENEATH_SCRATCH, &f->err), AVO_ENVIRONMENT);
	buf_release(&text);
	free(direct);
	free(through);
	free(absolute);
}

static void set_ways_out(struct fixture *f)
{
	char *secret = path_join(f->outside, "secret");

	assert_int_equal(mkdirat(f->fd, "sub", 0755), 0);
	assert_int_equal(symlinkat(f->outside, f->fd, "dir"), 0);
	assert_int_equal(symlinkat(f->outside, f->fd, "sub/dir"), 0);
	assert_int_equal(symlinkat(secret, f->fd, "link"), 0);
	free(secret);
}

static void nothing_leads_out_of_a_directory(void **state)
{
	set_ways_out(*state);
	look_for_a_way_out(*state);
}

/* The same where the kernel has no openat2: a filter says so in a process of its own. */
static void nothing_leads_out_without_openat2(void **state)
{
	pid_t pid;
	int status;

	set_ways_out(*state);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

		if (!filter || seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0) != 0 || seccomp_load(filter) != 0)
			_exit(2);
		look_for_a_way_out(*state);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nested_text_of_every_kind_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(what_tools_leave_is_passed_by, setup, teardown),
		cmocka_unit_test_setup_teardown(each_rule_is_refused_with_its_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(links_and_devices_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(limits_hold_to_the_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(only_looking_leaves_out_what_breaks_a_rule, setup, teardown),
		cmocka_unit_test_setup_teardown(files_in_memory_obey_the_same_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(every_change_changes_the_identity, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_written_is_what_was_read, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_leads_out_of_a_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_leads_out_without_openat2, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
