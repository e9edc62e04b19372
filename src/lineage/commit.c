#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "lineage/internal.h"

#include <sys/stat.h>
#include <unistd.h>

/* A name that git takes: no angle brackets, no control characters, not empty. */
static char *clean_name(const char *author)
{
	struct buf b = BUF_INIT;
	char *name, *p;

	if (author)
		str_sanitize(&b, author, strlen(author));
	for (p = b.data; p && *p; p++)
		if (*p == '<' || *p == '>' || *p == '\n' || *p == '\t')
			*p = ' ';
	name = xstrdup(b.data ? str_trim(b.data) : "");
	buf_release(&b);
	if (*name)
		return name;
	free(name);
	return xstrdup("avo");
}

enum avo_status lineage_signature(git_signature **out, struct lineage *l, const char *author, struct error *err)
{
	git_config *config = NULL;
	git_buf email = { 0 };
	char *name = clean_name(author);
	bool own = git_repository_config_snapshot(&config, l->repo) == 0 &&
		   git_config_get_string_buf(&email, config, "user.email") == 0 && email.size > 0;
	int rc = git_signature_new(out, name, own ? email.ptr : "avo@localhost", clock_wall_ms() / 1000, 0);

	git_buf_dispose(&email);
	git_config_free(config);
	free(name);
	return rc == 0 ? AVO_OK : lineage_failed(err, rc, "cannot name the author of a commit");
}

enum avo_status lineage_write_commit(git_oid *out, struct lineage *l, const git_tree *tree, const git_commit *parent,
				     const char *author, const char *message, struct error *err)
{
	git_signature *who;
	enum avo_status st = lineage_signature(&who, l, author, err);
	int rc;

	if (st != AVO_OK)
		return st;
	rc = git_commit_create(out, l->repo, NULL, who, who, NULL, message, tree, parent ? 1 : 0, &parent);
	git_signature_free(who);
	if (rc == 0)
		rc = lineage_is_stored(l, out);
	return rc == 0 ? AVO_OK : lineage_failed(err, rc, "cannot write a commit");
}

/* A power cut may leave a ref's file without a byte in it, which nothing can be written over. */
static bool drop_empty_ref(struct lineage *l, const char *ref)
{
	char *path = path_join(git_repository_path(l->repo), ref);
	struct stat st;
	bool dropped = lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0 && unlink(path) == 0;

	free(path);
	return dropped;
}

enum avo_status lineage_set_ref(struct lineage *l, const char *ref, const git_oid *id, const char *log, struct error *err)
{
	git_reference *made = NULL;
	int rc;

	rc = git_reference_create(&made, l->repo, ref, id, 1, log);
	if (rc != 0 && rc != GIT_ELOCKED && drop_empty_ref(l, ref))
		rc = git_reference_create(&made, l->repo, ref, id, 1, log);
	git_reference_free(made);
	return rc == 0 ? AVO_OK : lineage_failed(err, rc, "cannot write %s", ref);
}

enum avo_status lineage_set_note(struct lineage *l, const git_oid *id, int version, const char *author, const char *text, struct error *err)
{
	git_signature *who;
	git_oid note;
	int rc;
	enum avo_status st = lineage_signature(&who, l, author, err);

	if (st != AVO_OK)
		return st;
	rc = git_note_create(&note, l->repo, LINEAGE_NOTES, who, who, id, text, 1);
	git_signature_free(who);
	return rc == 0 ? AVO_OK : lineage_failed(err, rc, "cannot write the note of v%d", version);
}

static enum avo_status create_branch(struct lineage *l, const git_oid *id, struct error *err)
{
	git_reference *made = NULL;
	int rc;

	rc = git_reference_create(&made, l->repo, LINEAGE_REF, id, 0, "avo: v0");
	git_reference_free(made);
	if (rc == GIT_EEXISTS)
		return error_set(err, AVO_CONFLICT, "%s has a branch lineage already; name another directory", l->dir);
	return rc == 0 ? AVO_OK : lineage_failed(err, rc, "cannot make the branch lineage");
}

/* Foreign words become a message: no escape sequences, no blank ends. */
static char *clean_message(const char *message)
{
	struct buf b = BUF_INIT;
	char *text;

	str_sanitize(&b, message, strlen(message));
	text = xstrdup(b.data ? str_trim(b.data) : "");
	buf_release(&b);
	return text;
}

enum avo_status lineage_commit_seed(char commit[COMMIT_ID_SIZE], struct lineage *l,
				    const struct source_file *files, size_t count, const char *message, struct error *err)
{
	char ref[LINEAGE_REF_SIZE], *clean, *text;
	git_tree *tree = NULL;
	git_oid id;
	enum avo_status st = lineage_needs_write(l, err);

	if (st == AVO_OK)
		st = source_check(files, count, err);
	if (st == AVO_OK)
		st = lineage_write_tree(&tree, l, files, count, err);
	if (st != AVO_OK)
		return st;
	clean = clean_message(message);
	text = xasprintf("%s\n\nAvo-Version: v0\n", clean);
	st = lineage_write_commit(&id, l, tree, NULL, "avo", text, err);
	if (st == AVO_OK)
		st = create_branch(l, &id, err);
	/* git warns of a notes.displayRef that names nothing: the ref is there from the start */
	if (st == AVO_OK)
		st = lineage_set_note(l, &id, 0, "avo", "v0  the seed; avo show v0 prints its scores\n", err);
	if (st == AVO_OK)
		st = lineage_set_ref(l, version_ref(ref, 0), &id, "avo: v0", err);
	if (st == AVO_OK)
		git_oid_tostr(commit, COMMIT_ID_SIZE, &id);
	free(text);
	free(clean);
	git_tree_free(tree);
	return st;
}

enum avo_status lineage_commit_attempt(char commit[COMMIT_ID_SIZE], struct lineage *l, int id, const char *parent,
				       const struct source_file *files, size_t count,
				       const char *author, const char *message, struct error *err)
{
	char ref[LINEAGE_REF_SIZE], *clean = NULL, *text = NULL;
	git_tree *tree = NULL;
	git_commit *from = NULL;
	git_oid oid;
	enum avo_status st = lineage_needs_write(l, err);

	if (st == AVO_OK)
		st = source_check(files, count, err);
	if (st == AVO_OK)
		st = lineage_commit_lookup(&from, l, parent, err);
	if (st == AVO_OK)
		st = lineage_write_tree(&tree, l, files, count, err);
	if (st == AVO_OK) {
		clean = clean_message(message);
		text = xasprintf("%s\n", clean);
		st = lineage_write_commit(&oid, l, tree, from, author, text, err);
	}
	if (st == AVO_OK)
		st = lineage_set_ref(l, attempt_ref(ref, id), &oid, "avo: attempt", err);
	if (st == AVO_OK)
		git_oid_tostr(commit, COMMIT_ID_SIZE, &oid);
	free(text);
	free(clean);
	git_tree_free(tree);
	git_commit_free(from);
	return st;
}
