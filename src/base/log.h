/*
 * Diagnostics of the long-lived processes: one line a message (control characters shown), with time and
 * level, to a file descriptor (the engine's log file, a worker's stderr).
 * Secrets registered here never appear: they are replaced by "[redacted]".
 */
#ifndef AVO_BASE_LOG_H
#define AVO_BASE_LOG_H

#include "base/buf.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_fd(int fd);			/* default: 2; -1: silent */
void log_set_level(enum log_level level);	/* default: info, or $AVO_LOG=debug|info|warn|error */
void log_redact(const char *secret);		/* remembers a copy; ignored when shorter than 8 bytes */
/* Replaces every registered secret in b. */
void log_scrub(struct buf *b);

void log_msg(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_error(...) log_msg(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_msg(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_msg(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_msg(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
