/*
 * What is said about an output, from what the device found: the tolerance, the
 * blame and its words. Nothing here touches the device.
 */
#ifndef AVO_WORKER_CUDA_JUDGE_H
#define AVO_WORKER_CUDA_JUDGE_H

#include "worker/backend.h"
#include "worker/cuda/trusted_abi.h"

/* For compare_rows(): what an element may be off by. */
struct trusted_limits judge_limits(void);
/*
 * Fills in rows, max_error, tolerance, worst and fill by task/tolerance.h, and INCORRECT where they say so. list[i] is the number of the
 * row that rows[i] is about, as it lies in the output.
 */
void judge_rows(struct run_outcome *out, const struct run_spec *spec, const struct trusted_row *rows, const uint32_t *list, size_t count);
/* INCORRECT: this element is not finite. */
void judge_not_finite(struct run_outcome *out, const struct run_spec *spec, uint64_t element);
/* INCORRECT: a store this many bytes before the start of a tensor (negative), or behind its end. `tensor`: enum avo_tensor. */
void judge_written_beside(struct run_outcome *out, int tensor, int64_t where);
/* CHEATED: this element of an input was another bf16 before. */
void judge_changed_input(struct run_outcome *out, int tensor, uint64_t element, uint16_t was, uint16_t is);

#endif
