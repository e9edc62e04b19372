#include "avo.h"
#include "base/buf.h"
#include "cli/doctor.h"

#include <dlfcn.h>
#include <unistd.h>

/* NVIDIA's libraries, opened by hand: none is linked, each has a cost of its own when missing. */

/* The variable names another file, for the worker as well. */
static void *open_first(const char *variable, const char *const *names)
{
	const char *named = getenv(variable);
	void *handle = NULL;

	if (named && *named)
		return dlopen(named, RTLD_NOW | RTLD_LOCAL);
	for (; *names && !handle; names++)
		handle = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
	return handle;
}

/* Functions without the headers: they are read from the library, and the ABI is C. */
typedef int int_fn(int *);
typedef int pair_fn(int *, int *);
typedef int flag_fn(unsigned);
typedef int name_fn(char *, int, int);
typedef int attribute_fn(int *, int, int);
typedef size_t size_fn(void);

#define LOAD(type, handle, name) ((type *)(uintptr_t)dlsym(handle, name))

enum { COMPUTE_MAJOR = 75, COMPUTE_MINOR = 76 };	/* CUdevice_attribute */

static int describe_devices(struct buf *out, void *driver)
{
	int_fn *get_count = LOAD(int_fn, driver, "cuDeviceGetCount");
	name_fn *get_name = LOAD(name_fn, driver, "cuDeviceGetName");
	attribute_fn *get_attribute = LOAD(attribute_fn, driver, "cuDeviceGetAttribute");
	int count = 0, i;

	if (!get_count || !get_name || !get_attribute || get_count(&count) != 0)
		return 0;
	for (i = 0; i < count; i++) {
		char name[128] = "?";
		int major = 0, minor = 0;

		/* devices are numbered from 0, and their handle is that number */
		get_name(name, sizeof(name), i);
		get_attribute(&major, COMPUTE_MAJOR, i);
		get_attribute(&minor, COMPUTE_MINOR, i);
		buf_printf(out, "%s%s (sm_%d%d)", i ? ", " : "", name, major, minor);
	}
	return count;
}

static bool check_driver(struct doctor *d)
{
	static const char *const names[] = { "libcuda.so.1", "libcuda.so", NULL };
	void *driver = open_first("AVO_CUDA", names);
	flag_fn *init = driver ? LOAD(flag_fn, driver, "cuInit") : NULL;
	int_fn *get_version = driver ? LOAD(int_fn, driver, "cuDriverGetVersion") : NULL;
	struct buf devices = BUF_INIT;
	int rc, version = 0, count = 0;

	if (!driver || !init || !get_version) {
		doctor_say(d, DOCTOR_MISSING, "cuda driver", "no GPU is used, and a CUDA candidate is neither compiled nor checked here: on a machine with one, install NVIDIA's driver (libcuda.so.1)",
			   "no libcuda.so.1");
		return false;
	}
	get_version(&version);
	rc = init(0);
	if (rc == 0)
		count = describe_devices(&devices, driver);
	if (rc != 0 || !count)
		doctor_say(d, DOCTOR_MISSING, "cuda driver",
			   "no GPU is used: nvidia-smi says more; a container needs the GPU passed in (docker run --gpus all)",
			   "CUDA %d.%d, but %s (cuInit %d)", version / 1000, version % 1000 / 10,
			   rc ? "it does not start" : "there is no device", rc);
	else
		doctor_say(d, DOCTOR_OK, "cuda driver", NULL, "CUDA %d.%d: %s", version / 1000, version % 1000 / 10, buf_cstr(&devices));
	buf_release(&devices);
	return count > 0;
}

static bool check_nvrtc(struct doctor *d)
{
	static const char *const names[] = {
		"libnvrtc.so.13", "/usr/local/cuda/lib64/libnvrtc.so.13", "libnvrtc.so.12", "/usr/local/cuda/lib64/libnvrtc.so.12",
		"libnvrtc.so", "/usr/local/cuda/lib64/libnvrtc.so", NULL,
	};
	void *handle = open_first("AVO_NVRTC", names);
	pair_fn *get_version = handle ? LOAD(pair_fn, handle, "nvrtcVersion") : NULL;
	int major = 0, minor = 0;

	if (!get_version || get_version(&major, &minor) != 0) {
		bool nvcc = access("/usr/local/cuda/bin/nvcc", X_OK) == 0 || getenv("AVO_NVCC");

		doctor_say(d, DOCTOR_MISSING, "nvrtc", nvcc ? "nvcc compiles instead, slower: install libnvrtc of the CUDA toolkit" :
			   "CUDA candidates cannot be built: install the CUDA toolkit (libnvrtc)", "not found");
		return nvcc;
	}
	doctor_say(d, DOCTOR_OK, "nvrtc", NULL, "%d.%d", major, minor);
	return true;
}

static void check_cupti(struct doctor *d)
{
	static const char *const names[] = {
		"libcupti.so.13", "/usr/local/cuda/lib64/libcupti.so.13", "/usr/local/cuda/extras/CUPTI/lib64/libcupti.so.13",
		"libcupti.so.12", "/usr/local/cuda/extras/CUPTI/lib64/libcupti.so.12", "libcupti.so", NULL,
	};
	void *handle = open_first("AVO_CUPTI", names);
	int_fn *get_version = handle ? LOAD(int_fn, handle, "cuptiGetVersion") : NULL;
	int version = 0;

	if (!get_version || get_version(&version) != 0)
		doctor_say(d, DOCTOR_MISSING, "cupti", "no hardware counters and stall reasons: install the CUDA toolkit's CUPTI", "not found");
	else
		doctor_say(d, DOCTOR_OK, "cupti", NULL, "API version %d", version);
}

static void check_cudnn(struct doctor *d)
{
	static const char *const names[] = { "libcudnn.so.9", "/usr/local/cuda/lib64/libcudnn.so.9", "libcudnn.so", NULL };
	void *handle = open_first("AVO_CUDNN", names);
	size_fn *get_version = handle ? LOAD(size_fn, handle, "cudnnGetVersion") : NULL;

	if (!get_version)
		doctor_say(d, DOCTOR_MISSING, "cudnn", "scores on the GPU have no cuDNN baseline: install cuDNN 9", "not found");
	else
		doctor_say(d, DOCTOR_OK, "cudnn", NULL, "%zu", get_version());
}

static void check_nvml(struct doctor *d)
{
	static const char *const names[] = { "libnvidia-ml.so.1", "libnvidia-ml.so", NULL };
	typedef int version_fn(char *, unsigned);
	typedef int init_fn(void);
	void *handle = open_first("AVO_NVML", names);
	init_fn *init = handle ? LOAD(init_fn, handle, "nvmlInit_v2") : NULL;
	version_fn *get_version = handle ? LOAD(version_fn, handle, "nvmlSystemGetDriverVersion") : NULL;
	char version[96] = "";

	if (!init || !get_version || init() != 0 || get_version(version, sizeof(version)) != 0)
		doctor_say(d, DOCTOR_MISSING, "nvml", "no clocks, power and throttle reasons beside the times: it comes with NVIDIA's driver",
			   "%s", handle ? "present, but it does not start" : "not found");
	else
		doctor_say(d, DOCTOR_OK, "nvml", NULL, "driver %s", version);
}

void doctor_cuda(struct doctor *d)
{
	bool device = check_driver(d), compiler = check_nvrtc(d);

	check_cupti(d);
	check_cudnn(d);
	check_nvml(d);
	d->cuda = device && compiler;
}
