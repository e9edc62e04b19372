#include "avo.h"
#include "worker/cuda/planner.h"

/*
 * The plan is data from hostile code: every number is checked before the
 * trusted runner uses it. What only the device can tell (does the kernel exist,
 * may it have that many threads) the runner checks when it launches.
 */

struct checker {
	const struct avo_plan *plan;
	const struct avo_problem *problem;
	struct error *err;
	unsigned launch;
};

#define FAIL(k, fmt, ...) \
	error_set((k)->err, AVO_NEGATIVE, "plan: launch %u (%.*s): " fmt, (k)->launch, AVO_PLAN_NAME - 1, \
		  (k)->plan->launches[(k)->launch].name, __VA_ARGS__)

uint64_t plan_tensor_bytes(const struct avo_plan *plan, const struct avo_problem *p, uint32_t tensor)
{
	uint64_t heads = (uint64_t)(tensor == AVO_K || tensor == AVO_V ? p->kv_heads : p->q_heads);
	uint64_t length = (uint64_t)(tensor == AVO_K || tensor == AVO_V ? p->kv_len : p->q_len);

	if (tensor == AVO_WORKSPACE)
		return plan->workspace_bytes;
	return (uint64_t)p->batch * length * heads * (uint64_t)p->head_dim * 2;
}

static unsigned dtype_bytes(uint32_t dtype)
{
	static const unsigned char bytes[] = { [AVO_BF16] = 2, [AVO_F16] = 2, [AVO_F32] = 4, [AVO_U8] = 1, [AVO_U16] = 2, [AVO_U32] = 4 };

	return dtype < ARRAY_LEN(bytes) ? bytes[dtype] : 0;
}

static enum avo_status check_map_enums(const struct checker *k, const struct avo_tensor_map *m, unsigned i)
{
	if (m->tensor >= AVO_TENSORS)
		return FAIL(k, "tensor map %u: there is no tensor %u", i, m->tensor);
	if (!dtype_bytes(m->dtype))
		return FAIL(k, "tensor map %u: there is no dtype %u", i, m->dtype);
	if (m->rank < 1 || m->rank > AVO_PLAN_RANK)
		return FAIL(k, "tensor map %u: rank %u is not in 1..%d", i, m->rank, AVO_PLAN_RANK);
	if (m->swizzle > AVO_SWIZZLE_128B || m->interleave > AVO_INTERLEAVE_32B || m->l2_promotion > AVO_L2_256B || m->oob_fill > AVO_OOB_NAN)
		return FAIL(k, "tensor map %u: swizzle %u, interleave %u, L2 promotion %u or fill %u is out of range", i, m->swizzle,
			    m->interleave, m->l2_promotion, m->oob_fill);
	if (m->interleave != AVO_INTERLEAVE_NONE && m->rank < 3)
		return FAIL(k, "tensor map %u: an interleave wants rank 3 or more, not %u", i, m->rank);
	if (m->offset % 16)
		return FAIL(k, "tensor map %u: offset %llu is not a multiple of 16", i, (unsigned long long)m->offset);
	return AVO_OK;
}

static enum avo_status check_map_box(const struct checker *k, const struct avo_tensor_map *m, unsigned i)
{
	static const unsigned span[] = { 0, 32, 64, 128 };
	unsigned bytes = dtype_bytes(m->dtype), inner = m->box[0] * bytes, d;

	for (d = 0; d < m->rank; d++) {
		if (m->box[d] < 1 || m->box[d] > 256)
			return FAIL(k, "tensor map %u: box[%u] = %u is not in 1..256", i, d, m->box[d]);
		if (m->element_strides[d] < 1 || m->element_strides[d] > 8)
			return FAIL(k, "tensor map %u: element stride %u is not in 1..8", i, m->element_strides[d]);
	}
	if (inner % 16)
		return FAIL(k, "tensor map %u: the box's innermost %u bytes are not a multiple of 16", i, inner);
	if (m->swizzle && inner > span[m->swizzle])
		return FAIL(k, "tensor map %u: the box's innermost %u bytes exceed the swizzle's span of %u", i, inner, span[m->swizzle]);
	return AVO_OK;
}

/* Everything that dims and strides reach must lie inside the tensor. */
static enum avo_status check_map_reach(const struct checker *k, const struct avo_tensor_map *m, unsigned i)
{
	uint64_t size = plan_tensor_bytes(k->plan, k->problem, m->tensor);
	uint64_t reach = m->offset;
	unsigned bytes = dtype_bytes(m->dtype), d;

	for (d = 0; d < m->rank; d++) {
		uint64_t stride = d ? m->strides[d] : bytes, step;

		if (m->dims[d] < 1 || m->dims[d] > (uint64_t)1 << 32)
			return FAIL(k, "tensor map %u: dims[%u] = %llu is not in 1..2^32", i, d, (unsigned long long)m->dims[d]);
		if (d && (stride % 16 || stride >= (uint64_t)1 << 40))
			return FAIL(k, "tensor map %u: stride %llu is no multiple of 16 below 2^40", i, (unsigned long long)stride);
		if (__builtin_mul_overflow(m->dims[d] - 1, stride, &step) || __builtin_add_overflow(reach, step, &reach))
			return FAIL(k, "tensor map %u: dims and strides overflow", i);
	}
	if (__builtin_add_overflow(reach, (uint64_t)bytes, &reach) || reach > size)
		return FAIL(k, "tensor map %u reaches byte %llu of a tensor of %llu", i, (unsigned long long)reach, (unsigned long long)size);
	return AVO_OK;
}

static enum avo_status check_argument(const struct checker *k, const struct avo_launch *l, unsigned i)
{
	const struct avo_arg *a = &l->args[i];
	uint64_t size;

	switch (a->kind) {
	case AVO_ARG_TENSOR:
		if (a->index >= AVO_TENSORS)
			return FAIL(k, "argument %u: there is no tensor %u", i, a->index);
		size = plan_tensor_bytes(k->plan, k->problem, a->index);
		if (a->bits > size)
			return FAIL(k, "argument %u: offset %llu is behind the tensor's %llu bytes", i, (unsigned long long)a->bits,
				    (unsigned long long)size);
		return AVO_OK;
	case AVO_ARG_TENSOR_MAP:
		if (a->index >= l->map_count)
			return FAIL(k, "argument %u: there is no tensor map %u", i, a->index);
		return AVO_OK;
	case AVO_ARG_I32: case AVO_ARG_U32: case AVO_ARG_I64: case AVO_ARG_U64: case AVO_ARG_F32: case AVO_ARG_F64:
		return AVO_OK;
	default:
		return FAIL(k, "argument %u: there is no kind %u", i, a->kind);
	}
}

static bool is_name(const char *name)
{
	size_t i;

	for (i = 0; i < AVO_PLAN_NAME && name[i]; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$", name[i]))
			return false;
	return i > 0 && i < AVO_PLAN_NAME;
}

static enum avo_status check_shape(const struct checker *k, const struct avo_launch *l)
{
	const struct avo_device *device = &k->problem->device;
	uint64_t threads = (uint64_t)l->block.x * l->block.y * l->block.z;
	uint64_t cluster = (uint64_t)l->cluster.x * l->cluster.y * l->cluster.z;

	if (!l->grid.x || !l->grid.y || !l->grid.z || l->grid.x >= (uint32_t)1 << 31 || l->grid.y > 65535 || l->grid.z > 65535)
		return FAIL(k, "grid %u x %u x %u is out of range", l->grid.x, l->grid.y, l->grid.z);
	if (l->block.x > 1024 || l->block.y > 1024 || l->block.z > 64 || !threads || threads > 1024)
		return FAIL(k, "block %u x %u x %u is not 1..1024 threads", l->block.x, l->block.y, l->block.z);
	if (!l->cluster.x || !l->cluster.y || !l->cluster.z || cluster > 16 || cluster > (uint64_t)(device->max_cluster > 1 ? device->max_cluster : 1))
		return FAIL(k, "a cluster of %u x %u x %u blocks is more than the device's %d", l->cluster.x, l->cluster.y, l->cluster.z,
			    device->max_cluster);
	if (l->grid.x % l->cluster.x || l->grid.y % l->cluster.y || l->grid.z % l->cluster.z)
		return FAIL(k, "grid %u x %u x %u is no multiple of the cluster", l->grid.x, l->grid.y, l->grid.z);
	if (l->shared_bytes > (uint32_t)device->max_shared_bytes)
		return FAIL(k, "%u bytes of shared memory are more than the device's %d", l->shared_bytes, device->max_shared_bytes);
	if (l->flags & ~(uint32_t)(AVO_LAUNCH_COOPERATIVE | AVO_LAUNCH_OVERLAP))
		return FAIL(k, "unknown flags 0x%x", l->flags);
	/* in front of the first launch there is only the worker's own work, the clock's start included: that must have ended */
	if (k->launch == 0 && l->flags & AVO_LAUNCH_OVERLAP)
		return FAIL(k, "%s is for a launch behind another one of the plan: the first one starts when the clock does", "OVERLAP");
	return AVO_OK;
}

static enum avo_status check_launch(const struct checker *k)
{
	const struct avo_launch *l = &k->plan->launches[k->launch];
	enum avo_status st;
	unsigned i;

	if (!is_name(l->name))
		return error_set(k->err, AVO_NEGATIVE, "plan: launch %u: not the name of a kernel", k->launch);
	st = check_shape(k, l);
	if (st == AVO_OK && (l->arg_count > AVO_PLAN_ARGS || l->map_count > AVO_PLAN_MAPS))
		st = FAIL(k, "%u arguments and %u tensor maps: at most %d and %d", l->arg_count, l->map_count, AVO_PLAN_ARGS, AVO_PLAN_MAPS);
	for (i = 0; st == AVO_OK && i < l->arg_count; i++)
		st = check_argument(k, l, i);
	for (i = 0; st == AVO_OK && i < l->map_count; i++) {
		st = check_map_enums(k, &l->maps[i], i);
		if (st == AVO_OK)
			st = check_map_box(k, &l->maps[i], i);
		if (st == AVO_OK)
			st = check_map_reach(k, &l->maps[i], i);
	}
	return st;
}

static enum avo_status check_clears(const struct avo_plan *plan, struct error *err)
{
	unsigned i;

	for (i = 0; i < plan->clear_count; i++) {
		const struct avo_clear *c = &plan->clears[i];
		uint64_t end;

		if (__builtin_add_overflow(c->offset, c->bytes, &end) || end > plan->workspace_bytes || c->value > 255)
			return error_set(err, AVO_NEGATIVE, "plan: cleared range %u is outside of the workspace of %llu bytes", i,
					 (unsigned long long)plan->workspace_bytes);
	}
	return AVO_OK;
}

enum avo_status plan_validate(const struct avo_plan *plan, const struct avo_problem *problem, struct error *err)
{
	struct checker k = { .plan = plan, .problem = problem, .err = err };
	enum avo_status st = AVO_OK;

	if (plan->abi != AVO_PLAN_ABI)
		return error_set(err, AVO_NEGATIVE, "plan: ABI %u, this avo speaks %d", plan->abi, AVO_PLAN_ABI);
	if (plan->launch_count < 1 || plan->launch_count > AVO_PLAN_LAUNCHES)
		return error_set(err, AVO_NEGATIVE, "plan: %u launches, 1..%d are possible", plan->launch_count, AVO_PLAN_LAUNCHES);
	if (plan->clear_count > AVO_PLAN_CLEARS)
		return error_set(err, AVO_NEGATIVE, "plan: %u cleared ranges, at most %d", plan->clear_count, AVO_PLAN_CLEARS);
	if (plan->workspace_bytes > AVO_PLAN_WORKSPACE_MAX)
		return error_set(err, AVO_NEGATIVE, "plan: a workspace of %llu bytes is above the limit of %llu",
				 (unsigned long long)plan->workspace_bytes, (unsigned long long)AVO_PLAN_WORKSPACE_MAX);
	st = check_clears(plan, err);
	for (k.launch = 0; st == AVO_OK && k.launch < plan->launch_count; k.launch++)
		st = check_launch(&k);
	return st;
}
