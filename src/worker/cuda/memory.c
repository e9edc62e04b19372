#include "avo.h"
#include "worker/cuda/driver.h"
#include "worker/cuda/memory.h"
#include "worker/random.h"

enum avo_status device_reserve(struct device_buffer *b, size_t bytes, struct error *err)
{
	if (b->bytes >= bytes)
		return AVO_OK;
	device_release(b);
	if (cu()->cuMemAlloc(&b->at, bytes) != CUDA_SUCCESS) {
		b->at = 0;
		return error_set(err, AVO_ENVIRONMENT, "the GPU has no %zu MiB left: is somebody else on it?", bytes >> 20);
	}
	b->bytes = bytes;
	return AVO_OK;
}

void device_release(struct device_buffer *b)
{
	if (b->at)
		cu()->cuMemFree(b->at);
	*b = (struct device_buffer){ 0 };
}

size_t device_slide(uint64_t seed, uint64_t which)
{
	return (size_t)(random_at(seed, 1000 + which) % (SLIDE_BYTES / 256)) * 256;
}
