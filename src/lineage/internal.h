/* What the files of this room share. */
#ifndef AVO_LINEAGE_INTERNAL_H
#define AVO_LINEAGE_INTERNAL_H

#include <git2.h>

#include "lineage/lineage.h"

#define LINEAGE_REF "refs/heads/lineage"
#define LINEAGE_NOTES "refs/notes/avo"
#define LINEAGE_REF_SIZE 64

struct lineage {
	git_repository *repo;
	git_repository *memory;		/* the same with new objects kept in memory; diff.c, NULL until needed */
	git_odb_backend *memory_objects;
	char *dir;
	enum lineage_mode mode;
};

/* A full disk can lose an object whose write libgit2 reported as done: nothing may point to it then. 0, or -1 with git's error set. */
int lineage_is_stored(struct lineage *l, const git_oid *id);
/* A status and a sentence from what libgit2 reported: "<what>: <its words>". */
enum avo_status lineage_failed(struct error *err, int rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* AVO_USAGE on a repository that was opened for reading. */
enum avo_status lineage_needs_write(const struct lineage *l, struct error *err);
/* Removes what a killed writer left: locks of the refs written here and, if it died at the working tree, of the index; temporary files. */
void lineage_clear_stale(struct lineage *l);
/* The working tree and the index are being written, or are not any more. */
void lineage_mark_writing(struct lineage *l, bool writing);

/* "refs/tags/v7", "refs/avo/attempts/a17" */
const char *version_ref(char out[LINEAGE_REF_SIZE], int id);
const char *attempt_ref(char out[LINEAGE_REF_SIZE], int id);

/* commit is 40 hex digits; what they name is looked up and owned by the caller. */
enum avo_status lineage_commit_lookup(git_commit **out, struct lineage *l, const char *commit, struct error *err);
enum avo_status lineage_tree_lookup(git_tree **out, struct lineage *l, const char *commit, struct error *err);

/* Writes blobs and trees; the candidate's tree is owned by the caller. */
enum avo_status lineage_write_tree(git_tree **out, struct lineage *l, const struct source_file *files, size_t count, struct error *err);

/* A commit object with one parent or none (NULL); no ref is touched. */
enum avo_status lineage_write_commit(git_oid *out, struct lineage *l, const git_tree *tree, const git_commit *parent,
				     const char *author, const char *message, struct error *err);
enum avo_status lineage_signature(git_signature **out, struct lineage *l, const char *author, struct error *err);
/* Replaces the note of a version's commit. */
enum avo_status lineage_set_note(struct lineage *l, const git_oid *id, int version, const char *author, const char *text, struct error *err);
/* Points a ref at a commit, whatever it pointed at. */
enum avo_status lineage_set_ref(struct lineage *l, const char *ref, const git_oid *id, const char *log, struct error *err);

/* Calls fn for every regular file of a tree but hidden ones, whatever else its name is (older records), path sorted; stops when it fails. */
typedef enum avo_status lineage_file_fn(void *arg, const char *path, const git_tree_entry *entry, struct error *err);
enum avo_status lineage_each_file(struct lineage *l, const git_tree *tree, lineage_file_fn *fn, void *arg, struct error *err);
enum avo_status lineage_open_dir(int *out, const char *dir, struct error *err);
enum avo_status lineage_write_entry(struct lineage *l, int dir, const char *path, const git_tree_entry *entry, struct error *err);

/* Version and attempt in the trailers of a commit's message; -1 where there is none. */
void lineage_read_trailers(const git_commit *commit, int *version, int *attempt);
/* The note of a version: a table for people, then the line of JSON. */
void lineage_format_note(struct buf *out, const struct promotion *p);
/* Title, body, trailers. */
void lineage_format_message(struct buf *out, const struct promotion *p);

#endif
