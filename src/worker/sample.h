/*
 * Which output rows of a run are compared. All, or for each kind of values of
 * the run the last row of some head (the longest under a causal mask, the tail
 * of every tiling) and beside these as many random ones as were asked for, the
 * same number of each kind.
 */
#ifndef AVO_WORKER_SAMPLE_H
#define AVO_WORKER_SAMPLE_H

#include "worker/backend.h"

struct sample_row {
	int batch, head, row;		/* head: a query head */
	int slot;			/* index of its kind in the run's deal */
	size_t index;			/* of the row as it lies in the output: its first element is index * head_dim */
};

/* How many. At least one; all rows of the output where spec->rows is 0 or not fewer. */
size_t sample_count(const struct run_spec *spec);
/* The i'th. secret: of this run, not known to a candidate. */
struct sample_row sample_row(const struct run_spec *spec, uint64_t secret, size_t i);
/* The row with this index in the output. */
struct sample_row sample_row_of(const struct run_spec *spec, size_t index);

#endif
