/* .avo/cache: exports of candidates for the worker, and a bound on what is kept. */
#include "avo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "engine/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

/* nftw() has no argument: the sums of the walk that is under way. */
static int64_t walk_bytes;
static size_t walk_files;

static int add_size(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	walk_bytes += (int64_t)st->st_blocks * 512;
	walk_files += !S_ISDIR(st->st_mode);
	return 0;
}

/* What is measured is what was committed: an export that a disk, a person or a program changed is not used. */
static bool is_whole(struct engine *e, const char *commit, const char *dir)
{
	size_t count;

	if (!lineage_same_files(&count, e->lineage, commit, dir))
		return false;
	walk_files = 0;
	nftw(dir, add_size, 16, FTW_PHYS | FTW_MOUNT);
	return walk_files == count;
}

/* Made under another name first: a directory of that name was whole once. */
static enum avo_status export_anew(struct engine *e, const char *commit, const char *parent, const char *dir, struct error *err)
{
	enum avo_status st = AVO_OK;
	char *temp = NULL;

	if (path_is_dir(dir)) {
		log_warn("%s is not what was exported to it, and is made again", dir);
		st = path_remove_tree(dir, err);
	}
	if (st == AVO_OK)
		st = path_temp_dir(&temp, parent, "new-", err);
	if (st != AVO_OK)
		return st;
	st = lineage_export(e->lineage, commit, temp, err);
	if (st == AVO_OK && rename(temp, dir) != 0)
		st = error_errno(err, errno, "cannot rename %s", temp);
	if (st != AVO_OK)
		path_remove_tree(temp, NULL);
	free(temp);
	return st;
}

enum avo_status cache_export(char **out, char tree[COMMIT_ID_SIZE], struct engine *e, const char *commit, struct error *err)
{
	char *parent = path_join(e->run_dir, ".avo/cache/eval"), *dir;
	enum avo_status st = lineage_tree_id(tree, e->lineage, commit, err);

	if (st == AVO_OK)
		st = path_mkdirs(parent, 0700, err);
	dir = path_join(parent, tree);
	if (st == AVO_OK && path_is_dir(dir) && is_whole(e, commit, dir))
		utimensat(AT_FDCWD, dir, NULL, 0);	/* used now: not the first to go */
	else if (st == AVO_OK)
		st = export_anew(e, commit, parent, dir, err);
	free(parent);
	if (st == AVO_OK)
		*out = dir;
	else
		free(dir);
	return st;
}

#define LOOK_LEAST 16		/* evaluations between two looks at what is kept */
#define LOOK_SHARE 8		/* ... and an eighth of it */

struct kept {
	char *path;
	int64_t used;		/* seconds */
	int64_t bytes;
};

static int oldest_first(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	return x->used < y->used ? -1 : x->used > y->used;
}

static size_t list_kept(struct kept **out, const char *dir)
{
	struct kept *list = NULL;
	size_t count = 0, cap = 0;
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		struct stat st;
		char *path;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		path = path_join(dir, entry->d_name);
		if (lstat(path, &st) != 0) {
			free(path);
			continue;
		}
		walk_bytes = 0;
		nftw(path, add_size, 16, FTW_PHYS | FTW_MOUNT);
		list = xgrow(list, &cap, count + 1, sizeof(*list));
		list[count++] = (struct kept){ path, st.st_mtime, walk_bytes };
	}
	if (d)
		closedir(d);
	*out = list;
	return count;
}

/* Room is made for as much again as may come before the next look: see cache_keep_bound. */
size_t cache_trim(const char *dir, int64_t max_bytes)
{
	struct kept *list;
	size_t count = list_kept(&list, dir), left = count, i;
	int64_t total = 0, enough;

	for (i = 0; i < count; i++)
		total += list[i].bytes;
	enough = total > max_bytes ? max_bytes - max_bytes / LOOK_SHARE : max_bytes;
	if (count)
		qsort(list, count, sizeof(*list), oldest_first);
	for (i = 0; i < count; i++) {
		if (total > enough && path_remove_tree(list[i].path, NULL) == AVO_OK) {
			total -= list[i].bytes;
			left--;
		}
		free(list[i].path);
	}
	free(list);
	return left;
}

/*
 * Every look walks all that is kept, so the next one comes when a share of that
 * has been added: what an evaluation pays for it stays the same however many there are.
 */
void cache_keep_bound(struct engine *e)
{
	char *eval = path_join(e->run_dir, ".avo/cache/eval"), *build = path_join(e->run_dir, ".avo/cache/build");
	int64_t bytes = e->settings.cache_mib << 20;
	size_t kept = 0;

	if (e->flight.serial >= e->cache_look_at) {
		kept = cache_trim(eval, bytes / 4);
		kept += cache_trim(build, bytes - bytes / 4);
		e->cache_look_at = e->flight.serial + (kept / LOOK_SHARE > LOOK_LEAST ? (unsigned)(kept / LOOK_SHARE) : LOOK_LEAST);
	}
	free(eval);
	free(build);
}
