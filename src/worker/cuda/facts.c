#include "avo.h"
#include "base/child.h"
#include "worker/cuda/driver.h"
#include "worker/cuda/gpu.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MS 30000		/* a driver that wakes up a GPU takes its time */

void gpu_arch_name(char *out, size_t size, int major, int minor)
{
	/* from Hopper on, the instructions that matter exist in the architecture-specific targets only */
	snprintf(out, size, "sm_%d%d%s", major, minor, major >= 9 ? "a" : "");
}

/*
 * FLOP a clock of one multiprocessor, dense, on the pipe for numbers of this kind: NVIDIA's published peaks
 * divided by their clocks. What is not here is unknown, and nobody is accused of being faster.
 */
static const struct pipe {
	int major, minor;
	enum dtype dtype;
	double flops_per_clock;
} pipes[] = {
	{ 8, 0, DTYPE_BF16, 2048 }, { 8, 6, DTYPE_BF16, 1024 }, { 8, 9, DTYPE_BF16, 1024 },
	{ 9, 0, DTYPE_BF16, 4096 }, { 10, 0, DTYPE_BF16, 8192 }, { 10, 3, DTYPE_BF16, 8192 },
};

double gpu_flops_per_hz(const struct gpu_facts *f, enum dtype dtype)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(pipes); i++)
		if (pipes[i].major == f->device.cc_major && pipes[i].minor == f->device.cc_minor && pipes[i].dtype == dtype)
			return pipes[i].flops_per_clock * f->device.sm_count;
	return 0;
}

static int attribute(CUdevice_attribute which, CUdevice device)
{
	int value = 0;

	cu()->cuDeviceGetAttribute(&value, which, device);
	return value;
}

static void read_device(struct avo_device *d, CUdevice device)
{
	size_t memory = 0;

	cu()->cuDeviceTotalMem(&memory, device);
	d->cc_major = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device);
	d->cc_minor = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device);
	d->sm_count = attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device);
	d->max_shared_bytes = attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, device);
	d->shared_bytes_per_sm = attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR, device);
	d->registers_per_sm = attribute(CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR, device);
	d->max_cluster = attribute(CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH, device) ? 16 : 1;
	d->l2_bytes = attribute(CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, device);
	d->memory_bytes = (int64_t)memory;
}

static enum avo_status read_here(struct gpu_facts *out, int index, struct error *err)
{
	const struct cuda_driver *cuda = cuda_driver(err);
	enum avo_status st;
	CUdevice device;

	memset(out, 0, sizeof(*out));
	if (!cuda)
		return AVO_ENVIRONMENT;
	st = cuda_check(cuda->cuDeviceGet(&device, index), "opening the GPU", err);
	if (st != AVO_OK)
		return st;
	read_device(&out->device, device);
	cuda->cuDeviceGetName(out->name, sizeof(out->name), device);
	cuda->cuDeviceGetPCIBusId(out->pci, sizeof(out->pci), device);
	gpu_arch_name(out->arch, sizeof(out->arch), out->device.cc_major, out->device.cc_minor);
	out->max_hz = attribute(CU_DEVICE_ATTRIBUTE_CLOCK_RATE, device) * 1e3;
	/* two transfers a clock, bus width in bits */
	out->dram_bytes_per_s = 2e3 * attribute(CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE, device) *
				attribute(CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, device) / 8;
	return AVO_OK;
}

/*
 * The driver does not survive a fork(), and the worker forks: so a child asks,
 * and only the runner ever initialises CUDA for itself.
 */
struct answer {
	enum avo_status status;
	struct gpu_facts facts;
	struct error err;
};

static enum avo_status ask_child(struct answer *out, int index, struct error *err)
{
	struct pollfd p = { .events = POLLIN };
	enum avo_status st;
	int fds[2];
	pid_t pid;

	st = child_pipe(fds, err);
	if (st != AVO_OK)
		return st;
	pid = fork();
	if (pid == 0) {
		ssize_t ignored;

		out->status = read_here(&out->facts, index, &out->err);
		ignored = write(fds[1], out, sizeof(*out));
		(void)ignored;
		_exit(0);
	}
	close(fds[1]);
	p.fd = fds[0];
	if (pid < 0 || poll(&p, 1, ANSWER_MS) != 1 || read(fds[0], out, sizeof(*out)) != (ssize_t)sizeof(*out))
		st = error_set(err, AVO_ENVIRONMENT, "the CUDA driver does not answer");
	close(fds[0]);
	if (pid > 0)
		child_kill(pid);
	return st;
}

enum avo_status gpu_facts_read(struct gpu_facts *out, int index, struct error *err)
{
	static struct answer known;
	static int known_index = -1;
	enum avo_status st;

	if (known_index != index) {
		struct answer asked = { 0 };

		st = ask_child(&asked, index, err);
		if (st != AVO_OK)
			return st;
		known = asked;
		known_index = index;
	}
	*out = known.facts;
	if (known.status != AVO_OK && err)
		*err = known.err;
	return known.status;
}
