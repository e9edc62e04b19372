#include "avo.h"
#include "cli/gpu.h"

#include <dlfcn.h>

/* The driver's functions are called by their ABI, as the doctor does. */
typedef int init_fn(unsigned flags);
typedef int count_fn(int *count);
typedef int attribute_fn(int *value, int attribute, int device);

#define CAPABILITY_MAJOR 75	/* CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR */
#define LOAD(type, name) ((type *)(uintptr_t)dlsym(driver, name))

static const struct {
	int major;
	const char *seed;
} seeds[] = { { 9, "sm90a" }, { 10, "sm100a" } };

const char *gpu_seed(void)
{
	const char *named = getenv("AVO_CUDA");
	void *driver = dlopen(named ? named : "libcuda.so.1", RTLD_NOW);
	init_fn *init = driver ? LOAD(init_fn, "cuInit") : NULL;
	count_fn *get_count = driver ? LOAD(count_fn, "cuDeviceGetCount") : NULL;
	attribute_fn *get_attribute = driver ? LOAD(attribute_fn, "cuDeviceGetAttribute") : NULL;
	int count = 0, major = 0;
	size_t i;

	if (!init || !get_count || !get_attribute || init(0) != 0 || get_count(&count) != 0 || count < 1)
		return NULL;
	get_attribute(&major, CAPABILITY_MAJOR, 0);
	for (i = 0; i < ARRAY_LEN(seeds); i++)
		if (seeds[i].major == major)
			return seeds[i].seed;
	return "sm80";
}
