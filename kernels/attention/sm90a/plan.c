/* The launch of kernel.cu: one persistent block per multiprocessor. */
#include <avo/plan.h>

#include "kernel.cu"

static int refuse(const struct avo_problem *problem, struct avo_plan *plan)
{
	if (problem->device.cc_major != 9)
		return avo_plan_fail(plan, "compute capability %d.%d: wgmma exists on 9.0 only", problem->device.cc_major,
				     problem->device.cc_minor);
	if (problem->dtype != AVO_BF16)
		return avo_plan_fail(plan, "dtype %d: only bf16", problem->dtype);
	if (problem->head_dim != HEAD_DIM)
		return avo_plan_fail(plan, "head_dim %d: only %d", problem->head_dim, HEAD_DIM);
	if (problem->q_heads % problem->kv_heads)
		return avo_plan_fail(plan, "%d query heads are no multiple of %d key/value heads", problem->q_heads,
				     problem->kv_heads);
	if (SHARED_BYTES(problem->causal) > problem->device.max_shared_bytes)
		return avo_plan_fail(plan, "%d bytes of shared memory, the device has %d: lower TILE_N_%s, Q_STAGES_%s or STAGES",
				     SHARED_BYTES(problem->causal), problem->device.max_shared_bytes,
				     problem->causal ? "CAUSAL" : "FULL", problem->causal ? "CAUSAL" : "FULL");
	return 0;
}

/* Query heads whose keys and values stay in the L2 together; whole groups of grouped-query attention. */
static int section_heads(const struct avo_problem *problem)
{
	int group = problem->q_heads / problem->kv_heads;
	int64_t bytes = (int64_t)problem->kv_len * HEAD_DIM * 2 * 2;
	int64_t fit = ((int64_t)(problem->causal ? L2_SECTION_MIB_CAUSAL : L2_SECTION_MIB_FULL) << 20) / bytes;
	int64_t all = (int64_t)problem->batch * problem->kv_heads;

	if (fit < 1)
		fit = 1;
	return (int)(fit < all ? fit : all) * group;
}

int avo_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	struct avo_tensor_map q, k, v;
	struct avo_launch *launch;
	uint32_t tile_n = TILE_N(problem->causal), tiles, blocks;
	uint64_t counter;

	if (refuse(problem, plan))
		return -1;
	tiles = avo_div_up(problem->q_len, TILE_M) * problem->q_heads * problem->batch;
	blocks = tiles < (uint32_t)problem->device.sm_count ? tiles : (uint32_t)problem->device.sm_count;
	counter = avo_workspace(plan, sizeof(uint32_t));
	avo_clear(plan, counter, sizeof(uint32_t), 0);

	q = avo_map_bshd(problem, AVO_Q, 64, TILE_M, AVO_SWIZZLE_128B);
	k = avo_map_bshd(problem, AVO_K, 64, tile_n, AVO_SWIZZLE_128B);
	v = avo_map_bshd(problem, AVO_V, 64, tile_n, AVO_SWIZZLE_128B);
	launch = avo_launch(plan, problem->causal ? "attention_causal" : "attention_full", avo_dim(blocks, 1, 1),
			    avo_dim(THREADS, 1, 1), SHARED_BYTES(problem->causal));
	avo_arg_tensor_map(launch, &q);
	avo_arg_tensor_map(launch, &k);
	avo_arg_tensor_map(launch, &v);
	avo_arg_tensor(launch, AVO_O);
	avo_arg_workspace(launch, counter);
	avo_arg_i32(launch, problem->q_len);
	avo_arg_i32(launch, problem->kv_len);
	avo_arg_i32(launch, problem->q_heads);
	avo_arg_i32(launch, problem->q_heads / problem->kv_heads);
	avo_arg_i32(launch, problem->batch * problem->q_heads);
	avo_arg_i32(launch, (int32_t)tiles);
	avo_arg_i32(launch, section_heads(problem));
	avo_arg_f32(launch, problem->scale * 1.44269504f);
	return 0;
}
