/*
 * The values of a run in device memory, and what is said about them afterwards.
 * In order: begin (what will be asked), and for one candidate after the other
 * place, flush, its launches, collect; then judge all of them.
 *
 * A candidate is alone with its inputs, which are made again for each, and poison.
 * What was found behind it is read at once and what will be compared
 * goes to the host, so that nothing which runs later can copy or spoil it.
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

/* The request whose values the next candidates get; draws the rows that will be compared. Forgets what was collected. */
void gpu_values_begin(struct gpu_values *v, const struct runner_request *r);
/* Fresh values at fresh addresses, everything else poisoned. A workspace of 0 bytes is a null pointer. */
enum avo_status gpu_values_place(struct tensor_pointers *out, struct gpu_values *v, uint64_t workspace, struct error *err);
/* Overwrites the L2, persisting lines included. Does not wait. */
enum avo_status gpu_values_flush(struct gpu_values *v, struct error *err);
/*
 * Right after run i: CHEATED when it wrote into its inputs, INCORRECT when it wrote outside of its tensors or left something
 * that is not finite. Else its digest, and its rows are kept for gpu_values_judge().
 */
enum avo_status gpu_values_collect(struct run_outcome *out, struct gpu_values *v, unsigned i, struct error *err);
/* Compares what was kept of each run that has PASSED so far with the reference. */
enum avo_status gpu_values_judge(struct run_outcome *outcomes, struct gpu_values *v, unsigned count, struct error *err);

#endif
