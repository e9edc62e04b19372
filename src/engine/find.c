#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "engine/engine.h"

#include <limits.h>

static bool is_run(const char *dir)
{
	char *conf = path_join(dir, "avo.conf"), *dot = path_join(dir, ".avo");
	bool yes = path_exists(conf) && path_is_dir(dot);

	free(conf);
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
	if (dir)
		return error_set(err, AVO_NEGATIVE, "%s is not a run; make one with: avo init %s", dir, path_word(word, dir));
	while ((slash = strrchr(path, '/')) && slash != path) {
		*slash = '\0';
		if (is_run(path))
			return *out = xstrdup(path), AVO_OK;
	}
	return error_set(err, AVO_NEGATIVE, "no run here; name its directory, or make one with: avo init DIR");
}
