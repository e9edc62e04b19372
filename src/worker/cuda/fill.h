/* The values of a run: Q, K and V in bf16 from a seed, made on the device. The same request gives the same bits anywhere. */
#ifndef AVO_WORKER_CUDA_FILL_H
#define AVO_WORKER_CUDA_FILL_H

#include <avo/plan.h>

#include "worker/cuda/runner.h"
#include "worker/cuda/trusted.h"

#define INPUTS AVO_O		/* AVO_Q, AVO_K, AVO_V */

/* Elements of input i. */
size_t input_elements(const struct task_case *c, int i);

/* Fills the three tensors at `to`. */
enum avo_status fill_inputs(const CUdeviceptr to[INPUTS], const struct trusted *t, const struct runner_request *r, struct error *err);

#endif
