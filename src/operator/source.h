/*
 * The files of one candidate in memory, from a commit or from a directory.
 */
#ifndef AVO_OPERATOR_SOURCE_H
#define AVO_OPERATOR_SOURCE_H

#include "base/error.h"
#include "lineage/lineage.h"

struct source {
	struct lineage_file *files;	/* paths and data owned, sorted by path */
	size_t count, cap;
};

#define SOURCE_MAX_FILES 256
#define SOURCE_MAX_BYTES ((size_t)8 << 20)	/* all files together */

enum avo_status source_from_commit(struct source *out, struct lineage *l, const char *commit, struct error *err);
/* Regular files directly in dir for which take() is true (NULL: all but hidden ones and avo.conf). */
typedef bool source_filter(void *arg, const char *name);
enum avo_status source_from_dir(struct source *out, const char *dir, source_filter *take, void *arg, struct error *err);
/* Adds a file; the data is copied. */
void source_add(struct source *s, const char *path, const void *data, size_t len);
void source_release(struct source *s);

#endif
