/* .avo/cache: exports of candidates for the worker, and a bound on what is kept. */
#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "engine/internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Named by the tree, so an export that is there is right. It is made under
 * another name first: a directory of that name is whole.
 */
enum avo_status cache_export(char **out, char tree[COMMIT_ID_SIZE], struct engine *e, const char *commit, struct error *err)
{
	char *parent = path_join(e->run_dir, ".avo/cache/eval"), *dir = NULL, *temp = NULL;
	enum avo_status st = lineage_tree_id(tree, e->lineage, commit, err);

	if (st == AVO_OK)
		st = path_mkdirs(parent, 0700, err);
	if (st == AVO_OK) {
		dir = path_join(parent, tree);
		if (path_is_dir(dir)) {
			utimensat(AT_FDCWD, dir, NULL, 0);	/* used now: not the first to go */
		} else {
			st = path_temp_dir(&temp, parent, "new-", err);
			if (st == AVO_OK)
				st = lineage_export(e->lineage, commit, temp, err);
			if (st == AVO_OK && rename(temp, dir) != 0)
				st = error_set(err, AVO_ENVIRONMENT, "cannot rename %s", temp);
			if (st != AVO_OK && temp)
				path_remove_tree(temp, NULL);
		}
	}
	free(temp);
	free(parent);
	if (st == AVO_OK)
		*out = dir;
	else
		free(dir);
	return st;
}

struct kept {
	char *path;
	int64_t used;		/* seconds */
	int64_t bytes;
};

/* nftw() has no argument: the sum of the walk that is under way. */
static int64_t walk_bytes;

static int add_size(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	walk_bytes += (int64_t)st->st_blocks * 512;
	return 0;
}

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

void cache_trim(const char *dir, int64_t max_bytes)
{
	struct kept *list;
	size_t count = list_kept(&list, dir), i;
	int64_t total = 0;

	for (i = 0; i < count; i++)
		total += list[i].bytes;
	if (count)
		qsort(list, count, sizeof(*list), oldest_first);
	for (i = 0; i < count; i++) {
		if (total > max_bytes && path_remove_tree(list[i].path, NULL) == AVO_OK)
			total -= list[i].bytes;
		free(list[i].path);
	}
	free(list);
}

void cache_keep_bound(const struct engine *e)
{
	char *eval = path_join(e->run_dir, ".avo/cache/eval"), *build = path_join(e->run_dir, ".avo/cache/build");
	int64_t bytes = e->settings.cache_mib << 20;

	cache_trim(eval, bytes / 4);
	cache_trim(build, bytes - bytes / 4);
	free(eval);
	free(build);
}
