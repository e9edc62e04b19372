#include "avo.h"
#include "worker/cuda/driver.h"
#include "worker/cuda/memory.h"
#include "worker/random.h"

#define FLUSH_BYTES ((size_t)256 << 20)		/* more than twice any L2 */
#define SLIDE_BYTES ((size_t)1 << 20)		/* a tensor starts somewhere in the first MiB of its place */
#define LEAST_BYTES ((size_t)8 << 20)		/* of the scratch, and of what lies behind the last tensor */
#define ALIGNMENT 256

/* In the order in which they lie. */
static const enum avo_tensor order[AVO_TENSORS] = { AVO_O, AVO_Q, AVO_K, AVO_V, AVO_WORKSPACE };

static size_t aligned(size_t bytes)
{
	return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t scratch_bytes(const struct arena_needs *needs)
{
	return aligned(needs->scratch > LEAST_BYTES ? needs->scratch : LEAST_BYTES);
}

static size_t place_bytes(size_t tensor)
{
	return GUARD_BYTES + SLIDE_BYTES + aligned(tensor);
}

static enum avo_status reserve(struct arena *a, const struct arena_needs *needs, struct error *err)
{
	size_t bytes = FLUSH_BYTES + scratch_bytes(needs) + LEAST_BYTES;
	int i;

	for (i = 0; i < AVO_TENSORS; i++)
		bytes += place_bytes(needs->tensors[i]);
	if (a->block.bytes >= bytes)
		return AVO_OK;
	arena_release(a);
	if (cu()->cuMemAlloc(&a->block.at, bytes) != CUDA_SUCCESS) {
		a->block.at = 0;
		return error_set(err, AVO_ENVIRONMENT, "the GPU has no %zu MiB left: is somebody else on it?", bytes >> 20);
	}
	a->block.bytes = bytes;
	a->blocks++;
	return AVO_OK;
}

enum avo_status arena_lay_out(struct arena *a, const struct arena_needs *needs, uint64_t slide, struct error *err)
{
	enum avo_status st = reserve(a, needs, err);
	CUdeviceptr at = a->block.at;
	int i;

	if (st != AVO_OK)
		return st;
	a->taken = 0;
	a->flush = (struct span){ at, FLUSH_BYTES };
	at += FLUSH_BYTES;
	for (i = 0; i < AVO_TENSORS; i++) {
		size_t bytes = needs->tensors[order[i]], off = (size_t)random_below(random_at(slide, (uint64_t)i), SLIDE_BYTES / ALIGNMENT) * ALIGNMENT;

		a->tensors[order[i]] = (struct span){ at + GUARD_BYTES + off, bytes };
		at += place_bytes(bytes);
		if (order[i] == AVO_O) {
			a->scratch = (struct span){ at, scratch_bytes(needs) };
			at += a->scratch.bytes;
		}
	}
	return AVO_OK;
}

void arena_release(struct arena *a)
{
	if (a->block.at)
		cu()->cuMemFree(a->block.at);
	*a = (struct arena){ .blocks = a->blocks };
}

static enum avo_status poison(CUdeviceptr from, CUdeviceptr to, CUstream stream, struct error *err)
{
	return cuda_check(cu()->cuMemsetD32Async(from, POISON * 0x01010101u, (to - from) / 4, stream), "poisoning device memory", err);
}

enum avo_status arena_poison(const struct arena *a, CUstream stream, struct error *err)
{
	CUdeviceptr from = a->flush.at + a->flush.bytes;
	enum avo_status st;
	int i;

	for (i = 0; i < AVO_TENSORS; i++) {
		const struct span *tensor = &a->tensors[order[i]];

		if (order[i] == AVO_O || order[i] == AVO_WORKSPACE)
			continue;
		st = poison(from, tensor->at, stream, err);
		if (st != AVO_OK)
			return st;
		from = tensor->at + tensor->bytes;
	}
	return poison(from, a->block.at + a->block.bytes, stream, err);
}

enum avo_status arena_flush(const struct arena *a, CUstream stream, struct error *err)
{
	enum avo_status st = cuda_check(cu()->cuCtxResetPersistingL2Cache(), "resetting persisting cache lines", err);

	return st == AVO_OK ? poison(a->flush.at, a->flush.at + a->flush.bytes, stream, err) : st;
}

void arena_gaps(struct span gaps[ARENA_GAPS], const struct arena *a)
{
	CUdeviceptr from = a->block.at;
	int i;

	for (i = 0; i < AVO_TENSORS; i++) {
		const struct span *tensor = &a->tensors[order[i]];

		gaps[i] = (struct span){ from, tensor->at - from };
		from = tensor->at + tensor->bytes;
	}
	gaps[AVO_TENSORS] = (struct span){ from, a->block.at + a->block.bytes - from };
}

CUdeviceptr arena_take(struct arena *a, size_t bytes)
{
	CUdeviceptr at = a->scratch.at + a->taken;

	if (aligned(bytes) > a->scratch.bytes - a->taken)
		return 0;
	a->taken += aligned(bytes);
	return at;
}
