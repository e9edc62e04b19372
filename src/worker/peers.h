/*
 * Baselines on the same footing: what a candidate is compared with beside its
 * incumbent. Three kinds: the vendor's library (cuDNN, OpenBLAS), a seed of this
 * project's, and what the user names: a candidate's directory, a shared object,
 * a cubin with its plan. All are run by the backend as a candidate is: fresh
 * values, the same clock, every timed output checked.
 */
#ifndef AVO_WORKER_PEERS_H
#define AVO_WORKER_PEERS_H

#include "worker/job.h"

/*
 * The job `peers`. Without a candidate each baseline is timed by itself; with
 * one, every sample of a baseline is half of a pair with the candidate on the
 * same values (A B, then B A), and ratios with their intervals follow. Fills
 * result with what ARCHITECTURE.md, "Worker protocol" names. AVO_NEGATIVE: the
 * candidate does not build, or went wrong on a case.
 */
enum avo_status peers_measure(cJSON *result, struct backend *b, struct job *job, struct job_progress *progress, struct error *err);

#endif
