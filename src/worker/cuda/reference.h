/* The reference of a sample of output rows on the device: exact in fp32, and plain in bf16 arithmetic. */
#ifndef AVO_WORKER_CUDA_REFERENCE_H
#define AVO_WORKER_CUDA_REFERENCE_H

#include "worker/cuda/fill.h"
#include "worker/cuda/memory.h"

/* Zeros are an empty one. Rows are numbered as they lie in memory: (batch, position, head). */
struct reference {
	uint32_t *row_list;		/* on the host; owned */
	size_t row_count;
	struct device_buffer rows;	/* row_list on the device */
	struct device_buffer exact, plain;	/* head_dim floats a row */
	struct device_buffer scratch;
};

/* Draws the request's number of rows (0: all) and computes them from the inputs. Does not wait. */
enum avo_status reference_compute(struct reference *f, const struct trusted *t, const CUdeviceptr inputs[INPUTS],
				  const struct runner_request *r, struct error *err);
void reference_release(struct reference *f);

#endif
