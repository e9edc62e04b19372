/*
 * Plans: bytes that a candidate's own code wrote. Promise: what is accepted touches nothing outside its tensors and
 * stays within every limit; what is refused is refused with words.
 */
#include "avo.h"
#include "worker/cuda/planner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(condition) do { if (!(condition)) abort(); } while (0)

static const struct avo_problem problem = {
	.abi = AVO_PLAN_ABI, .dtype = AVO_BF16, .scale = 0.088388f, .batch = 2, .q_len = 1024, .kv_len = 1024, .q_heads = 8, .kv_heads = 8, .head_dim = 128, .causal = 1,
	.device = { 9, 0, 132, 232448, 233472, 65536, 16, 0, 50 << 20, (int64_t)80 << 30 },
};

static void check_map(const struct avo_plan *plan, const struct avo_tensor_map *m)
{
	static const unsigned bytes[] = { [AVO_BF16] = 2, [AVO_F16] = 2, [AVO_F32] = 4, [AVO_U8] = 1, [AVO_U16] = 2, [AVO_U32] = 4 };
	unsigned __int128 end = m->offset;
	unsigned d;

	require(m->tensor < AVO_TENSORS && m->rank >= 1 && m->rank <= AVO_PLAN_RANK && m->dtype <= AVO_U32);
	for (d = 0; d < m->rank; d++)
		end += (unsigned __int128)(m->dims[d] - 1) * (d ? m->strides[d] : bytes[m->dtype]);
	end += bytes[m->dtype];
	require(end <= plan_tensor_bytes(plan, &problem, m->tensor));
}

static void check_launch(const struct avo_plan *plan, const struct avo_launch *l)
{
	unsigned i;

	require(l->name[0] && memchr(l->name, '\0', sizeof(l->name)));
	require(l->map_count <= AVO_PLAN_MAPS && l->arg_count <= AVO_PLAN_ARGS);
	require((uint64_t)l->block.x * l->block.y * l->block.z <= 1024);
	for (i = 0; i < l->map_count; i++)
		check_map(plan, &l->maps[i]);
	for (i = 0; i < l->arg_count; i++)
		if (l->args[i].kind == AVO_ARG_TENSOR)
			require(l->args[i].bits <= plan_tensor_bytes(plan, &problem, l->args[i].index));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct avo_plan plan;
	struct error err = { 0 };
	unsigned i;

	memset(&plan, 0, sizeof(plan));
	memcpy(&plan, data, size < sizeof(plan) ? size : sizeof(plan));
	if (plan_validate(&plan, &problem, &err) != AVO_OK) {
		require(err.text[0]);
		return 0;
	}
	require(plan.launch_count >= 1 && plan.launch_count <= AVO_PLAN_LAUNCHES && plan.clear_count <= AVO_PLAN_CLEARS);
	require(plan.workspace_bytes <= AVO_PLAN_WORKSPACE_MAX);
	for (i = 0; i < plan.launch_count; i++)
		check_launch(&plan, &plan.launches[i]);
	return 0;
}
