/*
 * Writing where a person said: `avo report -o FILE`, ":save-view FILE". Files of avo's own are written by
 * path_write_atomic(), which this uses where it can.
 */
#ifndef AVO_BASE_SAVE_H
#define AVO_BASE_SAVE_H

#include <stddef.h>

#include "base/error.h"

/*
 * A regular file, or a name where nothing is, gets its new content at once or not at all, and a file keeps its mode.
 * A symbolic link stays one: what it leads to is written. Whatever else stands there (a FIFO, a terminal, /dev/null) is
 * opened and written, never replaced; one that nobody reads is refused after a moment, so that no caller hangs.
 */
enum avo_status save_file(const char *path, const void *data, size_t len, struct error *err);

#endif
