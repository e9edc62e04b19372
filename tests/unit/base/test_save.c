/* Saving where a person said: what stands there is written, and replaced only where it is a file. */
#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/save.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char *dir;

static char *in_dir(const char *name)
{
	return path_join(dir, name);
}

static void holds(const char *path, const char *wanted)
{
	struct buf text = BUF_INIT;

	assert_int_equal(path_read(&text, path, 1 << 20, NULL), AVO_OK);
	assert_string_equal(buf_cstr(&text), wanted);
	buf_release(&text);
}

static mode_t kind(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & S_IFMT;
}

static int make_dir(void **state)
{
	return path_temp_dir(&dir, "/tmp", "avo-save-", NULL) == AVO_OK ? 0 : -1;
}

static int remove_dir(void **state)
{
	path_remove_tree(dir, NULL);
	free(dir);
	return 0;
}

static void a_file_keeps_its_mode(void **state)
{
	char *path = in_dir("file");
	struct stat st;

	assert_int_equal(save_file(path, "first, and longer", 17, NULL), AVO_OK);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(save_file(path, "second", 6, NULL), AVO_OK);
	holds(path, "second");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	free(path);
}

static void a_link_stays(void **state)
{
	char *file = in_dir("target"), *link = in_dir("link"), *dangling = in_dir("dangling"), *made = in_dir("made");

	assert_int_equal(save_file(file, "old", 3, NULL), AVO_OK);
	assert_int_equal(symlink("target", link), 0);
	assert_int_equal(save_file(link, "new", 3, NULL), AVO_OK);
	assert_int_equal(kind(link), S_IFLNK);
	holds(file, "new");
	assert_int_equal(symlink("made", dangling), 0);
	assert_int_equal(save_file(dangling, "new", 3, NULL), AVO_OK);
	assert_int_equal(kind(dangling), S_IFLNK);
	holds(made, "new");
	free(file);
	free(link);
	free(dangling);
	free(made);
}

#define MUCH ((size_t)300 << 10)	/* more than a pipe holds */

static void *read_all(void *path)
{
	struct buf *text = xcalloc(1, sizeof(*text));

	buf_init(text, 0);
	path_read(text, path, 1 << 20, NULL);
	return text;
}

static void a_fifo_is_written(void **state)
{
	char *path = in_dir("fifo"), *much = xmalloc(MUCH);
	struct buf *got;
	pthread_t reader;
	void *result;

	memset(much, 'x', MUCH);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(pthread_create(&reader, NULL, read_all, path), 0);
	assert_int_equal(save_file(path, much, MUCH, NULL), AVO_OK);
	pthread_join(reader, &result);
	got = result;
	assert_int_equal(got->len, MUCH);
	assert_memory_equal(got->data, much, MUCH);
	assert_int_equal(kind(path), S_IFIFO);
	buf_release(got);
	free(got);
	free(much);
	free(path);
}

static void nobody_reads_is_said(void **state)
{
	char *path = in_dir("unread");
	struct error err;

	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(save_file(path, "x", 1, &err), AVO_ENVIRONMENT);
	assert_non_null(strstr(err.text, "nobody reads from"));
	assert_int_equal(kind(path), S_IFIFO);
	free(path);
}

/* A link to a device rather than a node of our own, which only root can make; for root a replaced node would show as well. */
static void a_device_is_written(void **state)
{
	char *link = in_dir("null"), *full = in_dir("full");
	struct error err;

	assert_int_equal(symlink("/dev/null", link), 0);
	assert_int_equal(save_file(link, "x", 1, NULL), AVO_OK);
	assert_int_equal(kind(link), S_IFLNK);
	assert_int_equal(kind("/dev/null"), S_IFCHR);
	assert_int_equal(symlink("/dev/full", full), 0);
	assert_int_equal(save_file(full, "x", 1, &err), AVO_ENVIRONMENT);
	free(link);
	free(full);
}

static void a_node_stays_a_node(void **state)
{
	char *node = in_dir("node");
	/* char device 1:3, what /dev/null is; only root may make one, and not in every mount */
	int fd = mknod(node, S_IFCHR | 0600, (dev_t)0x103) == 0 ? open(node, O_WRONLY | O_CLOEXEC) : -1;

	if (fd < 0) {
		free(node);
		skip();
	}
	close(fd);
	assert_int_equal(save_file(node, "x", 1, NULL), AVO_OK);
	assert_int_equal(kind(node), S_IFCHR);
	free(node);
}

static void a_directory_is_refused(void **state)
{
	struct error err;

	assert_int_equal(save_file(dir, "x", 1, &err), AVO_ENVIRONMENT);
	assert_non_null(strstr(err.text, "cannot write"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_keeps_its_mode), cmocka_unit_test(a_link_stays), cmocka_unit_test(a_fifo_is_written),
		cmocka_unit_test(nobody_reads_is_said), cmocka_unit_test(a_device_is_written), cmocka_unit_test(a_node_stays_a_node),
		cmocka_unit_test(a_directory_is_refused),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
