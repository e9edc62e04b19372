/* A candidate's files: from memory into a tree, and from a commit into memory. */
#include "avo.h"
#include "candidate/source.h"
#include "lineage/internal.h"

static int add_to_index(git_index *index, struct lineage *l, const struct source_file *f)
{
	git_index_entry entry = { .path = f->path, .mode = f->executable ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB };
	int rc = git_blob_create_from_buffer(&entry.id, l->repo, f->data ? f->data : "", f->len);

	if (rc == 0)
		rc = lineage_is_stored(l, &entry.id);
	return rc == 0 ? git_index_add(index, &entry) : rc;
}

enum avo_status lineage_write_tree(git_tree **out, struct lineage *l, const struct source_file *files, size_t count, struct error *err)
{
	git_index *index = NULL;
	git_oid id;
	size_t i;
	int rc;

	*out = NULL;
	rc = git_index_new(&index);
	for (i = 0; rc == 0 && i < count; i++)
		rc = add_to_index(index, l, &files[i]);
	if (rc == 0)
		rc = git_index_write_tree_to(&id, index, l->repo);
	if (rc == 0)
		rc = lineage_is_stored(l, &id);
	if (rc == 0)
		rc = git_tree_lookup(out, l->repo, &id);
	git_index_free(index);
	return rc == 0 ? AVO_OK : lineage_failed(err, rc, "cannot write the candidate's files into the repository");
}

enum avo_status lineage_tree_of(char tree[COMMIT_ID_SIZE], struct lineage *l, const struct source_file *files, size_t count, struct error *err)
{
	git_tree *written;
	enum avo_status st = lineage_write_tree(&written, l, files, count, err);

	if (st == AVO_OK)
		git_oid_tostr(tree, COMMIT_ID_SIZE, git_tree_id(written));
	git_tree_free(written);
	return st;
}

struct collection {
	struct lineage *l;
	struct source *out;
};

static enum avo_status collect(void *arg, const char *path, const git_tree_entry *entry, struct error *err)
{
	struct collection *c = arg;
	git_blob *blob = NULL;
	int rc = git_blob_lookup(&blob, c->l->repo, git_tree_entry_id(entry));

	if (rc != 0)
		return lineage_failed(err, rc, "cannot read %s from the repository", path);
	source_add(c->out, path, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob))->executable =
		git_tree_entry_filemode(entry) == GIT_FILEMODE_BLOB_EXECUTABLE;
	git_blob_free(blob);
	return AVO_OK;
}

enum avo_status lineage_read_source(struct source *out, struct lineage *l, const char *commit, struct error *err)
{
	struct collection c = { l, out };
	git_tree *tree;
	enum avo_status st = lineage_tree_lookup(&tree, l, commit, err);

	memset(out, 0, sizeof(*out));
	if (st != AVO_OK)
		return st;
	st = lineage_each_file(l, tree, collect, &c, err);
	git_tree_free(tree);
	if (st == AVO_OK)
		st = source_check(out->files, out->count, err);
	if (st != AVO_OK)
		source_release(out);
	return st;
}
