/*
 * The CUDA driver API, opened at run time. Calls go through the table:
 *   cuda->cuMemAlloc(&p, bytes)
 * (the header's own renaming to versioned entry points applies to both sides).
 */
#ifndef AVO_WORKER_CUDA_DRIVER_H
#define AVO_WORKER_CUDA_DRIVER_H

#include "worker/cuda/api/driver_api.h"

#include "base/error.h"

#define CUDA_DRIVER_FUNCTIONS(X) \
	X(cuInit) X(cuGetErrorName) X(cuGetErrorString) \
	X(cuDeviceGet) X(cuDeviceGetCount) X(cuDeviceGetName) X(cuDeviceGetAttribute) X(cuDeviceTotalMem) \
	X(cuDeviceGetPCIBusId) X(cuDevicePrimaryCtxRetain) \
	X(cuCtxSetCurrent) X(cuCtxSynchronize) X(cuCtxResetPersistingL2Cache) X(cuCtxSetLimit) \
	X(cuMemAlloc) X(cuMemFree) X(cuMemcpyHtoDAsync) \
	X(cuMemsetD8Async) X(cuMemsetD32Async) X(cuMemcpyDtoHAsync) \
	X(cuStreamCreate) X(cuStreamSynchronize) \
	X(cuEventCreate) X(cuEventRecord) X(cuEventSynchronize) X(cuEventElapsedTime) \
	X(cuModuleLoadData) X(cuModuleUnload) X(cuModuleGetFunction) X(cuFuncGetParamInfo) X(cuFuncGetAttribute) X(cuFuncSetAttribute) \
	X(cuOccupancyMaxActiveBlocksPerMultiprocessor) \
	X(cuLaunchKernelEx) X(cuTensorMapEncodeTiled)

struct cuda_driver {
#define X(name) __typeof__(&name) name;
	CUDA_DRIVER_FUNCTIONS(X)
#undef X
};

/* The table, with cuInit done; NULL (and err) where there is no driver or no device. The same pointer each time. */
const struct cuda_driver *cuda_driver(struct error *err);

/* The table, where the driver is known to be there. */
static inline const struct cuda_driver *cu(void)
{
	return cuda_driver(NULL);
}

/* AVO_OK, or AVO_ENVIRONMENT with the driver's own words. */
enum avo_status cuda_check(CUresult result, const char *what, struct error *err);

/* After these the context is gone: the process can only end. */
int cuda_is_sticky(CUresult result);

#endif
