/*
 * Where the worker runs code that is not its own: the compiler and a
 * candidate. What each may do is decided here and nowhere else.
 */
#ifndef AVO_WORKER_CONFINE_H
#define AVO_WORKER_CONFINE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/error.h"

/* A compiler in directory `dir` (writable, its working directory), reading also the directories named. */
enum avo_status confine_compiler(struct child_result *result, struct buf *out, const char *const *argv, const char *dir,
				 const char *const *readable, int64_t deadline_ms, struct error *err);
/* A candidate's process: computes in `memory` bytes beside what it shares, holds `fd` as descriptor 3, may read the files named. */
enum avo_status confine_candidate(pid_t *out, const char *const *argv, int fd, const char *const *readable, size_t memory,
				  struct error *err);

#endif
