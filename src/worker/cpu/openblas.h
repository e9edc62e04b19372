/*
 * The peer that a hand-written kernel is compared with: attention composed of
 * library calls, on one thread. For every head sgemm for Q K^T, softmax by rows,
 * sgemm for P V.
 */
#ifndef AVO_WORKER_CPU_OPENBLAS_H
#define AVO_WORKER_CPU_OPENBLAS_H

#include "worker/job.h"

/* Appends {"name","unit","geomean","scores"} to list; nothing when OpenBLAS is not installed. */
enum avo_status openblas_peer(cJSON *list, const struct suite *suite, int samples, struct job_progress *progress,
			      struct error *err);

#endif
