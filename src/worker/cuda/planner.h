/*
 * Running a candidate's plan.c: compiled by the C compiler, then run in a
 * sandboxed process without a GPU, which answers problems with plans as bytes.
 */
#ifndef AVO_WORKER_CUDA_PLANNER_H
#define AVO_WORKER_CUDA_PLANNER_H

#include <stdbool.h>
#include <stdint.h>

#include <avo/plan.h>

#include "base/buf.h"
#include "base/error.h"
#include "task/task.h"

#define PLANNER_PROCESS_FLAG "--plan"

/*
 * Compiles <dir>/plan.c into <dir>/<output> (a shared object). `beside` is where it may include more files from;
 * NULL: from dir alone. A refused source is AVO_OK with *ok false and words in log.
 */
enum avo_status planner_build(bool *ok, struct buf *log, const char *dir, const char *output, const char *include_dir,
			      const char *beside, struct error *err);

/*
 * Asks the compiled plan for one problem. A plan that refuses the problem, crashes,
 * hangs or answers nonsense is AVO_NEGATIVE with a sentence about it in err; what is ours is another status.
 */
enum avo_status planner_run(struct avo_plan *out, const char *object, const struct avo_problem *problem, struct error *err);

/* The problem of a case on a device. */
void planner_problem(struct avo_problem *out, const struct task_case *c, const struct avo_device *device);

/* Whether two cases are the same problem, whatever they are called. */
bool planner_same_problem(const struct task_case *a, const struct task_case *b);

/* argv: flag object; the problem comes on stdin, the plan goes to stdout. */
int planner_process(int argc, char **argv);

/*
 * Checks everything in a plan that can be checked without the device: counts, names, grids, blocks, clusters,
 * shared memory, arguments, tensor maps against the tensors' sizes, clears. The text names launch, field and
 * limit. AVO_NEGATIVE when something is wrong.
 */
enum avo_status plan_validate(const struct avo_plan *plan, const struct avo_problem *problem, struct error *err);

/* Bytes of a tensor of the problem; AVO_WORKSPACE: the plan's. */
uint64_t plan_tensor_bytes(const struct avo_plan *plan, const struct avo_problem *problem, uint32_t tensor);

#endif
