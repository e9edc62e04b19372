#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "engine/engine.h"
#include "lineage/lineage.h"

#include <limits.h>

/* The record makes a run; avo.conf can be written again. Another user may not look into .avo. */
static bool is_run(const char *dir)
{
	char *conf = path_join(dir, "avo.conf"), *dot = path_join(dir, ".avo"), *journal = path_join(dot, "journal");
	bool yes = path_is_dir(journal) || (path_exists(conf) && path_is_dir(dot));

	free(conf);
	free(journal);
	free(dot);
	return yes;
}

enum avo_status run_find(char **out, const char *dir, struct error *err)
{
	char path[PATH_MAX], word[PATH_WORD_SIZE], *slash;

	if (!realpath(dir ? dir : ".", path) && !dir)
		return error_set(err, AVO_ENVIRONMENT, "the current directory is gone; go to another one");
	if (!realpath(dir ? dir : ".", path))
		return error_set(err, AVO_ENVIRONMENT, "there is no directory %s; make a run with: avo init %s", dir, path_word(word, dir));
	if (is_run(path))
		return *out = xstrdup(path), AVO_OK;
	if (dir && !path_is_dir(path))
		return error_set(err, AVO_NEGATIVE, "%s is not a directory; name the directory of a run", dir);
	if (dir && lineage_exists(path))
		return error_set(err, AVO_NEGATIVE, "%s has the versions of a run (git log lineage, or origin/lineage in a clone) but not its record, "
				 "the directory .avo: look for that in the copy this came from, or in git stash list; without it, "
				 "avo init NEW --seed %s begins a new run from the files there", dir, path_word(word, dir));
	if (dir)
		return error_set(err, AVO_NEGATIVE, "%s is not a run; make one with: avo init %s", dir, path_word(word, dir));
	while ((slash = strrchr(path, '/')) && slash != path) {
		*slash = '\0';
		if (is_run(path))
			return *out = xstrdup(path), AVO_OK;
	}
	return error_set(err, AVO_NEGATIVE, "no run here; name its directory, or make one with: avo init DIR");
}
