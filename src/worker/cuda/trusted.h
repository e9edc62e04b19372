/*
 * The worker's own device code (trusted.cu), loaded on the current context, and
 * the one stream of a runner, on which it and the candidates run.
 */
#ifndef AVO_WORKER_CUDA_TRUSTED_H
#define AVO_WORKER_CUDA_TRUSTED_H

#include "worker/cuda/api/driver_api.h"

#include "base/error.h"

/* The entry points of trusted.cu; what each does and takes stands there. */
#define TRUSTED_KERNELS(X) X(fill_rows) X(find_changed) X(find_written) X(scan) X(gather_rows) X(reference_rows) X(compare_rows)

struct trusted {
	CUmodule module;	/* owned */
	CUstream stream;	/* borrowed */
#define X(name) CUfunction name;
	TRUSTED_KERNELS(X)
#undef X
};

/* Loads the cubin; AVO_ENVIRONMENT when it cannot be used here. */
enum avo_status trusted_load(struct trusted *out, const char *cubin, CUstream stream, struct error *err);
/* Takes a struct of zeros, too. */
void trusted_unload(struct trusted *t);

/* Puts `blocks` blocks of 256 threads on the stream; does not wait. */
enum avo_status trusted_launch(const struct trusted *t, CUfunction f, unsigned blocks, void **params, struct error *err);
/* Waits for all that is on the stream; `what` is for the message. */
enum avo_status trusted_wait(const struct trusted *t, const char *what, struct error *err);
/* Copies in the order of the stream: the first does not wait (but is done with `from`), the second does. */
enum avo_status trusted_upload(const struct trusted *t, CUdeviceptr to, const void *from, size_t bytes, struct error *err);
enum avo_status trusted_download(const struct trusted *t, void *to, CUdeviceptr from, size_t bytes, struct error *err);

#endif
