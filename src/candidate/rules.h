/*
 * What files a candidate may have: one set of rules for every way in and
 * every builder. A file breaks them or is part of the candidate; left out without a
 * word is only what nobody means as source (candidate_passes_by, candidate_is_object).
 */
#ifndef AVO_CANDIDATE_RULES_H
#define AVO_CANDIDATE_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define CANDIDATE_MAX_FILES 64
#define CANDIDATE_MAX_FILE_BYTES ((size_t)1 << 20)
#define CANDIDATE_MAX_BYTES ((size_t)8 << 20)	/* all files together */
#define CANDIDATE_MAX_DEPTH 8			/* directories below the candidate's own */

/* AVO_USAGE and the reason when no file of a candidate may have this path. */
enum avo_status candidate_check_path(const char *path, struct error *err);
/* AVO_USAGE and the reason when this is no source text, or too much of it. */
enum avo_status candidate_check_text(const char *path, const void *data, size_t len, struct error *err);
/* The same for the number of files and the sum of their bytes. */
enum avo_status candidate_check_totals(size_t files, size_t bytes, struct error *err);

/* A path with a hidden part, or with the name of a run's own settings: no commit of any age brings it into a working tree. */
bool candidate_path_hidden(const char *path);
/* What version control, editors and avo itself keep in a directory: no part of a candidate, and no reason to refuse it. */
bool candidate_passes_by(const char *name);
/* Objects, archives and programs, by their first bytes: what compilers leave. */
bool candidate_is_object(const void *data, size_t len);

#endif
