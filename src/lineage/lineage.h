/*
 * The lineage: a run's git repository. Versions are commits on the branch
 * `lineage`, tagged v0, v1, ...; every attempt is a commit under
 * refs/avo/attempts/; the full score of a version is a note in refs/notes/avo.
 * Commits are made through the object database and refs, never through the
 * index or the working tree, and are on disk (fsync) when a call returns.
 * No type of libgit2 appears here.
 */
#ifndef AVO_LINEAGE_LINEAGE_H
#define AVO_LINEAGE_LINEAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "candidate/source.h"
#include "journal/state.h"	/* COMMIT_ID_SIZE, struct version, struct attempt */

struct lineage;

/* Makes the repository in an existing directory: branch, config (preciousObjects), ignore rule for .avo/. */
enum avo_status lineage_init(const char *run_dir, struct error *err);
/* Opens for reading, or (writer: the caller holds the engine's lock) for writing, which clears stale ref locks. */
enum lineage_mode { LINEAGE_READ, LINEAGE_WRITE };
enum avo_status lineage_open(struct lineage **out, const char *run_dir, enum lineage_mode mode, struct error *err);
void lineage_close(struct lineage *l);
/* True when there is a repository with a run's branch, or a clone of one: for a directory that is no run (any more). */
bool lineage_exists(const char *run_dir);

/* Commits the seed as v0. AVO_USAGE here and below: the files break a rule of candidate/rules.h. */
enum avo_status lineage_commit_seed(char commit[COMMIT_ID_SIZE], struct lineage *l,
				    const struct source_file *files, size_t count, const char *message, struct error *err);

/* Records an attempt: a commit on top of `parent` (a version's commit, as the record has it), at refs/avo/attempts/a<id>.
 * Never moves the branch. An attempt of that id which was never recorded in the journal (a crash in between) is replaced. */
enum avo_status lineage_commit_attempt(char commit[COMMIT_ID_SIZE], struct lineage *l, int id, const char *parent,
				       const struct source_file *files, size_t count,
				       const char *author, const char *message, struct error *err);

/*
 * Makes attempt a version: a commit on the branch with the attempt's tree,
 * message body, trailers and note, and the tag v<id>. AVO_CONFLICT when the
 * branch is not where the record says (commit of the last version): the text
 * says what was found and how to go on. Nothing is moved then. Calling it again for
 * a version whose commit was made but not recorded completes it (idempotent).
 */
struct promotion {
	int version, attempt;
	const char *expected_tip;	/* commit of the last recorded version */
	const char *attempt_commit;
	const char *title, *body;	/* body may be NULL */
	const char *author;
	const char *suite, *backend;
	const struct score *score;
	const struct comparison *comparison;
	const char *note_json;		/* what was measured, one line of JSON; the note's last line */
};
enum avo_status lineage_promote(char commit[COMMIT_ID_SIZE], struct lineage *l, const struct promotion *p, struct error *err);

/*
 * The refs and notes that the record says are there. A tag or an attempt's ref that is missing, broken or elsewhere is
 * written again (was: where it pointed, "" nowhere); it is lost when the commit itself is not there any more.
 */
enum lineage_kept { LINEAGE_KEPT, LINEAGE_RESTORED, LINEAGE_LOST };
enum lineage_kept lineage_keep_version(char was[COMMIT_ID_SIZE], struct lineage *l, int id, const char *commit);
enum lineage_kept lineage_keep_attempt(char was[COMMIT_ID_SIZE], struct lineage *l, int id, const char *commit);
bool lineage_has_note(struct lineage *l, const char *commit);
/* The note of a version that is on the branch already; p as it was for lineage_promote. */
enum avo_status lineage_write_note(struct lineage *l, const char *commit, const struct promotion *p, struct error *err);

/* Compares the branch with the recorded tip: AVO_OK or AVO_CONFLICT with an explanation. */
enum avo_status lineage_check_tip(struct lineage *l, const char *expected_tip, struct error *err);

/* Resolves "v7", "a17", a commit id or any revision git understands; "work" is the working tree (commit ""). */
enum avo_status lineage_resolve(char commit[COMMIT_ID_SIZE], struct lineage *l, const char *name, struct error *err);

/* Writes the files of a commit into dir (created; existing files are overwritten, others left). */
enum avo_status lineage_export(struct lineage *l, const char *commit, const char *dir, struct error *err);
/* One file of a commit. */
enum avo_status lineage_read_file(struct buf *out, struct lineage *l, const char *commit, const char *path, struct error *err);
/* All files of a commit, by the rules of a candidate (AVO_USAGE: an older record broke them). Release with source_release(). */
enum avo_status lineage_read_source(struct source *out, struct lineage *l, const char *commit, struct error *err);
/* The names of the files of a commit, each with its NUL: older records may hold any character. */
enum avo_status lineage_list_files(struct buf *out, struct lineage *l, const char *commit, struct error *err);

/*
 * Unified diff of two revisions as text (patch format, a/ b/ prefixes), with `context` lines; names as for
 * lineage_resolve. out or stat may be NULL. All files are text, whatever attributes say. At out's maximum the
 * text ends and out->overflow is set. The working tree is compared by the files that a candidate would have.
 */
struct diff_stat { int files, added, removed; };
enum avo_status lineage_diff(struct buf *out, struct diff_stat *stat, struct lineage *l,
			     const char *from, const char *to, int context, struct error *err);

/* The same, where "work" means another directory. */
enum avo_status lineage_diff_dir(struct buf *out, struct diff_stat *stat, struct lineage *l, const char *from, const char *to,
				 const char *work, int context, struct error *err);

/* Brings the working tree's files to `commit` when it still equals `from` ("" : no check); *dirty tells that it was
 * edited, or has another branch checked out, and was left alone. Files that are in neither commit stay. */
enum avo_status lineage_checkout(bool *dirty, struct lineage *l, const char *from, const char *commit, struct error *err);
/* True when dir holds every file of the commit as it is there; *count is how many that are (others may lie beside them). */
bool lineage_same_files(size_t *count, struct lineage *l, const char *commit, const char *dir);
/* True when the two commits have the same tree. */
bool lineage_same_tree(struct lineage *l, const char *a, const char *b);
/* The id of the tree that these files would have; writes objects, no commit. */
enum avo_status lineage_tree_of(char tree[COMMIT_ID_SIZE], struct lineage *l, const struct source_file *files, size_t count, struct error *err);
/* The id of the tree of a commit: equal for identical candidates. */
enum avo_status lineage_tree_id(char tree[COMMIT_ID_SIZE], struct lineage *l, const char *commit, struct error *err);

/*
 * pack.c: refs and loose objects are put together. True when enough of them came to be since the last time; a few
 * directories are looked at. Packing is safe beside readers, beside other writers, and when it is killed; only a
 * killed lineage_pack_refs may leave a lock behind, so let it end.
 */
bool lineage_pack_due(const struct lineage *l);
enum avo_status lineage_pack_refs(struct lineage *l, struct error *err);
enum avo_status lineage_pack_objects(struct lineage *l, struct error *err);

#endif
