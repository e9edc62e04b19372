/*
 * Packing: every attempt leaves a ref and a handful of objects, each a file of
 * its own, and a run makes thousands. Now and then they are put together. The
 * order makes it safe at any moment: what lies loose is removed only once it
 * was read back from the pack that holds it, and that pack is on disk. No
 * object is lost, so a repository with precious objects may be packed, too.
 */
#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "lineage/internal.h"

#include <dirent.h>
#include <git2/sys/odb_backend.h>
#include <unistd.h>

#define DUE_REFS 256		/* attempts since the last time */
#define DUE_SAMPLE 48		/* objects in the sampled directories: about 3000 in all */
#define MAX_OBJECTS 16384	/* of one pack; the rest waits for the next */

static int count_entries(const char *git_dir, const char *name)
{
	char *path = path_join(git_dir, name);
	DIR *dir = opendir(path);
	struct dirent *d;
	int n = 0;

	while (dir && (d = readdir(dir)))
		n += d->d_name[0] != '.';
	if (dir)
		closedir(dir);
	free(path);
	return n;
}

bool lineage_pack_due(const struct lineage *l)
{
	static const char *const sample[] = { "objects/17", "objects/5a", "objects/a3", "objects/e8" };
	const char *git_dir = git_repository_path(l->repo);
	int objects = 0;
	size_t i;

	if (count_entries(git_dir, "refs/avo/attempts") >= DUE_REFS)
		return true;
	for (i = 0; i < ARRAY_LEN(sample); i++)
		objects += count_entries(git_dir, sample[i]);
	return objects >= DUE_SAMPLE;
}

/* --- refs ------------------------------------------------------------------------- */

enum avo_status lineage_pack_refs(struct lineage *l, struct error *err)
{
	git_refdb *refs = NULL;
	int rc = git_repository_refdb(&refs, l->repo);

	if (rc == 0)
		rc = git_refdb_compress(refs);
	git_refdb_free(refs);
	return rc == 0 ? AVO_OK : lineage_failed(err, rc, "cannot pack the refs of %s", l->dir);
}

/* --- objects ---------------------------------------------------------------------- */

struct loose {
	git_oid *ids;		/* owned */
	size_t count, cap;
};

static void list_directory(struct loose *out, const char *objects, const char *prefix)
{
	char *path = path_join(objects, prefix), hex[GIT_OID_HEXSZ + 1];
	DIR *dir = opendir(path);
	struct dirent *d;

	while (dir && out->count < MAX_OBJECTS && (d = readdir(dir))) {
		git_oid id;

		if (strlen(d->d_name) != GIT_OID_HEXSZ - 2)
			continue;
		snprintf(hex, sizeof(hex), "%s%.38s", prefix, d->d_name);
		if (git_oid_fromstr(&id, hex) != 0)
			continue;
		out->ids = xgrow(out->ids, &out->cap, out->count + 1, sizeof(*out->ids));
		out->ids[out->count++] = id;
	}
	if (dir)
		closedir(dir);
	free(path);
}

static void list_loose(struct loose *out, const char *objects)
{
	static const char digits[] = "0123456789abcdef";
	int i;

	for (i = 0; i < 256; i++)
		list_directory(out, objects, (const char[]){ digits[i >> 4], digits[i & 15], '\0' });
}

/* The pack's files are synced and renamed into place when this returns; name: its id in hex, the caller's to free. */
static int write_pack(char **name, struct lineage *l, const struct loose *loose)
{
	git_packbuilder *builder = NULL;
	int rc = git_packbuilder_new(&builder, l->repo);
	size_t i;

	if (rc == 0)
		git_packbuilder_set_threads(builder, 1);
	for (i = 0; rc == 0 && i < loose->count; i++)
		rc = git_packbuilder_insert(builder, &loose->ids[i], NULL);
	if (rc == 0)
		rc = git_packbuilder_write(builder, NULL, 0, NULL, NULL);
	if (rc == 0)
		*name = xstrdup(git_packbuilder_name(builder));
	git_packbuilder_free(builder);
	return rc;
}

/* A database of this one pack alone: what is read from it is in it. */
static int open_pack(git_odb **out, const char *objects, const char *name)
{
	char *index = xasprintf("%s/pack/pack-%s.idx", objects, name);
	git_odb_backend *backend = NULL;
	int rc = git_odb_new(out);

	if (rc == 0)
		rc = git_odb_backend_one_pack(&backend, index);
	if (rc == 0)
		rc = git_odb_add_backend(*out, backend, 1);
	free(index);
	return rc;
}

static void remove_loose(const char *objects, const git_oid *id)
{
	char hex[GIT_OID_HEXSZ + 1], *path;

	git_oid_tostr(hex, sizeof(hex), id);
	path = xasprintf("%s/%.2s/%s", objects, hex, hex + 2);
	unlink(path);	/* one that stays is packed all the same */
	free(path);
}

/* Reading checks an object's digest. */
static int remove_what_is_packed(git_odb *pack, const char *objects, const struct loose *loose)
{
	size_t i;

	for (i = 0; i < loose->count; i++) {
		git_odb_object *object;
		int rc = git_odb_read(&object, pack, &loose->ids[i]);

		if (rc != 0)
			return rc;
		git_odb_object_free(object);
		remove_loose(objects, &loose->ids[i]);
	}
	return 0;
}

enum avo_status lineage_pack_objects(struct lineage *l, struct error *err)
{
	char *objects = path_join(git_repository_path(l->repo), "objects"), *name = NULL;
	struct loose loose = { 0 };
	git_odb *pack = NULL;
	int rc = 0;

	list_loose(&loose, objects);
	if (!loose.count)
		goto out;
	rc = write_pack(&name, l, &loose);
	if (rc == 0)
		rc = open_pack(&pack, objects, name);
	if (rc == 0)
		rc = remove_what_is_packed(pack, objects, &loose);
out:
	git_odb_free(pack);
	free(loose.ids);
	free(name);
	free(objects);
	return rc == 0 ? AVO_OK : lineage_failed(err, rc, "cannot pack the objects of %s", l->dir);
}
