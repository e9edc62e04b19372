/* The reference of a sample of output rows, in fp32, and what rounding weights to bf16 does to each element, computed on the device. */
#ifndef AVO_WORKER_CUDA_REFERENCE_H
#define AVO_WORKER_CUDA_REFERENCE_H

#include "worker/cuda/fill.h"
#include "worker/cuda/memory.h"

/* Zeros are an empty one. Rows are numbered as they lie in memory: (batch, position, head). */
struct reference {
	uint32_t *list;			/* the rows, on the host; owned */
	size_t count;
	CUdeviceptr exact, noise;	/* head_dim floats a row; in the scratch */
};

/* Draws as many rows as the request says (0: all of them). The device learns of them when no candidate runs any more. */
void reference_choose(struct reference *f, const struct runner_request *r);
/* Bytes of scratch that reference_compute() takes. */
size_t reference_bytes(const struct reference *f, const struct task_case *c);
/* Computes the rows from these inputs. `rows`: the list on the device. Does not wait. */
enum avo_status reference_compute(struct reference *f, struct arena *a, const struct trusted *t, const CUdeviceptr inputs[INPUTS],
				  CUdeviceptr rows, const struct task_case *c, struct error *err);
void reference_release(struct reference *f);

#endif
