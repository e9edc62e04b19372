/* What the record says is in the repository is in it: refs that were deleted, broken or moved are written again. */
#include "avo.h"
#include "lineage/internal.h"

static enum lineage_kept keep_ref(char was[COMMIT_ID_SIZE], struct lineage *l, const char *ref, const char *commit)
{
	git_oid wanted, found;
	bool there = git_reference_name_to_id(&found, l->repo, ref) == 0;

	was[0] = '\0';
	if (git_oid_fromstr(&wanted, commit) != 0 || (there && git_oid_equal(&found, &wanted)))
		return LINEAGE_KEPT;
	if (there)
		git_oid_tostr(was, COMMIT_ID_SIZE, &found);
	if (lineage_is_stored(l, &wanted) != 0)
		return LINEAGE_LOST;
	return lineage_set_ref(l, ref, &wanted, "avo: from the record", NULL) == AVO_OK ? LINEAGE_RESTORED : LINEAGE_LOST;
}

enum lineage_kept lineage_keep_version(char was[COMMIT_ID_SIZE], struct lineage *l, int id, const char *commit)
{
	char ref[LINEAGE_REF_SIZE];

	return keep_ref(was, l, version_ref(ref, id), commit);
}

enum lineage_kept lineage_keep_attempt(char was[COMMIT_ID_SIZE], struct lineage *l, int id, const char *commit)
{
	char ref[LINEAGE_REF_SIZE];

	return keep_ref(was, l, attempt_ref(ref, id), commit);
}

bool lineage_has_note(struct lineage *l, const char *commit)
{
	git_note *note = NULL;
	git_oid id;
	bool yes = git_oid_fromstr(&id, commit) == 0 && git_note_read(&note, l->repo, LINEAGE_NOTES, &id) == 0;

	git_note_free(note);
	return yes;
}
