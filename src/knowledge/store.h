/* The SQLite side of the knowledge base; only for the files of this room. */
#ifndef AVO_KNOWLEDGE_STORE_H
#define AVO_KNOWLEDGE_STORE_H

#include <sqlite3.h>

#include "knowledge/knowledge.h"
#include "knowledge/split.h"

struct knowledge {
	sqlite3 *db;
	char *avo_dir;
	char *db_path, *sources_path;
};

enum avo_status store_failed(struct error *err, struct knowledge *k, const char *what);
enum avo_status store_exec(struct knowledge *k, const char *sql, struct error *err);
/* Prepares a statement; aborting on bad SQL is right, since all of it is ours. */
sqlite3_stmt *store_prepare(struct knowledge *k, const char *sql);

/* A document to be indexed. Borrowed. */
struct document {
	const char *source, *path, *title;
	int64_t size, mtime;
	enum text_kind kind;
	const char *text;
	size_t len;
};
/* True when the document is there with the same size and time; marks it as seen. */
bool store_has(struct knowledge *k, const char *path, int64_t size, int64_t mtime);
/* Replaces the document of that path; adds its sections to *sections. */
enum avo_status store_put(int *sections, struct knowledge *k, const struct document *d, struct error *err);
/* Removes the documents of source that were not seen since store_begin(). */
enum avo_status store_sweep(int *removed, struct knowledge *k, const char *source, struct error *err);
void store_begin(struct knowledge *k, const char *source);

/* import.c: brings one source into the index. */
enum avo_status import_source(struct knowledge_report *report, struct knowledge *k, const char *source, struct error *err);
/* avo's own notes. */
enum avo_status import_own(struct knowledge_report *report, struct knowledge *k, struct error *err);

#endif
