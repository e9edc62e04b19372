/*
 * Time. Durations come from the monotonic clock; what is written for people
 * and into the journal comes from the wall clock, UTC, in milliseconds.
 *
 * AVO_TEST_NOW=<RFC 3339 time> in the environment freezes clock_wall_ms(), so
 * that screens and records can be compared byte by byte.
 */
#ifndef AVO_BASE_CLOCK_H
#define AVO_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_mono_ns(void);
int64_t clock_mono_ms(void);
int64_t clock_wall_ms(void);		/* since 1970-01-01T00:00:00Z */

#define CLOCK_STAMP_SIZE 32
/* "2026-11-21T13:41:07.123Z" into out; returns out. */
char *clock_format(char out[CLOCK_STAMP_SIZE], int64_t wall_ms);
/* The reverse; -1 when it is not such a stamp (fraction optional, Z only). */
int64_t clock_parse(const char *stamp);

/* A duration for people: "0.1s" "42s" "3m07s" "3h07m" "4d11h"; returns out. */
char *clock_age(char *out, size_t size, int64_t ms);
/* "90", "90s", "2m", "1h30m", "4d" to milliseconds; -1 when it is none of these. */
int64_t clock_parse_duration(const char *text);

#endif
