/* Files and directories. Paths returned through `out` are owned by the caller. */
#ifndef AVO_BASE_PATH_H
#define AVO_BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

char *path_join(const char *dir, const char *name);
bool path_exists(const char *path);
bool path_is_dir(const char *path);
const char *path_basename(const char *path);		/* borrowed: the part behind the last slash */

/*
 * A path as a shell takes it back, for hints such as "avo run DIR": as it is where no character means anything to a
 * shell, else quoted; what a terminal would obey as $'\033' (bash, zsh, ksh); "./" in front of a dash. A path that
 * does not fit becomes DIR. Returns out.
 */
#define PATH_WORD_SIZE 1024
const char *path_word(char out[PATH_WORD_SIZE], const char *path);
/* The same, and shorter where the path lies below the current directory: for what is said to somebody who stands there. */
const char *path_word_here(char out[PATH_WORD_SIZE], const char *path);

/* Reads a whole file, at most max bytes (more is AVO_CORRUPT). Appends to out. */
enum avo_status path_read(struct buf *out, const char *path, size_t max, struct error *err);
/* Writes through a temporary file, fsync and rename: readers see the old file or the new one. */
enum avo_status path_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct error *err);
enum avo_status path_mkdirs(const char *path, mode_t mode, struct error *err);
/* Removes a tree; does not follow links, does not cross into another file system. Missing is fine. */
enum avo_status path_remove_tree(const char *path, struct error *err);
enum avo_status path_copy_file(const char *from, const char *to, mode_t mode, struct error *err);
/* Makes "<dir>/<prefix>XXXXXX", mode 0700. */
enum avo_status path_temp_dir(char **out, const char *dir, const char *prefix, struct error *err);

/*
 * Where avo's own read-only data (kernels/, knowledge/) lies: $AVO_DATA_DIR, the source tree
 * the program was built in when it runs from its build directory, else the installed place: the tree around the program,
 * which may have been moved as a whole, before the one that configure was told.
 * "" names the place itself. Owned by the caller; never NULL.
 */
char *path_data(const char *relative);
/* AVO_OK when that data is there; else AVO_ENVIRONMENT, saying where it was looked for and what to do. */
enum avo_status path_data_check(struct error *err);
/* The directory of the running program; owned. */
char *path_program_dir(void);
/* A program of avo's own (avo-worker): beside the running one, or in libexecdir (also of a tree that was moved), or in $PATH. Owned; NULL if nowhere. */
char *path_program(const char *name);

#endif
