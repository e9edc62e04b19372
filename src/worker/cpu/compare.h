/*
 * Is an output right? The rule, after FlashAttention's own for half precision:
 *
 *   max|out - exact|  <=  4 max|plain - exact|  +  2 max|(x + 0.3 - 0.3) - x|  +  4 * 2^-24 max sensitivity
 *
 * over the rows compared, where exact is the fp64 reference, plain the
 * straightforward f32 computation of the same rows, and x the exact value
 * rounded to f32: the second term is what one more rounding in f32 costs. The
 * factor is 4, not the 2 used where a half-precision output dominates, so that
 * another order of summation passes. The third term is needed where few rows
 * are compared: when two keys nearly tie under large scores, how wrong plain is
 * depends on luck, while the row's sensitivity to rounding (reference.h) does not.
 * Everything is relative to the case at hand: outputs shrink as 1/sqrt(length).
 * The tolerance never exceeds 2 % of max|exact|, so that zeros, or any constant,
 * fail at any length. A value that is not finite fails wherever it stands,
 * compared row or not.
 */
#ifndef AVO_WORKER_CPU_COMPARE_H
#define AVO_WORKER_CPU_COMPARE_H

#include "worker/backend.h"
#include "worker/cpu/values.h"

#define COMPARE_PLAIN_FACTOR 4.0
#define COMPARE_SENSITIVITY_FACTOR (4.0 * 0x1p-24)
#define COMPARE_ROUNDING_FACTOR 2.0
#define COMPARE_CAP 0.02

/* The reference of a run's sampled rows; made once for all candidates that ran on the values. */
struct compare;

struct compare *compare_new(const struct run_spec *spec, const struct tensors *values, uint64_t secret);
void compare_free(struct compare *c);
/* Fills verdict (PASSED or INCORRECT), rows, errors, digest, worst and reason. */
void compare_output(struct run_outcome *out, const struct compare *c, const float *output);

#endif
