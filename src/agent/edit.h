/* Exact replacement of a piece of text, and help when it is not exact. Pure. */
#ifndef AVO_AGENT_EDIT_H
#define AVO_AGENT_EDIT_H

#include "base/buf.h"
#include "base/error.h"

enum edit_scope { EDIT_ONE, EDIT_ALL };

/*
 * Appends text with `old` replaced by `new`. EDIT_ONE: old must occur exactly once. On a miss err says what
 * is there instead: the lines that differ only in white space or that are most alike, with their numbers.
 */
enum avo_status edit_replace(struct buf *out, int *replaced, const char *text, size_t len, const char *old, const char *fresh,
			     enum edit_scope scope, struct error *err);

#endif
