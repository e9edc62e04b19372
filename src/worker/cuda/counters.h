/*
 * Hardware counters of one launch, through CUPTI's Range Profiler with user
 * replay: the caller's launch is repeated once a pass. Never in a process that
 * times. Needs root, CAP_SYS_ADMIN, or a driver that lets users profile.
 */
#ifndef AVO_WORKER_CUDA_COUNTERS_H
#define AVO_WORKER_CUDA_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/cuda/api/driver_api.h"

#include "base/error.h"
#include "worker/cuda/metrics.h"

struct counter {
	const struct metric *metric;
	double value;
	bool valid;		/* absent on this device or in this run otherwise */
};

/* Puts the work to be counted on the stream and waits for it. Called once a pass. */
typedef enum avo_status counters_launch_fn(void *arg, struct error *err);

/*
 * Counts one launch on the current context. AVO_ENVIRONMENT with the reason
 * when this machine does not let us: no CUPTI, an unknown chip, no permission.
 */
enum avo_status counters_collect(struct counter out[METRICS_MAX], int *count, int *passes, CUcontext context, int device,
				 counters_launch_fn *launch, void *arg, struct error *err);

/* Without a GPU: resolves every metric of a chip and counts the passes they need. The text names one that does not exist. */
enum avo_status counters_resolve(const char *chip, int *passes, struct error *err);

/* One kernel as the driver ran it (activity record): needs no permission. */
struct kernel_record {
	char name[128];
	double duration_ns;
	int registers, static_shared, dynamic_shared, local_per_thread;
	int grid[3], block[3], cluster[3];
};
#define KERNEL_RECORDS_MAX 16
enum avo_status counters_activity(struct kernel_record out[KERNEL_RECORDS_MAX], int *count, counters_launch_fn *launch, void *arg,
				  struct error *err);

#endif
