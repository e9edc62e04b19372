/*
 * The device memory of a runner, besides the driver's own: one block, laid out
 * anew for every run of every candidate.
 *
 *   flush | O | scratch | Q | K | V | workspace | the rest
 *
 * While a candidate runs, the block holds its inputs and poison, and nothing else: no
 * answer of an earlier run, no reference, no other side's workspace. What the
 * checks need is taken from the scratch once it has ended, and everything that
 * is none of its tensors must still be poison then.
 */
#ifndef AVO_WORKER_CUDA_MEMORY_H
#define AVO_WORKER_CUDA_MEMORY_H

#include <avo/plan.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "worker/cuda/api/driver_api.h"

#define GUARD_BYTES ((size_t)1 << 20)		/* at least this much poison on both sides of a tensor: 128 rows of 32 heads of 128 */
#define POISON 0xff				/* every byte of it: a NaN in bf16 and in fp32 */

struct span {
	CUdeviceptr at;
	size_t bytes;
};

/* Zeros are an empty one. */
struct arena {
	struct span block;			/* owned */
	unsigned blocks;			/* allocated so far: with a new one all contents are lost */
	struct span flush, scratch;		/* inside it, in the current layout */
	struct span tensors[AVO_TENSORS];	/* as the candidate gets them; a workspace may have 0 bytes */
	size_t taken;				/* of the scratch */
};

/* What the next run must find room for, in bytes. */
struct arena_needs {
	size_t tensors[AVO_TENSORS];
	size_t scratch;
};

/*
 * Places everything, at other offsets for another `slide`; another workspace moves nothing else. Contents stay where
 * they are, but a block that is too small is replaced by a larger one.
 */
enum avo_status arena_lay_out(struct arena *a, const struct arena_needs *needs, uint64_t slide, struct error *err);
void arena_release(struct arena *a);

/*
 * Poison over everything but the inputs and the flush's part, which arena_flush() poisons: that overwrites the L2,
 * persisting lines included. Neither waits.
 */
enum avo_status arena_poison(const struct arena *a, CUstream stream, struct error *err);
enum avo_status arena_flush(const struct arena *a, CUstream stream, struct error *err);

/* What is none of the tensors, by address. */
#define ARENA_GAPS (AVO_TENSORS + 1)
void arena_gaps(struct span gaps[ARENA_GAPS], const struct arena *a);

/* The next part of the scratch, aligned to 256 bytes; 0 when the layout left no room for it. */
CUdeviceptr arena_take(struct arena *a, size_t bytes);

#endif
