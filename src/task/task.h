/*
 * The task: attention forward. A suite is a named list of cases; a case is one
 * test configuration j of the score vector. Suites are files in kernels/suites/
 * (git-config-like syntax, parsed here without libgit2, since the worker reads
 * them too).
 */
#ifndef AVO_TASK_TASK_H
#define AVO_TASK_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "task/score.h"

enum dtype { DTYPE_F32, DTYPE_BF16 };
const char *dtype_name(enum dtype t);

struct task_case {
	char name[SCORE_NAME_SIZE];
	int batch, q_len, kv_len, q_heads, kv_heads, head_dim;
	bool causal;
	enum dtype dtype;
};

struct suite {
	char name[32];
	char backend[16];	/* "cpu" or "cuda" */
	char unit[16];		/* "GFLOPS" or "TFLOPS" */
	int count;
	struct task_case cases[SCORE_MAX_CASES];
};

/* By name (a file in kernels/suites/) or by path (contains a slash or ends in .suite). */
enum avo_status suite_load(struct suite *out, const char *name, struct error *err);
#define SUITE_MAX_BYTES ((size_t)64 << 10)
/* The file of a suite, there or not; owned. */
char *suite_find(const char *name);
/*
 * A run has its suite in .avo/suite/, so that nothing outside can change what it is scored on: the path of that copy, its
 * making, and what a run is to be scored by, which is the name itself in a run of an older avo. Paths are owned.
 */
char *suite_copy_path(const char *run_dir, const char *name);
enum avo_status suite_copy(const char *run_dir, const char *name, const char *text, struct error *err);
char *suite_of_run(const char *run_dir, const char *name);
enum avo_status suite_parse(struct suite *out, const char *name, const char *text, size_t len, struct error *err);

/*
 * Work of a case in FLOP by FlashAttention's convention: 4*B*Hq*Sq*Sk*D, for
 * causal with the average visible key length (max(0,Sk-Sq)+Sk)/2, which halves
 * it exactly when Sq == Sk.
 */
double case_flops(const struct task_case *c);
/* Bytes that must move at least once: Q, K, V read and O written. */
double case_bytes(const struct task_case *c);
/* Keys that query row i sees (bottom-right aligned causal mask), 1..kv_len. */
int case_visible_keys(const struct task_case *c, int row);
size_t case_q_elements(const struct task_case *c);	/* also the output's */
size_t case_kv_elements(const struct task_case *c);

#endif
