/*
 * The GPU tests: one program that talks to avo-worker as the engine does,
 * prints TAP and writes one JSON report. What it needs of a machine is avo-worker
 * and a GPU.
 */
#ifndef TESTS_GPU_PARTS_H
#define TESTS_GPU_PARTS_H

#include "base/json.h"
#include "base/loop.h"
#include "score/evaluator.h"

struct gpu_test {
	struct loop *loop;
	struct evaluator *evaluator;
	char *scratch, *cache;
	cJSON *report;
	int count, failed;
	int64_t submitted_ms, first_check_ms;	/* of the last job: when it went out, when its first check on the device was done */
	int64_t done_ms;
};

/* client.c: one job, waited for; the result is owned. candidate and incumbent are directories; incumbent may be NULL. */
cJSON *gpu_job(struct gpu_test *t, const char *op, const char *suite, const char *candidate, const char *incumbent, int pairs);
/* The same in two halves: the request with backend, suite and cache; and sending it (takes ownership). */
cJSON *gpu_request(const struct gpu_test *t, const char *op, const char *suite);
cJSON *gpu_submit(struct gpu_test *t, cJSON *request);
void gpu_ok(struct gpu_test *t, bool good, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The directory of a seed; owned. */
char *gpu_seed(const char *name);
/* verdict, score, comparison, ms and telemetry of a result; without checks and logs. */
cJSON *gpu_summary(const cJSON *result);

#define GPU_REPEATS 20			/* of an evaluation whose verdict must not depend on luck */
#define GPU_ZOO_MS (240 * 1000)		/* for the rounds of bad candidates behind the first, all of them together */
#define GPU_ROW_MS (8 * 1000)		/* for those of one candidate */

/* verdicts.c: seeds pass, and the verdict on one unchanged file is the same each time */
void gpu_test_seeds(struct gpu_test *t);
void gpu_test_repeats(struct gpu_test *t);

/* zoo.c: bad candidates are caught by the check that must, each time, and the GPU is back soon after a hang or a fault */
void gpu_test_redteam(struct gpu_test *t);

/* baselines.c: the paper's table, the seed beside everything it can be compared with */
void gpu_test_baselines(struct gpu_test *t, const char *seed);

/* timing.c: noise of a comparison, baselines, where a verdict's time goes, counters */
void gpu_test_timing(struct gpu_test *t);

#endif
