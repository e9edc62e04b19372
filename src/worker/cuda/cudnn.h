/*
 * cuDNN's attention forward as the peer baseline, through the backend graph
 * API of cuDNN 9 from C. The library is opened at run time ($AVO_CUDNN names
 * another file).
 *
 * The graph is the one that cuDNN recognises as attention and runs as a single
 * fused kernel: S = scale Q K^T, causal select, row maximum, exp, row sum, P = E/L
 * rounded to bf16, O = P V. Tensors are bf16 [batch, length, heads, head_dim];
 * q_len must equal kv_len when causal (its mask is top-left aligned).
 */
#ifndef AVO_WORKER_CUDA_CUDNN_H
#define AVO_WORKER_CUDA_CUDNN_H

#include <stdint.h>

#include "worker/cuda/api/driver_api.h"

#include "base/error.h"
#include "task/task.h"

struct cudnn_sdpa;

/* Builds and compiles the plan for one case on the current context; takes 0.3 to 1 s. Executes on `stream`. */
enum avo_status cudnn_sdpa_new(struct cudnn_sdpa **out, const struct task_case *c, CUstream stream, struct error *err);
void cudnn_sdpa_free(struct cudnn_sdpa *s);
/* Bytes of device memory that bind() wants as workspace. */
int64_t cudnn_sdpa_workspace(const struct cudnn_sdpa *s);
/* Sets the pointers of the next executions. */
enum avo_status cudnn_sdpa_bind(struct cudnn_sdpa *s, CUdeviceptr q, CUdeviceptr k, CUdeviceptr v, CUdeviceptr o,
				CUdeviceptr workspace, struct error *err);
/* Launches; returns as soon as the work is on the stream. */
enum avo_status cudnn_sdpa_execute(struct cudnn_sdpa *s, struct error *err);

/* "cuDNN 9.19.0" into out (32 bytes), or AVO_ENVIRONMENT when there is none. */
enum avo_status cudnn_describe(char *out, size_t size, struct error *err);

#endif
