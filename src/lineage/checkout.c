/*
 * The working tree belongs to the user: it follows the branch only where it
 * still is what avo put there. Contents are compared as bytes, so that no filter
 * or line ending setting of the user's git makes a tree look edited.
 */
#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "lineage/internal.h"

#include <errno.h>
#include <unistd.h>

struct checkout {
	struct lineage *l;
	const git_tree *from, *to;	/* from may be NULL: no check */
	int dir;			/* the working tree, open while it is written */
	bool edited;
};

/* What stands at path below dir: false when nothing does. An unreadable file or a link gives a zero id. */
static bool file_id(git_oid *out, const char *dir, const char *path)
{
	char *full = path_join(dir, path);
	bool there = path_exists(full);

	memset(out, 0, sizeof(*out));
	if (there && git_odb_hashfile(out, full, GIT_OBJECT_BLOB) != 0)
		memset(out, 0, sizeof(*out));
	free(full);
	return there;
}

static bool tree_has(const git_tree *tree, const char *path, const git_oid *id)
{
	git_tree_entry *entry;
	bool same;

	if (!tree || git_tree_entry_bypath(&entry, tree, path) != 0)
		return false;
	same = !id || git_oid_equal(git_tree_entry_id(entry), id);
	git_tree_entry_free(entry);
	return same;
}

/* A file of the old commit: as it was, or already as it shall be. */
static enum avo_status check_old(void *arg, const char *path, const git_tree_entry *entry, struct error *err)
{
	struct checkout *c = arg;
	git_oid id;
	bool there = file_id(&id, c->l->dir, path), wanted = tree_has(c->to, path, NULL);

	if (there ? !git_oid_equal(&id, git_tree_entry_id(entry)) && !tree_has(c->to, path, &id) : wanted)
		c->edited = true;
	return AVO_OK;
}

/* A file that the new commit adds: must not be in the way. */
static enum avo_status check_new(void *arg, const char *path, const git_tree_entry *entry, struct error *err)
{
	struct checkout *c = arg;
	git_oid id;

	if (!tree_has(c->from, path, NULL) && file_id(&id, c->l->dir, path) && !git_oid_equal(&id, git_tree_entry_id(entry)))
		c->edited = true;
	return AVO_OK;
}

static enum avo_status put_file(void *arg, const char *path, const git_tree_entry *entry, struct error *err)
{
	struct checkout *c = arg;
	git_oid id;

	if (file_id(&id, c->l->dir, path) && git_oid_equal(&id, git_tree_entry_id(entry)))
		return AVO_OK;
	return lineage_write_entry(c->l, c->dir, path, entry, err);
}

static enum avo_status remove_old(void *arg, const char *path, const git_tree_entry *entry, struct error *err)
{
	struct checkout *c = arg;
	enum avo_status st = AVO_OK;
	char *full;

	if (tree_has(c->to, path, NULL))
		return AVO_OK;
	full = path_join(c->l->dir, path);
	if (unlink(full) != 0 && errno != ENOENT)
		st = error_errno(err, errno, "cannot remove %s", full);
	free(full);
	return st;
}

/* Is the branch lineage what the user has checked out? */
static bool on_lineage(struct lineage *l)
{
	git_reference *head = NULL;
	bool ours = git_reference_lookup(&head, l->repo, "HEAD") == 0 && git_reference_type(head) == GIT_REFERENCE_SYMBOLIC &&
		    strcmp(git_reference_symbolic_target(head), LINEAGE_REF) == 0;

	git_reference_free(head);
	return ours;
}

/* So that `git status` is quiet. The index is the user's: whatever is wrong with it is no reason to fail, but to say so. */
static enum avo_status refresh_index(struct lineage *l, const git_tree *tree, struct error *err)
{
	git_index *index = NULL;
	int rc = git_repository_index(&index, l->repo);

	if (rc == 0)
		rc = git_index_read(index, 1);
	if (rc == 0)
		rc = git_index_read_tree(index, tree);
	if (rc == 0)
		rc = git_index_write(index);
	git_index_free(index);
	if (rc == GIT_ELOCKED)
		return error_set(err, AVO_BUSY, "its files are right, but git's index is locked and git status will show them as changed: "
				 "when no git is at work there, rm %s/.git/index.lock; git -C %s reset", l->dir, l->dir);
	return rc == 0 ? AVO_OK : lineage_failed(err, rc, "the index of %s was not brought up to date", l->dir);
}

/* Files and index in one go, marked as long as it lasts: who finds the mark knows whose locks and leftovers he sees. */
static enum avo_status bring_over(struct checkout *c, struct error *err)
{
	enum avo_status st = lineage_open_dir(&c->dir, c->l->dir, err);

	if (st != AVO_OK)
		return st;
	lineage_mark_writing(c->l, true);
	st = lineage_each_file(c->l, c->to, put_file, c, err);
	close(c->dir);
	if (st == AVO_OK && c->from)
		st = lineage_each_file(c->l, c->from, remove_old, c, err);
	if (st == AVO_OK && on_lineage(c->l))
		st = refresh_index(c->l, c->to, err);
	lineage_mark_writing(c->l, false);
	return st;
}

enum avo_status lineage_checkout(bool *dirty, struct lineage *l, const char *from, const char *commit, struct error *err)
{
	struct checkout c = { .l = l, .edited = *from && !on_lineage(l) };
	git_tree *old = NULL, *new = NULL;
	enum avo_status st = *from ? lineage_tree_lookup(&old, l, from, err) : AVO_OK;

	if (st == AVO_OK)
		st = lineage_tree_lookup(&new, l, commit, err);
	c.from = old;
	c.to = new;
	if (st == AVO_OK && old)
		st = lineage_each_file(l, old, check_old, &c, err);
	if (st == AVO_OK && old)
		st = lineage_each_file(l, new, check_new, &c, err);
	*dirty = c.edited;
	if (st == AVO_OK && !c.edited)
		st = bring_over(&c, err);
	git_tree_free(old);
	git_tree_free(new);
	return st;
}

/* --- a directory beside a commit ---------------------------------------------- */

struct likeness {
	const char *dir;
	size_t count;
	bool same;
};

static enum avo_status liken(void *arg, const char *path, const git_tree_entry *entry, struct error *err)
{
	struct likeness *like = arg;
	git_oid id;

	like->count++;
	like->same = like->same && file_id(&id, like->dir, path) && git_oid_equal(&id, git_tree_entry_id(entry));
	return AVO_OK;
}

bool lineage_same_files(size_t *count, struct lineage *l, const char *commit, const char *dir)
{
	struct likeness like = { .dir = dir, .same = true };
	git_tree *tree = NULL;

	if (lineage_tree_lookup(&tree, l, commit, NULL) != AVO_OK || lineage_each_file(l, tree, liken, &like, NULL) != AVO_OK)
		like.same = false;
	git_tree_free(tree);
	*count = like.count;
	return like.same;
}
