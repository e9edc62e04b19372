/*
 * What the worker's host code and its own device code (trusted.cu) hand each
 * other, once for both compilers. embed.awk puts this file in front of the device
 * code; the fake driver of the tests includes it, too.
 */
#ifndef AVO_WORKER_CUDA_TRUSTED_ABI_H
#define AVO_WORKER_CUDA_TRUSTED_ABI_H

#include "task/fill_code.h"

#ifdef __cplusplus
#define TRUSTED_SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type)
#else
#define TRUSTED_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#endif

/* One attention problem; scale is 1 / sqrt(head_dim). */
struct trusted_shape {
	int batch, q_len, kv_len, q_heads, kv_heads, head_dim, causal;
	float scale;
};
TRUSTED_SIZE(struct trusted_shape, 32);

/* Of fill_rows(): one tensor (FILL_Q, FILL_K, FILL_V) of a run; the recipes of kind i of the run's deal are recipes[i]. */
struct trusted_fill {
	unsigned long long seed;
	struct fill_shape shape;
	int tensor, kinds;
	struct fill_recipe recipes[FILL_KINDS_MAX][FILL_TENSORS];
};
TRUSTED_SIZE(struct trusted_fill, 2176);

/* Of scan(): must hold 0 and n before the launch. */
struct trusted_scan {
	unsigned long long digest;	/* of all bytes, the same whatever the order of summing */
	unsigned long long first_bad;	/* index of the first element that is not finite; n when there is none */
};
TRUSTED_SIZE(struct trusted_scan, 16);

/* What is found in the memory of a run right behind it. All but the digest must hold their upper ends before the launches. */
struct trusted_findings {
	unsigned long long changed[3];	/* find_changed() of Q, K, V: first element that differs */
	unsigned long long written[6];	/* find_written() of what lies around the tensors: first byte */
	struct trusted_scan output;
};
TRUSTED_SIZE(struct trusted_findings, 88);

/* Of compare_rows(): an element may be off by noise times its noise, rounding times itself and floor times its row (task/tolerance.h). */
struct trusted_limits {
	float noise, rounding, floor;
};
TRUSTED_SIZE(struct trusted_limits, 12);

/* Of compare_rows(): one row of the output against the reference. */
struct trusted_row {
	float share;			/* largest error / allowed of its elements; what follows is of that element */
	float error, allowed;		/* |out - exact|, and what it may be */
	float expected, got;
	int worst;			/* its column */
	float error_norm, noise_norm, exact_norm;	/* Euclidean, over the row */
};
TRUSTED_SIZE(struct trusted_row, 36);

#endif
