/*
 * Compiling device code with nvcc, where NVRTC cannot: in a sandboxed process,
 * as NVRTC's. $AVO_NVCC names another one than the toolkit's.
 */
#ifndef AVO_WORKER_CUDA_NVCC_H
#define AVO_WORKER_CUDA_NVCC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* As nvrtc_compile_in_sandbox(), with the same meaning of every option. */
enum avo_status nvcc_compile_in_sandbox(bool *ok, struct buf *log, const char *dir, const char *output, const char *arch,
					const char *include_dir, int64_t deadline_ms, struct error *err);

/* "nvcc 13.0.48" into out, or AVO_ENVIRONMENT where there is none. Asked once. */
enum avo_status nvcc_describe(char *out, size_t size, struct error *err);

#endif
