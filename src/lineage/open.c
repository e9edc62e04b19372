#include "avo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/owner.h"
#include "base/path.h"
#include "lineage/internal.h"

#include <stdarg.h>

/*
 * The ignore rule lives in the repository, not in the tree: candidates hold
 * nothing but their own files. avo.conf is in it so that `git clean` spares it.
 */
static const char exclude_rules[] = "# avo's own: the record of the run and its settings\n/.avo/\n/avo.conf\n";

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
/* libgit2 1.5 loses the match data of every configuration key that is no extension when it opens a repository. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libpcre2-8.so\n";
}

const char *__lsan_default_options(void)
{
	return "print_suppressions=0";
}
#endif

int lineage_is_stored(struct lineage *l, const git_oid *id)
{
	git_object_t type;
	git_odb *odb = NULL;
	size_t size;
	int rc = git_repository_odb(&odb, l->repo);

	if (rc == 0 && git_odb_read_header(&size, &type, odb, id) != 0) {
		git_error_set_str(GIT_ERROR_ODB, "an object did not reach the disk; is it full?");
		rc = -1;
	}
	git_odb_free(odb);
	return rc;
}

enum avo_status lineage_failed(struct error *err, int rc, const char *fmt, ...)
{
	const git_error *e = git_error_last();
	enum avo_status st = AVO_ENVIRONMENT;
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (rc == GIT_ENOTFOUND)
		st = AVO_NEGATIVE;
	else if (rc == GIT_ELOCKED)
		st = AVO_BUSY;
	else if (rc == GIT_EMODIFIED || rc == GIT_EEXISTS)
		st = AVO_CONFLICT;
	else if (rc == GIT_EUSER)
		return err ? err->status : AVO_ENVIRONMENT;
	return error_set(err, st, "%s: %s", what, e && e->message ? e->message : "git gave no reason (is the disk full?)");
}

enum avo_status lineage_needs_write(const struct lineage *l, struct error *err)
{
	if (l->mode == LINEAGE_WRITE)
		return AVO_OK;
	return error_set(err, AVO_USAGE, "the lineage was opened for reading; only the engine of a run commits to it");
}

const char *version_ref(char out[LINEAGE_REF_SIZE], int id)
{
	snprintf(out, LINEAGE_REF_SIZE, "refs/tags/v%d", id);
	return out;
}

const char *attempt_ref(char out[LINEAGE_REF_SIZE], int id)
{
	snprintf(out, LINEAGE_REF_SIZE, "refs/avo/attempts/a%d", id);
	return out;
}

/* Every writing call is on disk when it returns; `git gc --prune=now` beside us must not take objects in use. */
static void library_start(void)
{
	const char *extensions[] = { "preciousobjects" };

	git_libgit2_init();
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
	git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, (size_t)1);
}

static int configure(git_repository *repo)
{
	git_config *config;
	int rc = git_repository_config(&config, repo);

	if (rc != 0)
		return rc;
	rc = git_config_set_int32(config, "core.repositoryformatversion", 1);
	if (rc == 0)
		rc = git_config_set_bool(config, "extensions.preciousObjects", 1);
	if (rc == 0)
		rc = git_config_set_string(config, "notes.displayRef", LINEAGE_NOTES);
	git_config_free(config);
	return rc;
}

static enum avo_status write_exclude(git_repository *repo, struct error *err)
{
	char *path = path_join(git_repository_path(repo), "info/exclude");
	char *dir = path_join(git_repository_path(repo), "info");
	enum avo_status st = path_mkdirs(dir, 0755, err);

	if (st == AVO_OK)
		st = path_write_atomic(path, exclude_rules, sizeof(exclude_rules) - 1, 0644, err);
	free(dir);
	free(path);
	return st;
}

/*
 * What looks like a repository of its own is passed by: `git clean -fdx` and `git stash -a` leave the record of the run
 * where it is. Whoever asks git inside it is told of the run's repository.
 */
static enum avo_status write_shield(const char *run_dir, struct error *err)
{
	static const char text[] = "gitdir: ../.git\n";
	char *dot = path_join(run_dir, ".avo"), *path = path_join(dot, ".git");
	enum avo_status st = AVO_OK;

	if (path_is_dir(dot) && !path_exists(path))
		st = path_write_atomic(path, text, sizeof(text) - 1, 0644, err);
	free(path);
	free(dot);
	return st;
}

bool lineage_exists(const char *run_dir)
{
	git_repository *repo = NULL;
	git_reference *ref = NULL;
	bool yes;

	library_start();
	yes = git_repository_open_ext(&repo, run_dir, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) == 0 &&
	      (git_reference_lookup(&ref, repo, LINEAGE_REF) == 0 ||
	       git_reference_lookup(&ref, repo, "refs/remotes/origin/lineage") == 0);
	git_reference_free(ref);
	git_repository_free(repo);
	git_libgit2_shutdown();
	return yes;
}

enum avo_status lineage_init(const char *run_dir, struct error *err)
{
	git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
	git_repository *repo = NULL;
	enum avo_status st;
	int rc;

	options.flags = GIT_REPOSITORY_INIT_NO_REINIT;
	options.initial_head = "lineage";
	library_start();
	rc = git_repository_init_ext(&repo, run_dir, &options);
	if (rc == 0)
		rc = configure(repo);
	if (rc == GIT_EEXISTS)
		st = error_set(err, AVO_CONFLICT, "%s is a git repository already; name a directory that is not one", run_dir);
	else if (rc != 0)
		st = lineage_failed(err, rc, "cannot make a repository in %s", run_dir);
	else
		st = write_exclude(repo, err);
	if (st == AVO_OK)
		st = write_shield(run_dir, err);
	git_repository_free(repo);
	git_libgit2_shutdown();
	return st;
}

/* What libgit2 says of somebody else's repository depends on its version and on the settings of who asks: the owner is looked at here. */
static enum avo_status open_failed(struct error *err, int rc, const char *run_dir)
{
	char word[PATH_WORD_SIZE], owner[OWNER_NAME_SIZE], *git_dir = path_join(run_dir, ".git");
	bool another = owner_is_another(owner, git_dir);

	free(git_dir);
	if (rc == GIT_EOWNER || another)
		return error_set(err, AVO_ENVIRONMENT, "to read it all the same: git config --global --add safe.directory %s (the run %s "
				 "belongs to %s, and git reads another user's repository only when told to)", path_word(word, run_dir),
				 run_dir, another ? owner : "another user");
	if (rc == GIT_ENOTFOUND)
		return error_set(err, AVO_ENVIRONMENT, "%s is not a run: it has no repository; avo init makes one", run_dir);
	return lineage_failed(err, rc, "cannot open the repository in %s", run_dir);
}

enum avo_status lineage_open(struct lineage **out, const char *run_dir, enum lineage_mode mode, struct error *err)
{
	git_repository *repo = NULL;
	struct lineage *l;
	int rc;

	*out = NULL;
	library_start();
	rc = git_repository_open_ext(&repo, run_dir, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
	if (rc != 0) {
		enum avo_status st = open_failed(err, rc, run_dir);

		git_libgit2_shutdown();
		return st;
	}
	l = xcalloc(1, sizeof(*l));
	l->repo = repo;
	l->dir = xstrdup(run_dir);
	l->mode = mode;
	if (mode == LINEAGE_WRITE) {
		struct error err_shield = { 0 };

		lineage_clear_stale(l);
		if (write_shield(run_dir, &err_shield) != AVO_OK)
			log_warn("git clean -x in the run would take its record: %s", err_shield.text);
	}
	*out = l;
	return AVO_OK;
}

void lineage_close(struct lineage *l)
{
	if (!l)
		return;
	git_repository_free(l->memory);
	git_repository_free(l->repo);
	free(l->dir);
	free(l);
	git_libgit2_shutdown();
}
