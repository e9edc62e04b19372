/* Device memory that a runner keeps from run to run: buffers that only grow, and tensors that start at another place in them each time. */
#ifndef AVO_WORKER_CUDA_MEMORY_H
#define AVO_WORKER_CUDA_MEMORY_H

#include "worker/cuda/api/driver_api.h"
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SLIDE_BYTES ((size_t)1 << 20)		/* a tensor starts somewhere in the first MiB of its buffer */

struct device_buffer {
	CUdeviceptr at;
	size_t bytes;
};

/* Room for `bytes` at least; what was in it is lost when it has to grow. */
enum avo_status device_reserve(struct device_buffer *b, size_t bytes, struct error *err);
void device_release(struct device_buffer *b);

/* A multiple of 256 below SLIDE_BYTES, another one for each `which` and seed. */
size_t device_slide(uint64_t seed, uint64_t which);

#endif
