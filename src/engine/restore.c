/* Tags, attempts' refs and notes are the record's, whoever deleted them: a start writes again what is missing. */
#include "avo.h"
#include "engine/internal.h"

struct restoring {
	struct engine *e;
	struct buf names;		/* "v0, v1, a17" */
	int more;			/* beyond those that are named */
	int notes;
};

#define NAMED 12

static void name(struct restoring *r, char letter, int id)
{
	int named = r->more ? NAMED : 0;
	const char *p;

	for (p = buf_cstr(&r->names); !named && *p; p++)
		named += *p == ',';
	if (r->more || named >= NAMED)
		r->more++;
	else
		buf_printf(&r->names, "%s%c%d", r->names.len ? ", " : "", letter, id);
}

static void keep(struct restoring *r, char letter, int id, const char *commit)
{
	char was[COMMIT_ID_SIZE];
	enum lineage_kept kept = letter == 'v' ? lineage_keep_version(was, r->e->lineage, id, commit) :
						 lineage_keep_attempt(was, r->e->lineage, id, commit);

	if (kept == LINEAGE_LOST)
		engine_warn(r->e, "the commit %s of %c%d is not in the repository any more, or its ref cannot be written: the record knows its "
			    "scores, its files cannot be shown; bring it back from a copy: git -C %s fetch COPY %s", commit, letter, id,
			    r->e->run_dir, commit);
	if (kept == LINEAGE_RESTORED && was[0])
		engine_warn(r->e, "%c%d pointed at %s and is at %s again, as the record says; to keep what it pointed at: git -C %s branch mine %s",
			    letter, id, was, commit, r->e->run_dir, was);
	else if (kept == LINEAGE_RESTORED)
		name(r, letter, id);
}

static void keep_note(struct restoring *r, const struct version *v)
{
	struct error err = { 0 };

	if (lineage_has_note(r->e->lineage, v->commit))
		return;
	if (engine_write_note(r->e, v, &err) == AVO_OK)
		r->notes++;
	else
		engine_warn(r->e, "the note of v%d is gone and could not be written again: %s", v->id, err.text);
}

void engine_restore_refs(struct engine *e)
{
	struct restoring r = { .e = e };
	size_t i;

	for (i = 0; i < e->state.version_count; i++) {
		keep(&r, 'v', e->state.versions[i].id, e->state.versions[i].commit);
		keep_note(&r, &e->state.versions[i]);
	}
	for (i = 0; i < e->state.attempt_count; i++)
		keep(&r, 'a', e->state.attempts[i].id, e->state.attempts[i].commit);
	if (r.names.len)
		engine_warn(e, "refs that were gone from the repository were written again from the record: %s%s", buf_cstr(&r.names),
			    r.more ? " and more" : "");
	if (r.notes)
		engine_warn(e, "%d note%s of versions that were gone were written again from the record", r.notes, r.notes == 1 ? "" : "s");
	buf_release(&r.names);
}
