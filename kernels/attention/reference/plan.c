/* The launch of kernel.cu: one block for every row of every head. */
#include <avo/plan.h>

#include "kernel.cu"

int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	struct avo_launch *launch;

	if (problem->dtype != AVO_BF16)
		return avo_plan_fail(plan, "dtype %d: only bf16", problem->dtype);
	if (problem->head_dim > THREADS || problem->head_dim > 256)
		return avo_plan_fail(plan, "head_dim %d: at most 256", problem->head_dim);
	if (problem->q_heads > 65535 || problem->batch > 65535)
		return avo_plan_fail(plan, "more than 65535 heads or batches do not fit the grid");
	launch = avo_launch(plan, "attention", avo_dim(problem->q_len, problem->q_heads, problem->batch),
			    avo_dim(THREADS, 1, 1), 0);
	avo_arg_tensor(launch, AVO_Q);
	avo_arg_tensor(launch, AVO_K);
	avo_arg_tensor(launch, AVO_V);
	avo_arg_tensor(launch, AVO_O);
	avo_arg_i32(launch, problem->q_len);
	avo_arg_i32(launch, problem->kv_len);
	avo_arg_i32(launch, problem->q_heads);
	avo_arg_i32(launch, problem->kv_heads);
	avo_arg_i32(launch, problem->head_dim);
	avo_arg_i32(launch, problem->causal);
	avo_arg_f32(launch, problem->scale);
	return 0;
}
