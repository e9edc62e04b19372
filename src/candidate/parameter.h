/*
 * Annotated parameters of a candidate's source:
 *
 *     #define TILE_M 64  // avo: 16|32|64|128
 *
 * or with the list in a traditional comment.
 *
 * A value and its alternatives hold no white space; what follows the list is
 * for people. The same name annotated in several files is one parameter, and
 * gets the same value everywhere. A value that is not among the alternatives
 * counts as one more.
 */
#ifndef AVO_CANDIDATE_PARAMETER_H
#define AVO_CANDIDATE_PARAMETER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "candidate/source.h"

#define PARAMETER_MAX 64
#define PARAMETER_MAX_VALUES 32

struct parameter {
	char *name;
	char *values[PARAMETER_MAX_VALUES];
	int count;		/* of values, at least 1 */
	int current;		/* index of the value in the source read */
};

struct parameter_set {
	struct parameter list[PARAMETER_MAX];
	int count;
	uint64_t skeleton;	/* hash of the source without the values: equal for candidates that differ only in them */
};

/* Annotations that contradict one another between files are AVO_CORRUPT; none at all is a set of 0. */
enum avo_status parameter_set_read(struct parameter_set *out, const struct source_file *files, size_t count, struct error *err);
void parameter_set_release(struct parameter_set *set);
/* Appends a file with values[i] (an index) written in for every parameter i. */
void parameter_set_write(struct buf *out, const struct source_file *file, const struct parameter_set *set, const int *values);
int parameter_find(const struct parameter_set *set, const char *name, size_t len);	/* -1 */
/* The index of a value, -1 when it is none of the alternatives. */
int parameter_value(const struct parameter *p, const char *text, size_t len);
/* The product of the counts, at most UINT64_MAX. */
uint64_t parameter_space(const struct parameter_set *set);

#endif
