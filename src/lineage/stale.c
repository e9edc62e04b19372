/* What a writer that was killed in mid-commit leaves behind. */
#include "avo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "lineage/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * A git of the user's holds a ref's lock for a few milliseconds; one that is
 * the same after this long belongs to nobody.
 */
#define LOCK_GRACE_MS 250
#define TEMP_AGE_S 60

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool earlier(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

static void clear_lock(const char *path)
{
	struct timespec grace = { 0, LOCK_GRACE_MS * 1000000L };
	struct stat before, after;

	if (lstat(path, &before) != 0)
		return;
	nanosleep(&grace, NULL);
	if (lstat(path, &after) != 0 || !same_file(&before, &after))
		return;
	if (unlink(path) == 0)
		log_warn("removed the stale lock %s", path);
	else
		log_error("cannot remove the stale lock %s: %s", path, strerror(errno));
}

static bool our_lock(const char *name)
{
	return (name[0] == 'v' || name[0] == 'a') && str_ends(name, ".lock");
}

static void clear_locks_in(const char *git_dir, const char *refs)
{
	char *dir_path = path_join(git_dir, refs);
	DIR *dir = opendir(dir_path);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		char *path = our_lock(d->d_name) ? path_join(dir_path, d->d_name) : NULL;

		if (path)
			clear_lock(path);
		free(path);
	}
	if (dir)
		closedir(dir);
	free(dir_path);
}

static void clear_temp_files(const char *git_dir, const char *where, const char *prefix, const char *suffix)
{
	char *dir_path = path_join(git_dir, where);
	DIR *dir = opendir(dir_path);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		bool ours = str_starts(d->d_name, prefix) && str_ends(d->d_name, suffix);
		char *path = ours ? path_join(dir_path, d->d_name) : NULL;
		struct stat st;

		if (path && lstat(path, &st) == 0 && time(NULL) - st.st_mtime > TEMP_AGE_S)
			unlink(path);
		free(path);
	}
	if (dir)
		closedir(dir);
	free(dir_path);
}

/* --- the working tree --------------------------------------------------------- */

static char *mark_path(const struct lineage *l)
{
	return path_join(git_repository_path(l->repo), "avo-writing");
}

void lineage_mark_writing(struct lineage *l, bool writing)
{
	char *path = mark_path(l);
	int fd = -1;

	if (writing)
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	else
		unlink(path);
	if (fd >= 0)
		close(fd);
	free(path);
}

/* ".avo-4711-0.tmp": what beneath_write() puts in place by a rename. */
static bool is_temporary(const char *name)
{
	int end = 0;

	return sscanf(name, ".avo-%*d-%*d.tmp%n", &end) == 0 && end > 0 && name[end] == '\0';
}

static enum avo_status clear_temporary(void *arg, const char *path, const git_tree_entry *entry, struct error *err)
{
	struct lineage *l = arg;
	char *full = path_join(l->dir, path), *slash = strrchr(full, '/');
	struct dirent *d;
	DIR *dir;

	*slash = '\0';
	dir = opendir(full);
	while (dir && (d = readdir(dir)))
		if (is_temporary(d->d_name))
			unlinkat(dirfd(dir), d->d_name, 0);
	if (dir)
		closedir(dir);
	free(full);
	return AVO_OK;
}

static void clear_temporaries(struct lineage *l)
{
	git_tree *tree = NULL;
	git_oid tip;
	char hex[COMMIT_ID_SIZE];

	if (git_reference_name_to_id(&tip, l->repo, LINEAGE_REF) != 0)
		return;
	git_oid_tostr(hex, sizeof(hex), &tip);
	if (lineage_tree_lookup(&tree, l, hex, NULL) == AVO_OK)
		lineage_each_file(l, tree, clear_temporary, l, NULL);
	git_tree_free(tree);
}

/* The mark was made before the index was locked: an older lock is somebody else's. */
static void clear_after_writing(struct lineage *l)
{
	char *mark = mark_path(l), *lock = path_join(git_repository_path(l->repo), "index.lock");
	struct stat marked, locked;

	if (lstat(mark, &marked) == 0) {
		if (lstat(lock, &locked) == 0 && !earlier(&locked.st_mtim, &marked.st_mtim))
			clear_lock(lock);
		clear_temporaries(l);
		unlink(mark);
	}
	free(lock);
	free(mark);
}

void lineage_clear_stale(struct lineage *l)
{
	static const char *const locks[] = { LINEAGE_REF ".lock", LINEAGE_NOTES ".lock", "packed-refs.lock" };
	const char *git_dir = git_repository_path(l->repo);
	size_t i;

	for (i = 0; i < ARRAY_LEN(locks); i++) {
		char *path = path_join(git_dir, locks[i]);

		clear_lock(path);
		free(path);
	}
	clear_locks_in(git_dir, "refs/tags");
	clear_locks_in(git_dir, "refs/avo/attempts");
	clear_temp_files(git_dir, "objects", "tmp_object_git2_", "");
	clear_temp_files(git_dir, "objects/pack", "pack_git2_", "");
	clear_temp_files(git_dir, "objects/pack", "pack-", ".lock");
	clear_after_writing(l);
}
