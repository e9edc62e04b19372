/*
 * Is an output right? The sampled rows are held against the fp64 reference under
 * the rule of task/tolerance.h, the rows of each kind of values by themselves. A
 * value that is not finite fails wherever it stands, compared row or not.
 */
#ifndef AVO_WORKER_CPU_COMPARE_H
#define AVO_WORKER_CPU_COMPARE_H

#include "worker/backend.h"
#include "worker/cpu/values.h"

/* The reference of a run's sampled rows; made once for all candidates that ran on the values. */
struct compare;

struct compare *compare_new(const struct run_spec *spec, const struct tensors *values, uint64_t secret);
void compare_free(struct compare *c);
/* Fills verdict (PASSED or INCORRECT), rows, errors, digest, worst, fill and reason. */
void compare_output(struct run_outcome *out, const struct compare *c, const float *output);

#endif
