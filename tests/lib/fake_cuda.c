/*
 * A stand-in for libcuda.so: the driver calls that avo-worker makes, over host
 * memory, so that the runner, its keeper and everything that can go wrong between
 * them are tested where there is no GPU ($AVO_CUDA names this file).
 *
 * Kernels do not run; what a launch does is decided by the kernel's name. The
 * worker's own kernels do what they should. "Attention" here means: row i of the
 * output is value row min(i, kv_len - 1) of its head; candidates are
 *
 *   works       writes that               zeros      writes zeros
 *   unwritten   writes nothing            inputs     overwrites V, too
 *   behind      writes behind its output, before: before it
 *   far         writes 3 MiB behind its output      besideV     writes behind V
 *   beside      overwrites V once another candidate has run in this process
 *   copies      takes its answer from where the last one lay, once there was one
 *   fails       its launch is refused     faults     an illegal address: the context is lost
 *   dies        takes its process along   hangs      never ends
 *   lies        its events tell another time than the clock
 *   spoils      every other candidate's answers are zeros from now on
 *
 * $AVO_FAKE_SLOW makes a device on which all of this is faster than its arithmetic.
 */
#define _GNU_SOURCE
#include "worker/cuda/api/driver_api.h"

#include "worker/cuda/trusted_abi.h"

#include <elf.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define KEPT ((size_t)256 << 20)	/* larger fills are the flush of a cache that is not here */
#define PARAMETERS 11

struct function {
	char name[64];
};

struct module {
	const char *image;
	size_t size;
	struct function functions[16];
	int count;
};

static struct {
	CUresult sticky;
	int hangs, lies, spoiled;
} device;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static CUresult state(void)
{
	return device.sticky;
}

/* ---- the device ---------------------------------------------------------------- */

CUresult cuInit(unsigned flags)
{
	return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult error, const char **out)
{
	*out = error == CUDA_ERROR_ILLEGAL_ADDRESS ? "CUDA_ERROR_ILLEGAL_ADDRESS" : "CUDA_ERROR";
	return CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult error, const char **out)
{
	*out = error == CUDA_ERROR_ILLEGAL_ADDRESS ? "an illegal memory access" : "an error";
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count)
{
	*count = getenv("AVO_FAKE_NO_DEVICE") ? 0 : 1;
	return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice *out, int index)
{
	*out = index;
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *out, int size, CUdevice d)
{
	strncpy(out, "Fake GPU", (size_t)size);
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int *out, CUdevice_attribute which, CUdevice d)
{
	switch ((int)which) {
	case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: *out = 9; break;
	case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: *out = 0; break;
	case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: *out = 132; break;
	case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: *out = 232448; break;
	case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR: *out = 233472; break;
	case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR: *out = 65536; break;
	case CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH: *out = 1; break;
	case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE: *out = 60 << 20; break;
	case CU_DEVICE_ATTRIBUTE_CLOCK_RATE: *out = getenv("AVO_FAKE_SLOW") ? 1 : 1980000; break;	/* kHz */
	default: *out = 0;		/* no memory bandwidth: no time is too short for it */
	}
	return CUDA_SUCCESS;
}

CUresult cuDeviceTotalMem(size_t *out, CUdevice d)
{
	*out = (size_t)140 << 30;
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetPCIBusId(char *out, int size, CUdevice d)
{
	strncpy(out, "0000:00:00.0", (size_t)size);
	return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *out, CUdevice d)
{
	*out = (CUcontext)&device;
	return getenv("AVO_FAKE_NO_CONTEXT") ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(CUcontext c)
{
	return CUDA_SUCCESS;
}

CUresult cuCtxSynchronize(void)
{
	return state();
}

CUresult cuCtxResetPersistingL2Cache(void)
{
	return state();
}

CUresult cuCtxSetLimit(CUlimit limit, size_t value)
{
	return CUDA_SUCCESS;
}

/* ---- memory: mapped when it is touched, the size in a page in front ------------- */

CUresult cuMemAlloc(CUdeviceptr *out, size_t bytes)
{
	char *at = mmap(NULL, bytes + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return CUDA_ERROR_OUT_OF_MEMORY;
	*(size_t *)at = bytes + 4096;
	*out = (CUdeviceptr)(uintptr_t)(at + 4096);
	return state();
}

CUresult cuMemFree(CUdeviceptr at)
{
	char *page = (char *)(uintptr_t)at - 4096;

	munmap(page, *(size_t *)page);
	return state();
}

CUresult cuMemcpyHtoDAsync(CUdeviceptr to, const void *from, size_t n, CUstream s)
{
	memcpy((void *)(uintptr_t)to, from, n);
	return state();
}

CUresult cuMemcpyDtoHAsync(void *to, CUdeviceptr from, size_t n, CUstream s)
{
	memcpy(to, (void *)(uintptr_t)from, n);
	return state();
}

CUresult cuMemsetD8Async(CUdeviceptr at, unsigned char value, size_t n, CUstream s)
{
	memset((void *)(uintptr_t)at, value, n);
	return state();
}

CUresult cuMemsetD32Async(CUdeviceptr at, unsigned value, size_t n, CUstream s)
{
	/* the one value it is called with has four equal bytes */
	if (n * 4 < KEPT)
		memset((void *)(uintptr_t)at, (int)(value & 0xff), n * 4);
	return state();
}

/* ---- streams and events --------------------------------------------------------- */

static CUresult wait_here(void)
{
	while (device.hangs)
		pause();
	return state();
}

CUresult cuStreamCreate(CUstream *out, unsigned flags)
{
	*out = (CUstream)&device;
	return CUDA_SUCCESS;
}

CUresult cuStreamSynchronize(CUstream s)
{
	return wait_here();
}

CUresult cuEventCreate(CUevent *out, unsigned flags)
{
	*out = calloc(1, sizeof(double));
	return CUDA_SUCCESS;
}

CUresult cuEventRecord(CUevent e, CUstream s)
{
	*(double *)e = now_ms();
	return state();
}

CUresult cuEventSynchronize(CUevent e)
{
	return wait_here();
}

CUresult cuEventElapsedTime(float *out, CUevent a, CUevent b)
{
	*out = (float)(*(double *)b - *(double *)a) + (device.lies ? 1000 : 0);
	device.lies = 0;
	return state();
}

/* ---- modules: a cubin's symbols are looked for as text ----------------------------- */

CUresult cuModuleLoadData(CUmodule *out, const void *image)
{
	const Elf64_Ehdr *elf = image;
	size_t size = (size_t)elf->e_shoff + (size_t)elf->e_shnum * elf->e_shentsize;
	struct module *m;
	char *copy;

	if (memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0)
		return CUDA_ERROR_INVALID_IMAGE;
	m = calloc(1, sizeof(*m));
	copy = malloc(size);
	memcpy(copy, image, size);
	m->image = copy;
	m->size = size;
	*out = (CUmodule)m;
	return state();
}

CUresult cuModuleUnload(CUmodule module)
{
	struct module *m = (struct module *)module;

	free((char *)m->image);
	free(m);
	return state();
}

CUresult cuModuleGetFunction(CUfunction *out, CUmodule module, const char *name)
{
	struct module *m = (struct module *)module;
	char section[96] = ".text.";
	int i;

	strncat(section, name, 64);
	if (!memmem(m->image, m->size, section, strlen(section) + 1))
		return CUDA_ERROR_NOT_FOUND;
	for (i = 0; i < m->count && strcmp(m->functions[i].name, name) != 0; i++)
		;
	if (i == m->count)
		strncpy(m->functions[m->count++].name, name, sizeof(m->functions[0].name) - 1);
	*out = (CUfunction)&m->functions[i];
	return state();
}

CUresult cuFuncGetParamInfo(CUfunction f, size_t i, size_t *offset, size_t *size)
{
	if (i >= PARAMETERS)
		return CUDA_ERROR_INVALID_VALUE;
	*size = i < 4 ? 8 : 4;
	*offset = i < 4 ? 8 * i : 32 + 4 * (i - 4);
	return CUDA_SUCCESS;
}

CUresult cuFuncGetAttribute(int *out, CUfunction_attribute which, CUfunction f)
{
	*out = which == CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK ? 1024 : which == CU_FUNC_ATTRIBUTE_NUM_REGS ? 40 : 0;
	return CUDA_SUCCESS;
}

CUresult cuFuncSetAttribute(CUfunction f, CUfunction_attribute which, int value)
{
	return CUDA_SUCCESS;
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *out, CUfunction f, int threads, size_t shared)
{
	*out = 2;
	return CUDA_SUCCESS;
}

CUresult cuTensorMapEncodeTiled(CUtensorMap *out, CUtensorMapDataType type, cuuint32_t rank, void *at, const cuuint64_t *dims,
				const cuuint64_t *strides, const cuuint32_t *box, const cuuint32_t *steps, CUtensorMapInterleave interleave,
				CUtensorMapSwizzle swizzle, CUtensorMapL2promotion promotion, CUtensorMapFloatOOBfill fill)
{
	return CUDA_SUCCESS;
}

/* ---- the worker's own kernels -------------------------------------------------------- */

#define PARAM(type, i) (*(type *)params[i])

static float to_float(uint16_t x)
{
	uint32_t bits = (uint32_t)x << 16;
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static uint16_t to_half(float x)
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static void fill(uint16_t *out, const struct trusted_fill *f)
{
	int length = f->tensor == FILL_Q ? f->shape.q_len : f->shape.kv_len, heads = f->tensor == FILL_Q ? f->shape.q_heads : f->shape.kv_heads;
	int group = heads / f->shape.kv_heads, b, i, h, x;
	struct fill_row row;

	for (b = 0; b < f->shape.batch; b++)
		for (i = 0; i < length; i++)
			for (h = 0; h < heads; h++) {
				fill_row_begin(&row, f->recipes[(b * f->shape.kv_heads + h / group) % f->kinds], &f->shape, f->seed, f->tensor, b, i, h);
				for (x = 0; x < f->shape.head_dim; x++)
					*out++ = to_half(fill_element(&row, x));
			}
}

static void scan(const uint16_t *values, uint64_t n, uint64_t key, struct trusted_scan *result)
{
	uint64_t i;

	for (i = 0; i < n; i++) {
		result->digest += mix(values[i] ^ mix(key + i));
		if ((values[i] & 0x7f80) == 0x7f80 && i < result->first_bad)
			result->first_bad = i;
	}
}

static void find_changed(const uint16_t *was, const uint16_t *is, uint64_t n, uint64_t *first)
{
	uint64_t i;

	for (i = 0; i < n && was[i] == is[i]; i++)
		;
	if (i < *first)
		*first = i;
}

/* The part of the flush is not here: only the poison behind it is looked at. */
static void find_written(const unsigned char *at, uint64_t n, uint64_t *first)
{
	uint64_t i = n < KEPT ? 0 : n - ((uint64_t)1 << 20), word;

	for (; i + sizeof(word) <= n; i += sizeof(word)) {
		memcpy(&word, at + i, sizeof(word));
		if (word != UINT64_MAX)
			break;
	}
	for (; i < n && at[i] == 0xff; i++)
		;
	if (i < *first)
		*first = i;
}

static void gather(const uint16_t *out, const uint32_t *rows, int count, int depth, uint16_t *to)
{
	size_t row = (size_t)depth * sizeof(*to);
	int i;

	for (i = 0; i < count; i++)
		memcpy((char *)to + (size_t)i * row, (const char *)out + rows[i] * row, row);
}

static const uint16_t *answer_row(const uint16_t *v, const struct trusted_shape *s, uint32_t row)
{
	int head = (int)(row % (uint32_t)s->q_heads), i = (int)(row / (uint32_t)s->q_heads % (uint32_t)s->q_len);
	int b = (int)(row / (uint32_t)s->q_heads / (uint32_t)s->q_len), j = i < s->kv_len ? i : s->kv_len - 1;

	return v + (((size_t)b * (size_t)s->kv_len + (size_t)j) * (size_t)s->kv_heads + (size_t)(head / (s->q_heads / s->kv_heads))) * (size_t)s->head_dim;
}

static void reference(const uint16_t *v, const uint32_t *rows, unsigned count, const struct trusted_shape *s, float *exact, float *noise)
{
	size_t depth = (size_t)s->head_dim, i, d;

	memset(noise, 0, count * depth * sizeof(*noise));
	for (i = 0; i < count; i++)
		for (d = 0; d < depth; d++)
			exact[i * depth + d] = to_float(answer_row(v, s, rows[i])[d]);
}

static void compare(const uint16_t *rows, int count, int depth, const float *exact, struct trusted_row *results, struct trusted_limits limits)
{
	int i, d;

	for (i = 0; i < count; i++) {
		struct trusted_row r = { .share = -1 };
		double error_square = 0, exact_square = 0;

		for (d = 0; d < depth; d++) {
			float want = exact[i * depth + d], got = to_float(rows[(size_t)i * (size_t)depth + (size_t)d]);
			float error = fabsf(got - want), allowed = limits.rounding * fabsf(want), share;

			error = error <= 3e38f ? error : 3e38f;
			share = allowed > 0 ? error / allowed : error > 0 ? 3e38f : 0;
			if (share > r.share)
				r = (struct trusted_row){ share, error, allowed, want, got, d, 0, 0, 0 };
			error_square += (double)error * error;
			exact_square += (double)want * want;
		}
		r.error_norm = (float)sqrt(error_square);
		r.exact_norm = (float)sqrt(exact_square);
		results[i] = r;
	}
}

static int own_kernel(const char *name, const CUlaunchConfig *config, void **params)
{
	if (strcmp(name, "fill_rows") == 0)
		fill(PARAM(uint16_t *, 0), &PARAM(struct trusted_fill, 1));
	else if (strcmp(name, "scan") == 0)
		scan(PARAM(uint16_t *, 0), PARAM(uint64_t, 1), PARAM(uint64_t, 2), PARAM(struct trusted_scan *, 3));
	else if (strcmp(name, "find_changed") == 0)
		find_changed(PARAM(uint16_t *, 0), PARAM(uint16_t *, 1), PARAM(uint64_t, 2), PARAM(uint64_t *, 3));
	else if (strcmp(name, "find_written") == 0)
		find_written(PARAM(unsigned char *, 0), PARAM(uint64_t, 1), PARAM(uint64_t *, 2));
	else if (strcmp(name, "gather_rows") == 0)
		gather(PARAM(uint16_t *, 0), PARAM(uint32_t *, 1), PARAM(int, 2), PARAM(int, 3), PARAM(uint16_t *, 4));
	else if (strcmp(name, "reference_rows") == 0)
		reference(PARAM(uint16_t *, 2), PARAM(uint32_t *, 3), config->gridDimX, &PARAM(struct trusted_shape, 4), PARAM(float *, 6),
			  PARAM(float *, 7));
	else if (strcmp(name, "compare_rows") == 0)
		compare(PARAM(uint16_t *, 0), PARAM(int, 1), PARAM(int, 2), PARAM(float *, 3), PARAM(struct trusted_row *, 5), PARAM(struct trusted_limits, 6));
	else
		return 0;
	return 1;
}

/* ---- candidates ---------------------------------------------------------------------- */

static void answer(const struct trusted_shape *s, const uint16_t *v, uint16_t *out)
{
	uint32_t rows = (uint32_t)(s->batch * s->q_len * s->q_heads), row;
	size_t bytes = (size_t)s->head_dim * 2;

	for (row = 0; row < rows; row++)
		memcpy((char *)out + row * bytes, answer_row(v, s, row), bytes);
}

/* What a candidate does beyond its answer. */
static void misbehave(const char *name, const struct trusted_shape *s, uint16_t *v, uint16_t *out, size_t bytes)
{
	size_t v_bytes = (size_t)s->batch * (size_t)s->kv_len * (size_t)s->kv_heads * (size_t)s->head_dim * 2;
	static char seen[64];
	static uint16_t *last;
	static int others;

	others = others || (seen[0] && strcmp(seen, name) != 0);
	snprintf(seen, sizeof(seen), "%s", name);
	if (strcmp(name, "copies") == 0 && last)
		memmove(out, last, bytes);
	last = out;
	if (strcmp(name, "spoils") == 0)
		device.spoiled = 1;
	else if (device.spoiled || strcmp(name, "zeros") == 0)
		memset(out, 0, bytes);
	if (strcmp(name, "behind") == 0)
		out[bytes / 2 + 100] = 0;
	if (strcmp(name, "before") == 0)
		out[-1] = 0;
	if (strcmp(name, "far") == 0)
		out[bytes / 2 + (3 << 19)] = 0;
	if (strcmp(name, "besideV") == 0)
		v[v_bytes / 2] = 0;
	if (strcmp(name, "inputs") == 0 || (strcmp(name, "beside") == 0 && others))
		memset(v, 0, 64);
}

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function, void **params, void **extra)
{
	const char *name = ((struct function *)function)->name;
	struct trusted_shape s;
	uint16_t *out;
	size_t bytes;

	if (state() != CUDA_SUCCESS || own_kernel(name, config, params))
		return state();
	s = (struct trusted_shape){ (int)config->gridDimZ, PARAM(int, 4), PARAM(int, 5), PARAM(int, 6), PARAM(int, 7), PARAM(int, 8), PARAM(int, 9), 1 };
	bytes = (size_t)s.batch * (size_t)s.q_len * (size_t)s.q_heads * (size_t)s.head_dim * 2;
	out = PARAM(uint16_t *, 3);
	if (strcmp(name, "fails") == 0)
		return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
	if (strcmp(name, "dies") == 0)
		_exit(9);
	if (strcmp(name, "unwritten") != 0)
		answer(&s, PARAM(uint16_t *, 2), out);
	misbehave(name, &s, PARAM(uint16_t *, 2), out, bytes);
	if (strcmp(name, "faults") == 0)
		device.sticky = CUDA_ERROR_ILLEGAL_ADDRESS;
	device.hangs = strcmp(name, "hangs") == 0;
	device.lies = strcmp(name, "lies") == 0;
	return CUDA_SUCCESS;
}
