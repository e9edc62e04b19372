/*
 * The identity of a candidate: a digest over the names, the modes and the bytes
 * of all its files. Two candidates share it when git would give them the same tree.
 */
#ifndef AVO_CANDIDATE_IDENTITY_H
#define AVO_CANDIDATE_IDENTITY_H

#include "base/sha256.h"
#include "candidate/source.h"

#define IDENTITY_SIZE 65	/* hexadecimal digits and a NUL */

/* Adds the files to a digest of more: what a build depends on. The source is sorted, as all that are read. */
void identity_add(struct sha256 *s, const struct source *source);
void identity_of(char out[IDENTITY_SIZE], const struct source *source);

#endif
