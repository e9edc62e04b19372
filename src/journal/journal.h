/*
 * The journal: the append-only record of everything that happened in a run,
 * as JSON Lines in .avo/journal/000001.jsonl, 000002.jsonl, ... One writer
 * (the engine, under its lock), any number of readers, live ones included.
 *
 * Each line is {"seq":N,"t":"2026-11-21T13:41:07.123Z","type":"...",...}; seq
 * counts from 1 without gaps over all segments. The types and their members
 * are listed in ARCHITECTURE.md, "Journal events".
 */
#ifndef AVO_JOURNAL_JOURNAL_H
#define AVO_JOURNAL_JOURNAL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"

/* Where a line stands, so that its full text can be fetched again later. */
struct journal_ref {
	uint32_t segment;	/* 1, 2, ...; 0: nowhere */
	uint64_t offset;	/* bytes from the start of the segment */
	uint32_t length;	/* bytes, without the newline */
};

enum journal_sync {
	JOURNAL_LAZY,		/* group commit: on disk within 200 ms (journal_tick) */
	JOURNAL_NOW,		/* on disk when the call returns: attempts, decisions, versions */
};

struct journal;

/*
 * Opens for writing, creating the directory when it is not there. A torn last
 * line (a crash in mid-write) is cut off; *cut_bytes (may be NULL) says how much.
 * Damage anywhere else is AVO_CORRUPT and nothing is changed. A second writer is
 * AVO_BUSY.
 */
enum avo_status journal_open(struct journal **out, const char *dir, uint64_t *cut_bytes, struct error *err);
void journal_close(struct journal *j);		/* syncs; NULL is fine */

/*
 * Adds seq and t in front of the members of event (an object with "type"),
 * and writes it; an event that has a "t" keeps it (fixtures, imports). Takes
 * ownership of event, also when it fails. The line as written is available in
 * journal_last_line() until the next append. A full disk is AVO_ENVIRONMENT: the
 * line is not in the journal, the file ends at the line before, and the same
 * append may be tried again. AVO_CONFLICT: somebody else wrote to the journal; nothing was written, and nothing may be any
 * more. A line holds at most 16 MiB: bulk belongs in .avo/blobs.
 */
enum avo_status journal_append(struct journal *j, cJSON *event, enum journal_sync sync, struct error *err);
const char *journal_last_line(const struct journal *j, size_t *len, struct journal_ref *ref);
uint64_t journal_last_seq(const struct journal *j);	/* 0 when empty */
/* Syncs lazily written lines when they are due; returns the ms until it wants to be called again, -1: never.
 * When the sync fails, err is set and it wants to be called again. */
int journal_tick(struct journal *j, struct error *err);

/* True when `dir`, the path it was opened by, does not lead to the files that are written: deleted, moved away, replaced. */
bool journal_gone(const struct journal *j);

struct journal_reader;

/* A reader that starts at the first line. A directory without segments is an empty journal. */
enum avo_status journal_reader_open(struct journal_reader **out, const char *dir, struct error *err);
void journal_reader_close(struct journal_reader *r);
/*
 * The next complete line, NUL-terminated in place of its newline, borrowed until the next call;
 * AVO_NEGATIVE when there is none now (call again later: new lines and new
 * segments are followed). A line that does not end yet is not returned.
 */
enum avo_status journal_reader_next(struct journal_reader *r, const char **line, size_t *len,
				    struct journal_ref *ref, struct error *err);
/* True when `dir` does not lead any more to the files that are read. */
bool journal_reader_gone(const struct journal_reader *r, const char *dir);
/* Fetches one line again; the parsed object is owned. */
enum avo_status journal_fetch(cJSON **out, const char *dir, struct journal_ref ref, struct error *err);

#endif
