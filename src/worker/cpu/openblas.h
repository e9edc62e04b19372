/*
 * The peer that a hand-written kernel is compared with: attention composed of
 * library calls, on the calling thread. For every head sgemm for Q K^T, softmax by
 * rows, sgemm for P V.
 */
#ifndef AVO_WORKER_CPU_OPENBLAS_H
#define AVO_WORKER_CPU_OPENBLAS_H

#include "worker/backend.h"
#include "worker/cpu/reference.h"

struct openblas;

/* "OpenBLAS 0.3.21 SkylakeX" into name. AVO_ENVIRONMENT: it is not installed. */
enum avo_status openblas_open(struct openblas **out, char *name, size_t size, struct error *err);
void openblas_close(struct openblas *b);
/* Computes out, timed by the thread's CPU clock. PASSED, or CRASHED when there is no memory for the scores. */
void openblas_attention(struct run_outcome *o, struct openblas *b, const struct task_case *c, const struct tensors *in, float *out);

#endif
