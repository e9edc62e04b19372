/*
 * The knowledge base K of a run: documents that the operator can search. Units
 * are sections (a heading and what stands under it, a group of definitions in
 * code, a page of a PDF), ranked by BM25 with headings and code symbols counting more.
 *
 * .avo/knowledge.db is a cache (SQLite FTS5, rollback journal: works on NFS); .avo/knowledge.sources is the
 * record of what was added, one a line, from which the cache is built again.
 * avo's own notes (the knowledge/ directory and the candidate headers) are always part of it.
 */
#ifndef AVO_KNOWLEDGE_KNOWLEDGE_H
#define AVO_KNOWLEDGE_KNOWLEDGE_H

#include "base/buf.h"
#include "base/error.h"

struct knowledge;

/* avo_dir is the run's .avo directory. Builds or refreshes the cache when it is missing, old or damaged. */
enum avo_status knowledge_open(struct knowledge **out, const char *avo_dir, struct error *err);
void knowledge_close(struct knowledge *k);

struct knowledge_report {
	int documents, sections;	/* indexed by this call */
	int unchanged, skipped, removed;	/* documents */
};

/*
 * Adds a file, a folder (walked), or a git repository (https://..., git@..., *.git:
 * cloned once into the cache). Adding again updates what changed. source must
 * exist; a PDF needs pdftotext.
 */
enum avo_status knowledge_add(struct knowledge_report *report, struct knowledge *k, const char *source, struct error *err);

struct knowledge_hit {
	int64_t section;		/* for knowledge_read */
	char *title, *heading;		/* of the document, of the section */
	char *place;			/* citation: "path:line" or "path, page 3" */
	char *snippet;			/* the passage around the words, one line */
	double rank;			/* larger is better */
};

/* At most `limit` hits, best first; *out is owned: knowledge_hits_free. */
enum avo_status knowledge_search(struct knowledge_hit **out, size_t *count, struct knowledge *k, const char *query,
				 size_t limit, struct error *err);
void knowledge_hits_free(struct knowledge_hit *hits, size_t count);

/* A section's whole text with its citation, and the numbers of its neighbours. AVO_NEGATIVE: no such section. */
enum avo_status knowledge_read(struct buf *out, struct knowledge *k, int64_t section, struct error *err);

/* Calls fn for every document: source, path, title, sections. */
typedef void knowledge_list_fn(void *arg, const char *source, const char *path, const char *title, int sections);
enum avo_status knowledge_list(struct knowledge *k, knowledge_list_fn *fn, void *arg, struct error *err);

#endif
