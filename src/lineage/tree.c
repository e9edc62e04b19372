/* Reading: names to commits, commits to trees, trees to files. */
#include "avo.h"
#include "base/beneath.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "candidate/rules.h"
#include "lineage/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static enum avo_status resolve_ref(git_object **out, struct lineage *l, const char *ref, const char *name, const char *what, struct error *err)
{
	int rc = git_revparse_single(out, l->repo, ref);

	if (rc == GIT_ENOTFOUND)
		return error_set(err, AVO_NEGATIVE, "there is no %s %s in %s", what, name, l->dir);
	return rc == 0 ? AVO_OK : lineage_failed(err, rc, "cannot find %s", name);
}

static enum avo_status resolve_object(git_object **out, struct lineage *l, const char *name, struct error *err)
{
	char ref[LINEAGE_REF_SIZE];
	long v = str_to_id(name, 'v'), a = str_to_id(name, 'a');

	if (v >= 0 && v < INT32_MAX)
		return resolve_ref(out, l, version_ref(ref, (int)v), name, "version", err);
	if (a >= 0 && a < INT32_MAX)
		return resolve_ref(out, l, attempt_ref(ref, (int)a), name, "attempt", err);
	return resolve_ref(out, l, name, name, "revision", err);
}

enum avo_status lineage_resolve(char commit[COMMIT_ID_SIZE], struct lineage *l, const char *name, struct error *err)
{
	git_object *object = NULL, *peeled = NULL;
	enum avo_status st;
	int rc;

	commit[0] = '\0';
	if (strcmp(name, "work") == 0)
		return AVO_OK;
	st = resolve_object(&object, l, name, err);
	if (st != AVO_OK)
		return st;
	rc = git_object_peel(&peeled, object, GIT_OBJECT_COMMIT);
	if (rc != 0)
		st = error_set(err, AVO_NEGATIVE, "%s is not a commit", name);
	else
		git_oid_tostr(commit, COMMIT_ID_SIZE, git_object_id(peeled));
	git_object_free(peeled);
	git_object_free(object);
	return st;
}

enum avo_status lineage_commit_lookup(git_commit **out, struct lineage *l, const char *commit, struct error *err)
{
	git_oid id;
	int rc;

	*out = NULL;
	if (git_oid_fromstr(&id, commit) != 0)
		return error_set(err, AVO_USAGE, "\"%s\" is not the id of a commit", commit);
	rc = git_commit_lookup(out, l->repo, &id);
	return rc == 0 ? AVO_OK : lineage_failed(err, rc, "cannot read the commit %s", commit);
}

enum avo_status lineage_tree_lookup(git_tree **out, struct lineage *l, const char *commit, struct error *err)
{
	git_commit *c;
	enum avo_status st = lineage_commit_lookup(&c, l, commit, err);
	int rc;

	*out = NULL;
	if (st != AVO_OK)
		return st;
	rc = git_commit_tree(out, c);
	git_commit_free(c);
	return rc == 0 ? AVO_OK : lineage_failed(err, rc, "cannot read the files of %s", commit);
}

struct walk {
	lineage_file_fn *fn;
	void *arg;
	enum avo_status status;
	struct error *err;
};

static int visit(const char *root, const git_tree_entry *entry, void *payload)
{
	struct walk *w = payload;
	git_filemode_t mode = git_tree_entry_filemode(entry);
	char *path;

	/* A user's own commit may hold what is never a candidate's: links, submodules, hidden files. */
	if (mode != GIT_FILEMODE_BLOB && mode != GIT_FILEMODE_BLOB_EXECUTABLE)
		return 0;
	path = xasprintf("%s%s", root, git_tree_entry_name(entry));
	if (!candidate_path_hidden(path))
		w->status = w->fn(w->arg, path, entry, w->err);
	free(path);
	return w->status == AVO_OK ? 0 : -1;
}

enum avo_status lineage_each_file(struct lineage *l, const git_tree *tree, lineage_file_fn *fn, void *arg, struct error *err)
{
	struct walk w = { .fn = fn, .arg = arg, .err = err };
	int rc = git_tree_walk(tree, GIT_TREEWALK_PRE, visit, &w);

	if (w.status != AVO_OK)
		return w.status;
	return rc == 0 ? AVO_OK : lineage_failed(err, rc, "cannot read the files of a commit");
}

/* Beneath the directory: whoever may rename things in it (an agent's shell) leads no file elsewhere. */
enum avo_status lineage_write_entry(struct lineage *l, int dir, const char *path, const git_tree_entry *entry, struct error *err)
{
	mode_t mode = git_tree_entry_filemode(entry) == GIT_FILEMODE_BLOB_EXECUTABLE ? 0755 : 0644;
	git_blob *blob = NULL;
	int rc = git_blob_lookup(&blob, l->repo, git_tree_entry_id(entry));
	enum avo_status st;

	if (rc != 0)
		return lineage_failed(err, rc, "cannot read %s from the repository", path);
	st = beneath_write(dir, path, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob), mode, BENEATH_DURABLE, err);
	git_blob_free(blob);
	return st;
}

struct export {
	struct lineage *l;
	int dir;
};

static enum avo_status export_file(void *arg, const char *path, const git_tree_entry *entry, struct error *err)
{
	struct export *e = arg;

	return lineage_write_entry(e->l, e->dir, path, entry, err);
}

enum avo_status lineage_open_dir(int *out, const char *dir, struct error *err)
{
	*out = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *out < 0 ? error_errno(err, errno, "cannot open the directory %s", dir) : AVO_OK;
}

enum avo_status lineage_export(struct lineage *l, const char *commit, const char *dir, struct error *err)
{
	struct export e = { .l = l };
	git_tree *tree;
	enum avo_status st = lineage_tree_lookup(&tree, l, commit, err);

	if (st != AVO_OK)
		return st;
	st = path_mkdirs(dir, 0755, err);
	if (st == AVO_OK)
		st = lineage_open_dir(&e.dir, dir, err);
	if (st == AVO_OK) {
		st = lineage_each_file(l, tree, export_file, &e, err);
		close(e.dir);
	}
	git_tree_free(tree);
	return st;
}

enum avo_status lineage_read_file(struct buf *out, struct lineage *l, const char *commit, const char *path, struct error *err)
{
	git_tree *tree;
	git_tree_entry *entry = NULL;
	git_blob *blob = NULL;
	enum avo_status st = lineage_tree_lookup(&tree, l, commit, err);
	int rc;

	if (st != AVO_OK)
		return st;
	rc = git_tree_entry_bypath(&entry, tree, path);
	if (rc == 0)
		rc = git_blob_lookup(&blob, l->repo, git_tree_entry_id(entry));
	if (rc != 0)
		st = error_set(err, AVO_NEGATIVE, "%.9s has no file %s", commit, path);
	else if (!buf_add(out, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob)))
		st = error_set(err, AVO_CORRUPT, "%s of %.9s is larger than expected", path, commit);
	git_blob_free(blob);
	git_tree_entry_free(entry);
	git_tree_free(tree);
	return st;
}

static enum avo_status list_file(void *arg, const char *path, const git_tree_entry *entry, struct error *err)
{
	buf_add(arg, path, strlen(path) + 1);
	return AVO_OK;
}

enum avo_status lineage_list_files(struct buf *out, struct lineage *l, const char *commit, struct error *err)
{
	git_tree *tree;
	enum avo_status st = lineage_tree_lookup(&tree, l, commit, err);

	if (st == AVO_OK)
		st = lineage_each_file(l, tree, list_file, out, err);
	git_tree_free(tree);
	return st;
}

enum avo_status lineage_tree_id(char tree[COMMIT_ID_SIZE], struct lineage *l, const char *commit, struct error *err)
{
	git_commit *c;
	enum avo_status st = lineage_commit_lookup(&c, l, commit, err);

	if (st == AVO_OK)
		git_oid_tostr(tree, COMMIT_ID_SIZE, git_commit_tree_id(c));
	git_commit_free(c);
	return st;
}

bool lineage_same_tree(struct lineage *l, const char *a, const char *b)
{
	char one[COMMIT_ID_SIZE], other[COMMIT_ID_SIZE];

	return lineage_tree_id(one, l, a, NULL) == AVO_OK && lineage_tree_id(other, l, b, NULL) == AVO_OK && strcmp(one, other) == 0;
}
