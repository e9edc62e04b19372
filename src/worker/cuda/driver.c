#include "avo.h"
#include "worker/cuda/dl.h"
#include "worker/cuda/driver.h"

#define NAME_AS_EXPANDED(name) #name
#define NAME(name) NAME_AS_EXPANDED(name)

static struct cuda_driver driver;

static enum avo_status load(struct error *err)
{
	static const char *const names[] = { "libcuda.so.1", "libcuda.so", NULL };
	static const struct dl_library library = {
		"the CUDA driver", "AVO_CUDA", names, "install the NVIDIA driver; without it only the cpu backend runs here",
	};
	const struct dl_symbol symbols[] = {
#define X(function) { NAME(function), &driver.function, false },
		CUDA_DRIVER_FUNCTIONS(X)
#undef X
	};

	return dl_load(&library, symbols, ARRAY_LEN(symbols), err);
}

const struct cuda_driver *cuda_driver(struct error *err)
{
	static enum { UNKNOWN, READY, ABSENT } state;
	static struct error why;
	int devices = 0;

	if (state == UNKNOWN) {
		state = ABSENT;
		if (load(&why) == AVO_OK && cuda_check(driver.cuInit(0), "the CUDA driver does not start", &why) == AVO_OK &&
		    cuda_check(driver.cuDeviceGetCount(&devices), "counting GPUs", &why) == AVO_OK) {
			if (devices > 0)
				state = READY;
			else
				error_set(&why, AVO_ENVIRONMENT, "the CUDA driver sees no GPU");
		}
	}
	if (state == READY)
		return &driver;
	if (err)
		*err = why;
	return NULL;
}

enum avo_status cuda_check(CUresult result, const char *what, struct error *err)
{
	const char *name = NULL, *text = NULL;

	if (result == CUDA_SUCCESS)
		return AVO_OK;
	driver.cuGetErrorName(result, &name);
	driver.cuGetErrorString(result, &text);
	return error_set(err, AVO_ENVIRONMENT, "%s: %s (%s)", what, text ? text : "unknown error", name ? name : "?");
}

int cuda_is_sticky(CUresult result)
{
	switch (result) {
	case CUDA_ERROR_ILLEGAL_ADDRESS:
	case CUDA_ERROR_LAUNCH_TIMEOUT:
	case CUDA_ERROR_ASSERT:
	case CUDA_ERROR_HARDWARE_STACK_ERROR:
	case CUDA_ERROR_ILLEGAL_INSTRUCTION:
	case CUDA_ERROR_MISALIGNED_ADDRESS:
	case CUDA_ERROR_INVALID_ADDRESS_SPACE:
	case CUDA_ERROR_INVALID_PC:
	case CUDA_ERROR_LAUNCH_FAILED:
	case CUDA_ERROR_TENSOR_MEMORY_LEAK:
	case CUDA_ERROR_ECC_UNCORRECTABLE:
	case CUDA_ERROR_CONTEXT_IS_DESTROYED:
		return 1;
	default:
		return 0;
	}
}
