/*
 * What a failed call tells its caller: a status to act on and a sentence for
 * a person, which says what happened and what to do next. The sentence is
 * written where the failure is understood and printed in one place.
 */
#ifndef AVO_BASE_ERROR_H
#define AVO_BASE_ERROR_H

#include <stdarg.h>

/* The first four are also the exit statuses of the program. */
enum avo_status {
	AVO_OK = 0,
	AVO_NEGATIVE = 1,	/* a negative result: not found, rejected, failed to improve */
	AVO_USAGE = 2,		/* the caller asked for something that makes no sense */
	AVO_ENVIRONMENT = 3,	/* something the machine lacks or refuses: file, program, permission */
	AVO_CORRUPT,		/* foreign bytes that do not parse */
	AVO_BUSY,		/* locked by somebody else; worth another try */
	AVO_TIMEOUT,
	AVO_CANCELLED,
	AVO_CONFLICT,		/* the state moved under us, e.g. a branch that the user moved */
	AVO_CLOSED,		/* the other end is gone */
};

struct error {
	enum avo_status status;
	char text[2048];	/* a path, a reason and the remedy fit: what a person reads is never cut */
};

/* All of these accept err == NULL and return the status given, so that a
 * failure is one line: return error_set(err, AVO_USAGE, "..."). */
enum avo_status error_set(struct error *err, enum avo_status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Appends ": strerror(errno_value)". */
enum avo_status error_errno(struct error *err, int errno_value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Puts "context: " before the text that is there. The status is the failed call's, which a caller without an err has too. */
enum avo_status error_prefix(struct error *err, enum avo_status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Maps a status to the program's exit status (0, 1, 2 or 3). */
int error_exit_status(enum avo_status status);

#endif
