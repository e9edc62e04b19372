/*
 * Attention forward for single output rows: in fp64, which is what candidates
 * are held against, and plainly in f32, whose own error says how close to it
 * f32 can be expected to come.
 */
#ifndef AVO_WORKER_CPU_REFERENCE_H
#define AVO_WORKER_CPU_REFERENCE_H

#include "task/task.h"
#include "worker/cpu/values.h"

#define REFERENCE_MAX_DIM 256

struct reference_row {
	double exact[REFERENCE_MAX_DIM];
	float plain[REFERENCE_MAX_DIM];
	/*
	 * How far each element moves, to first order, when every score is off by its share of rounding: an upper bound of
	 * sum_j p_j a_j |v_j - o|, with a_j = scale * sum_x |q_x k_jx|. Times 2^-24 it is what one rounding of
	 * the scores' terms in f32 can do; large where two keys nearly tie under large scores.
	 */
	double sensitivity[REFERENCE_MAX_DIM];
	double magnitude[REFERENCE_MAX_DIM];	/* of the terms that are summed for an element: sqrt(sum_j p_j v_j^2) */
};

/* Scratch for a case: owned by the caller, free() it. */
double *reference_scratch(const struct task_case *c);
void reference_row(struct reference_row *out, const struct tensors *t, const struct task_case *c, int batch, int head,
		   int row, double *scratch);

/* e^x in fp64 for x <= 0, relative error below 1e-14; 0 below -700. For tests. */
double reference_exp(double x);

#endif
