/* The CUDA backend's parts that live in the worker: the device's facts, builds, and the runner's keeper. */
#ifndef AVO_WORKER_CUDA_GPU_H
#define AVO_WORKER_CUDA_GPU_H

#include <avo/plan.h>

#include "worker/backend.h"
#include "worker/cuda/runner.h"

struct gpu_facts {
	struct avo_device device;
	char name[96];
	char arch[16];			/* "sm_90a" */
	char pci[32];
	double max_hz;			/* highest SM clock */
	double dram_bytes_per_s;	/* theoretical; 0: unknown */
};

/* Asks the driver, without a context. */
enum avo_status gpu_facts_read(struct gpu_facts *out, int index, struct error *err);
/* Dense FLOP a clock of all multiprocessors together on numbers of this kind; 0: unknown. */
double gpu_flops_per_hz(const struct gpu_facts *f, enum dtype dtype);
/* The architecture to compile for, by compute capability: "sm_80", "sm_90a", "sm_100a". */
void gpu_arch_name(char *out, size_t size, int major, int minor);

/* A compiled candidate: a directory in the cache with kernel.cubin and plan.so. Of a user's library: its path alone. */
struct build {
	char *dir, *cubin, *planner;
	char *library;
	bool temporary;			/* dir goes with the build */
};
enum avo_status gpu_build(struct build **out, struct build_report *r, const struct gpu_facts *facts, const char *dir,
			  const char *cache, struct error *err);
/*
 * What a user names as a baseline: NAME.cubin, with its plan in NAME.plan.c or plan.c beside it, or a shared
 * object after avo/baseline.h. A file of another kind is AVO_USAGE.
 */
enum avo_status gpu_build_file(struct build **out, struct build_report *r, const char *file, const char *cache, struct error *err);
void gpu_build_free(struct build *b);
/* The worker's own device code, compiled once into the cache; owned path. */
enum avo_status gpu_build_trusted(char **out, const char *arch, const char *cache, struct error *err);

/* The runner's process, started when it is needed and again after it was lost. */
struct gpu_keeper;
struct gpu_keeper *gpu_keeper_new(int device);
void gpu_keeper_free(struct gpu_keeper *k);
void gpu_keeper_set_cubin(struct gpu_keeper *k, const char *trusted_cubin);
/* Counts the processes started so far: a slot loaded in an earlier one is empty now. */
unsigned gpu_keeper_generation(const struct gpu_keeper *k);
/* Starts the process if there is none. */
enum avo_status gpu_keeper_start(struct gpu_keeper *k, struct error *err);
/*
 * Sends a request with its plans and waits for the reply. AVO_OK: *reply holds it (borrowed until
 * the next call). AVO_TIMEOUT: run number *blame did not come back; AVO_CLOSED: the process died in it;
 * in both cases it is gone now and the next call starts another. *blame is -1 when no run had begun.
 */
enum avo_status gpu_keeper_call(const struct runner_reply **reply, int *blame, struct gpu_keeper *k, const struct runner_request *q,
				const struct avo_plan *plans, int plan_count, int64_t run_ms, struct error *err);
void gpu_keeper_stop(struct gpu_keeper *k);

#endif
