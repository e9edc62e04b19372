/* The values of a run on the CPU: f32 tensors in the layout of avo/attention.h. */
#ifndef AVO_WORKER_CPU_VALUES_H
#define AVO_WORKER_CPU_VALUES_H

#include "worker/backend.h"

struct tensors {
	float *q, *k, *v;	/* borrowed; case_q_elements and case_kv_elements long */
};

/* Fills q, k and v as the spec says. */
void values_fill(const struct tensors *t, const struct run_spec *spec);

#endif
