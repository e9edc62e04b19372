/*
 * The working tree belongs to the user: it follows the branch only where it
 * still is what avo put there. Contents are compared as bytes, so that no filter
 * or line ending setting of the user's git makes a tree look edited.
 */
#include "avo.h"
#include "base/log.h"
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

/* What stands in the working tree at path: false when nothing does. An unreadable file or a link gives a zero id. */
static bool work_file(git_oid *out, struct lineage *l, const char *path)
{
	char *full = path_join(l->dir, path);
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
	bool there = work_file(&id, c->l, path), wanted = tree_has(c->to, path, NULL);

	if (there ? !git_oid_equal(&id, git_tree_entry_id(entry)) && !tree_has(c->to, path, &id) : wanted)
		c->edited = true;
	return AVO_OK;
}

/* A file that the new commit adds: must not be in the way. */
static enum avo_status check_new(void *arg, const char *path, const git_tree_entry *entry, struct error *err)
{
	struct checkout *c = arg;
	git_oid id;

	if (!tree_has(c->from, path, NULL) && work_file(&id, c->l, path) && !git_oid_equal(&id, git_tree_entry_id(entry)))
		c->edited = true;
	return AVO_OK;
}

static enum avo_status put_file(void *arg, const char *path, const git_tree_entry *entry, struct error *err)
{
	struct checkout *c = arg;
	git_oid id;

	if (work_file(&id, c->l, path) && git_oid_equal(&id, git_tree_entry_id(entry)))
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

/* So that `git status` is quiet. The index is the user's: whatever is wrong with it is no reason to fail. */
static void refresh_index(struct lineage *l, const git_tree *tree)
{
	git_index *index = NULL;

	if (git_repository_index(&index, l->repo) != 0 || git_index_read(index, 1) != 0 ||
	    git_index_read_tree(index, tree) != 0 || git_index_write(index) != 0)
		log_warn("the index of %s was not brought up to date: %s", l->dir, git_error_last() ? git_error_last()->message : "?");
	git_index_free(index);
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
		st = lineage_open_dir(&c.dir, l->dir, err);
	if (st == AVO_OK && !c.edited) {
		st = lineage_each_file(l, new, put_file, &c, err);
		close(c.dir);
		if (st == AVO_OK && old)
			st = lineage_each_file(l, old, remove_old, &c, err);
		if (st == AVO_OK && on_lineage(l))
			refresh_index(l, new);
	}
	git_tree_free(old);
	git_tree_free(new);
	return st;
}
