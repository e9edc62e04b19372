/* What one run of a slot looks like from inside: resources of its launches, their records, hardware counters. Not for timing. */
#ifndef AVO_WORKER_CUDA_PROFILE_H
#define AVO_WORKER_CUDA_PROFILE_H

#include "worker/cuda/api/driver_api.h"
#include "worker/cuda/slots.h"

/* Everything is borrowed. */
struct profiled {
	CUcontext context;
	int device;
	CUstream stream;
	struct gpu_values *values;
	struct slot *slot;
	const struct runner_request *request;
	const struct avo_plan *plan;
};

/*
 * JSON into text: "launches", "activity" or "activity_absent", "counters" with "passes" or "counters_absent". What
 * cannot run is AVO_NEGATIVE.
 */
enum avo_status profile_text(char *text, size_t size, const struct profiled *p, struct error *err);

#endif
