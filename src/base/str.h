/*
 * Text: the few string operations that several rooms need, and the one place
 * where foreign text (a model's, a compiler's, a shell's) is made harmless.
 */
#ifndef AVO_BASE_STR_H
#define AVO_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/* Strips white space at both ends, in place; returns the first kept byte. */
char *str_trim(char *s);
/* The next line of *cursor (without its newline) as pointer and length; false at the end. CR before LF is dropped. */
bool str_next_line(const char **cursor, const char *end, const char **line, size_t *len);
/* A whole decimal number within [min, max]; false on anything else. */
bool str_to_long(long *out, const char *s, long min, long max);
/* A finite decimal number, nothing behind it. */
bool str_to_double(double *out, const char *s);
/* "a17" with letter 'a' gives 17; -1 when it is something else. */
long str_to_id(const char *s, char letter);
/* Tells texts apart within a run (FNV-1a); no secret, no checksum. Never 0. */
uint64_t str_hash(const char *s, size_t len);

/*
 * Appends foreign text with everything taken out that a terminal would obey:
 * control characters except newline and tab, escape sequences (CSI, OSC and
 * friends, whole), C1 controls, bidirectional overrides; bytes that are not
 * UTF-8 become U+FFFD.
 */
void str_sanitize(struct buf *out, const char *text, size_t len);

/*
 * Appends text on one line with the same characters shown instead of taken out: \n, \t, \x1b, \u202e, and \xff for a
 * byte that is not UTF-8. For messages that repeat what somebody typed, or what a file or another program said.
 */
void str_escape(struct buf *out, const char *text, size_t len);

/* Decodes one UTF-8 sequence; returns its length, or 0 when the bytes are not valid UTF-8. */
size_t str_utf8_decode(uint32_t *code, const char *s, size_t len);

#endif
