/*
 * Device buffers of a runner and the values in them: Q, K and V of the current
 * run, an output and a workspace for each slot, and the reference of its rows.
 */
#ifndef AVO_WORKER_CUDA_VALUES_H
#define AVO_WORKER_CUDA_VALUES_H

#include "worker/cuda/api/driver_api.h"

#include "worker/backend.h"
#include "worker/cuda/launch.h"
#include "worker/cuda/runner.h"

struct gpu_values;

/* Loads the worker's own device code from a cubin. */
enum avo_status gpu_values_new(struct gpu_values **out, const char *trusted_cubin, CUstream stream, struct error *err);
void gpu_values_free(struct gpu_values *v);

/* Fills Q, K, V with fresh values at fresh addresses and remembers their digests. */
enum avo_status gpu_values_fill(struct gpu_values *v, const struct runner_request *r, struct error *err);
/* Pointers for slot i with a poisoned output and a poisoned workspace. */
enum avo_status gpu_values_pointers(struct tensor_pointers *out, struct gpu_values *v, int i, uint64_t workspace, struct error *err);
/* Overwrites the L2, persisting lines included. Does not wait. */
enum avo_status gpu_values_flush(struct gpu_values *v, struct error *err);
/* Hides output i from what runs after it, or shows it again. */
enum avo_status gpu_values_mask(struct gpu_values *v, int i, const struct runner_request *r, struct error *err);
/* Computes the reference of the rows to be checked. */
enum avo_status gpu_values_reference(struct gpu_values *v, const struct runner_request *r, struct error *err);
/* Right after a run: CHEATED when it wrote into its inputs. */
enum avo_status gpu_values_inputs(struct run_outcome *out, struct gpu_values *v, struct error *err);
/* Judges the output of slot i: finite everywhere, right in every row checked. */
enum avo_status gpu_values_check(struct run_outcome *out, struct gpu_values *v, int i, const struct runner_request *r, struct error *err);

#endif
