/*
 * A baseline of the user's as a shared object with host code, opened in the
 * runner: avo/baseline.h. Trusted, as cuDNN is.
 */
#ifndef AVO_WORKER_CUDA_LIBRARY_H
#define AVO_WORKER_CUDA_LIBRARY_H

#include "worker/cuda/api/driver_api.h"

#include <avo/baseline.h>

#include "base/error.h"
#include "task/task.h"

struct library;

/* AVO_NEGATIVE: it cannot be opened, or lacks avo_baseline_launch. `device` goes into its problems. */
enum avo_status library_open(struct library **out, const char *path, const struct avo_device *device, struct error *err);
void library_close(struct library *l);

void library_problem(struct avo_problem *out, const struct library *l, const struct task_case *c);
/* Bytes it wants. AVO_NEGATIVE: it does not do such problems. */
enum avo_status library_workspace(uint64_t *bytes, const struct library *l, const struct avo_problem *problem, struct error *err);
CUresult library_launch(const struct library *l, const struct avo_problem *problem, const struct avo_baseline_call *call);

#endif
