/*
 * The hardware metrics that explain an attention kernel, by chip. Names are
 * those of CUPTI's Range Profiler (CUDA 13.0); that they exist is checked
 * without a GPU by counters_resolve().
 */
#ifndef AVO_WORKER_CUDA_METRICS_H
#define AVO_WORKER_CUDA_METRICS_H

#include <stddef.h>

enum metric_group { METRIC_TIME, METRIC_PIPE, METRIC_ISSUE, METRIC_STALL, METRIC_SHARED, METRIC_MEMORY, METRIC_OCCUPANCY };

struct metric {
	const char *id;			/* stable short name: "tensor-active" */
	const char *label;		/* for people */
	const char *unit;		/* "%", "ns", "cycles", "bytes", "" */
	enum metric_group group;
	const char *name;		/* CUPTI's */
};

#define METRICS_MAX 48

/* Fills out with the metrics of a chip ("GH100", "GB100", ...); returns their number, 0 for a chip that is not known. */
int metrics_for_chip(const struct metric *out[METRICS_MAX], const char *chip);
const char *metric_group_name(enum metric_group g);

#endif
