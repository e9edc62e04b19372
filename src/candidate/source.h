/*
 * The files of one candidate in memory, read from a directory by the rules of rules.h or
 * put together by an operator. Reading opens every part of a path beneath the descriptor of
 * the part before and follows no link, so that nobody who renames things meanwhile leads it elsewhere.
 */
#ifndef AVO_CANDIDATE_SOURCE_H
#define AVO_CANDIDATE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/beneath.h"
#include "base/error.h"

struct source_file {
	const char *path;	/* relative, below the candidate's directory */
	const void *data;
	size_t len;
	bool executable;
};

struct source {
	struct source_file *files;	/* paths and data owned; sorted by path once read */
	size_t count, cap;
};

/* What a directory is read for. In the directory of a run (one with .avo/) its avo.conf is no candidate's file. */
enum source_reading {
	SOURCE_CANDIDATE,	/* to be a candidate: what breaks a rule is refused (AVO_USAGE, the reason) */
	SOURCE_SHOWN,		/* only looked at: what breaks a rule of names or text is left out */
};

enum avo_status source_from_dir(struct source *out, const char *dir, enum source_reading reading, struct error *err);
/* The same of an open directory, which stays the caller's. */
enum avo_status source_from_fd(struct source *out, int dir, enum source_reading reading, struct error *err);
/* One file, which is called name in the candidate. */
enum avo_status source_from_file(struct source *out, const char *path, const char *name, struct error *err);
/* Adds a file, whose data is copied; the pointer holds until the next one is added. */
struct source_file *source_add(struct source *s, const char *path, const void *data, size_t len);
void source_release(struct source *s);

/* All rules on files in memory: AVO_USAGE with the reason. */
enum avo_status source_check(const struct source_file *files, size_t count, struct error *err);
/* NULL when there is none of that path. */
const struct source_file *source_find(const struct source *s, const char *path);
/* Writes the files below an existing directory. */
enum avo_status source_write(const struct source *s, const char *dir, enum beneath_durability durability, struct error *err);

#endif
