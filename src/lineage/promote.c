/*
 * An attempt becomes a version in this order: commit object, branch, note, tag.
 * The branch is the moment of truth; when the engine dies right behind it, the
 * same call finds its commit at the tip and adds what is missing.
 */
#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "lineage/internal.h"

#define SHORT_ID 9

/* The branch's tip; AVO_CONFLICT when there is none. */
static enum avo_status find_tip(git_oid *out, struct lineage *l, const char *expected, struct error *err)
{
	int rc = git_reference_name_to_id(out, l->repo, LINEAGE_REF);

	if (rc != 0 && !path_is_dir(l->dir))
		return error_set(err, AVO_CONFLICT, "the run's directory %s is gone: move it back, or end this engine and start the "
				 "run where it is now", l->dir);
	if (rc == GIT_ENOTFOUND)
		return error_set(err, AVO_CONFLICT, "the branch lineage is gone from %s; to bring it back: git branch lineage %.*s",
				 l->dir, SHORT_ID, expected);
	return rc == 0 ? AVO_OK : lineage_failed(err, rc, "cannot read the branch lineage");
}

/* True when tip is a version of ours on top of expected that the journal has not recorded. */
static bool unrecorded_version(struct lineage *l, const git_oid *tip, const char *expected, int *version, int *attempt)
{
	git_commit *commit;
	char parent[COMMIT_ID_SIZE] = "";

	if (git_commit_lookup(&commit, l->repo, tip) != 0)
		return false;
	lineage_read_trailers(commit, version, attempt);
	if (git_commit_parentcount(commit) == 1)
		git_oid_tostr(parent, sizeof(parent), git_commit_parent_id(commit, 0));
	git_commit_free(commit);
	return *version > 0 && strcmp(parent, expected) == 0;
}

static char *title_of(struct lineage *l, const git_oid *id)
{
	git_commit *commit = NULL;
	char *title = xstrdup(git_commit_lookup(&commit, l->repo, id) == 0 && git_commit_summary(commit) ? git_commit_summary(commit) : "");

	git_commit_free(commit);
	return title;
}

static enum avo_status moved(struct lineage *l, const git_oid *tip, const char *expected, struct error *err)
{
	char hex[SHORT_ID + 1], *title;
	int version, attempt;

	git_oid_tostr(hex, sizeof(hex), tip);
	if (unrecorded_version(l, tip, expected, &version, &attempt))
		return error_set(err, AVO_CONFLICT, "approve a%d to record it, or undo it with git update-ref " LINEAGE_REF " %.*s: the branch "
				 "lineage is one version ahead of the record, since v%d, made of attempt a%d, was committed as %s but not recorded",
				 attempt, SHORT_ID, expected, version, attempt, hex);
	title = title_of(l, tip);
	error_set(err, AVO_CONFLICT, "to go on from the record, keep what is there (git branch mine %s), then: git update-ref " LINEAGE_REF
		  " %.*s. The branch lineage was moved: it is at %s (\"%s\"), but the record's last version is %.*s; nothing was changed",
		  hex, SHORT_ID, expected, hex, title, SHORT_ID, expected);
	free(title);
	return AVO_CONFLICT;
}

enum avo_status lineage_check_tip(struct lineage *l, const char *expected_tip, struct error *err)
{
	char hex[COMMIT_ID_SIZE];
	git_oid tip;
	enum avo_status st = find_tip(&tip, l, expected_tip, err);

	if (st != AVO_OK)
		return st;
	git_oid_tostr(hex, sizeof(hex), &tip);
	return strcmp(hex, expected_tip) == 0 ? AVO_OK : moved(l, &tip, expected_tip, err);
}

static enum avo_status move_branch(struct lineage *l, const git_oid *to, const git_oid *from, const struct promotion *p, struct error *err)
{
	char *log = xasprintf("avo: v%d from a%d", p->version, p->attempt);
	git_reference *ref = NULL;
	git_oid tip;
	int rc;

	rc = git_reference_create_matching(&ref, l->repo, LINEAGE_REF, to, 1, from, log);
	git_reference_free(ref);
	free(log);
	if (rc == GIT_EMODIFIED && find_tip(&tip, l, p->expected_tip, err) == AVO_OK)
		return moved(l, &tip, p->expected_tip, err);
	return rc == 0 ? AVO_OK : lineage_failed(err, rc, "cannot move the branch lineage");
}

/* Commits on top of the tip and moves the branch. */
static enum avo_status commit_version(git_oid *out, struct lineage *l, const git_oid *tip, const git_tree *tree,
				      const struct promotion *p, struct error *err)
{
	struct buf message = BUF_INIT;
	git_commit *parent = NULL;
	int rc = git_commit_lookup(&parent, l->repo, tip);
	enum avo_status st = rc == 0 ? AVO_OK : lineage_failed(err, rc, "cannot read the last version");

	if (st == AVO_OK) {
		lineage_format_message(&message, p);
		st = lineage_write_commit(out, l, tree, parent, p->author, buf_cstr(&message), err);
	}
	if (st == AVO_OK)
		st = move_branch(l, out, tip, p, err);
	buf_release(&message);
	git_commit_free(parent);
	return st;
}

enum avo_status lineage_write_note(struct lineage *l, const char *commit, const struct promotion *p, struct error *err)
{
	struct buf text = BUF_INIT;
	enum avo_status st;
	git_oid id;

	if (git_oid_fromstr(&id, commit) != 0)
		return error_set(err, AVO_USAGE, "%s is no commit", commit);
	lineage_format_note(&text, p);
	st = lineage_set_note(l, &id, p->version, p->author, buf_cstr(&text), err);
	buf_release(&text);
	return st;
}

/* Is the tip what this very promotion made before? */
static bool made_before(struct lineage *l, const git_oid *tip, const git_tree *tree, const struct promotion *p)
{
	int version, attempt;
	git_commit *commit = NULL;
	bool same;

	if (!unrecorded_version(l, tip, p->expected_tip, &version, &attempt) || version != p->version || attempt != p->attempt)
		return false;
	same = git_commit_lookup(&commit, l->repo, tip) == 0 && git_oid_equal(git_commit_tree_id(commit), git_tree_id(tree));
	git_commit_free(commit);
	return same;
}

static enum avo_status place_on_branch(git_oid *out, struct lineage *l, const git_tree *tree, const struct promotion *p, struct error *err)
{
	char hex[COMMIT_ID_SIZE];
	git_oid tip;
	enum avo_status st = find_tip(&tip, l, p->expected_tip, err);

	if (st != AVO_OK)
		return st;
	git_oid_tostr(hex, sizeof(hex), &tip);
	if (strcmp(hex, p->expected_tip) == 0)
		return commit_version(out, l, &tip, tree, p, err);
	if (!made_before(l, &tip, tree, p))
		return moved(l, &tip, p->expected_tip, err);
	git_oid_cpy(out, &tip);
	return AVO_OK;
}

enum avo_status lineage_promote(char commit[COMMIT_ID_SIZE], struct lineage *l, const struct promotion *p, struct error *err)
{
	char ref[LINEAGE_REF_SIZE];
	git_tree *tree = NULL;
	git_oid id;
	enum avo_status st = lineage_needs_write(l, err);

	if (st == AVO_OK)
		st = lineage_tree_lookup(&tree, l, p->attempt_commit, err);
	if (st == AVO_OK)
		st = place_on_branch(&id, l, tree, p, err);
	if (st == AVO_OK) {
		git_oid_tostr(commit, COMMIT_ID_SIZE, &id);
		st = lineage_write_note(l, commit, p, err);
	}
	if (st == AVO_OK)
		st = lineage_set_ref(l, version_ref(ref, p->version), &id, "avo: version", err);
	git_tree_free(tree);
	return st;
}
