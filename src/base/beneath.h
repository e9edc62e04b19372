/*
 * Files below a directory's descriptor. A path is opened in one piece and follows no link (openat2 with RESOLVE_BENEATH and
 * RESOLVE_NO_SYMLINKS; part by part where the kernel lacks it), so that whoever renames things below the
 * directory meanwhile cannot lead it outside: there is no moment between a check and its use.
 */
#ifndef AVO_BASE_BENEATH_H
#define AVO_BASE_BENEATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/* As openat(2), without any way out of dir: ELOOP for a link on the way or at the end, EXDEV for "..". Paths are relative; "" is dir itself. */
int beneath_open(int dir, const char *path, int flags, mode_t mode);

/* Why it could not be opened, in words: "cannot read PATH: ...". */
enum avo_status beneath_failed(struct error *err, int number, const char *doing, const char *path);

/* Reads at most `most` bytes of an open file. Appends to out; path is for the message. */
enum avo_status beneath_read_fd(struct buf *out, int fd, size_t most, const char *path, struct error *err);
/* Reads a regular file, at most max bytes (more is AVO_CORRUPT). */
enum avo_status beneath_read(struct buf *out, int dir, const char *path, size_t max, struct error *err);

enum beneath_durability { BENEATH_SCRATCH, BENEATH_DURABLE };	/* DURABLE: on disk when the call returns */
/* Writes through a temporary file and rename; makes the directories on the way. */
enum avo_status beneath_write(int dir, const char *path, const void *data, size_t len, mode_t mode, enum beneath_durability durability,
			      struct error *err);

#endif
