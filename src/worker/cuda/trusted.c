#include "avo.h"
#include "base/path.h"
#include "worker/cuda/driver.h"
#include "worker/cuda/trusted.h"

#define CUBIN_MAX ((size_t)16 << 20)
#define THREADS 256		/* what the kernels of trusted.cu are written for */

static enum avo_status find_kernels(struct trusted *t, struct error *err)
{
	const struct {
		const char *name;
		CUfunction *at;
	} kernels[] = {
#define X(kernel) { #kernel, &t->kernel },
		TRUSTED_KERNELS(X)
#undef X
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(kernels); i++)
		if (cu()->cuModuleGetFunction(kernels[i].at, t->module, kernels[i].name) != CUDA_SUCCESS)
			return error_set(err, AVO_ENVIRONMENT, "the worker's device code lacks the kernel %s", kernels[i].name);
	return AVO_OK;
}

enum avo_status trusted_load(struct trusted *out, const char *cubin, CUstream stream, struct error *err)
{
	struct buf image = BUF_INIT;
	enum avo_status st = path_read(&image, cubin, CUBIN_MAX, err);

	out->stream = stream;
	if (st == AVO_OK)
		st = cuda_check(cu()->cuModuleLoadData(&out->module, buf_cstr(&image)), "loading the worker's device code", err);
	buf_release(&image);
	return st == AVO_OK ? find_kernels(out, err) : st;
}

void trusted_unload(struct trusted *t)
{
	if (t->module)
		cu()->cuModuleUnload(t->module);
	t->module = NULL;
}

enum avo_status trusted_launch(const struct trusted *t, CUfunction f, unsigned blocks, void **params, struct error *err)
{
	CUlaunchConfig config = {
		.gridDimX = blocks, .gridDimY = 1, .gridDimZ = 1, .blockDimX = THREADS, .blockDimY = 1, .blockDimZ = 1, .hStream = t->stream,
	};

	return cuda_check(cu()->cuLaunchKernelEx(&config, f, params, NULL), "a kernel of the worker", err);
}

enum avo_status trusted_wait(const struct trusted *t, const char *what, struct error *err)
{
	return cuda_check(cu()->cuStreamSynchronize(t->stream), what, err);
}

enum avo_status trusted_upload(const struct trusted *t, CUdeviceptr to, const void *from, size_t bytes, struct error *err)
{
	return cuda_check(cu()->cuMemcpyHtoDAsync(to, from, bytes, t->stream), "copying to the device", err);
}

enum avo_status trusted_download(const struct trusted *t, void *to, CUdeviceptr from, size_t bytes, struct error *err)
{
	enum avo_status st = cuda_check(cu()->cuMemcpyDtoHAsync(to, from, bytes, t->stream), "copying from the device", err);

	return st == AVO_OK ? trusted_wait(t, "copying from the device", err) : st;
}
