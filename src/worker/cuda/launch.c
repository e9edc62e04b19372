#include "avo.h"
#include "base/mem.h"
#include "worker/cuda/driver.h"
#include "worker/cuda/launch.h"

struct prepared {
	CUfunction function;
	CUlaunchConfig config;
	CUlaunchAttribute attributes[3];
	CUtensorMap maps[AVO_PLAN_MAPS] __attribute__((aligned(64)));
	uint64_t values[AVO_PLAN_ARGS];		/* scalars and pointers */
	void *params[AVO_PLAN_ARGS];
};

struct launch_set {
	struct avo_plan plan;
	CUdeviceptr workspace;
	struct prepared launches[AVO_PLAN_LAUNCHES];
};

static enum avo_status encode_map(CUtensorMap *out, const struct avo_tensor_map *m, const struct tensor_pointers *pointers,
				  const char *kernel, unsigned index, struct error *err)
{
	static const CUtensorMapDataType types[] = {
		[AVO_BF16] = CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, [AVO_F16] = CU_TENSOR_MAP_DATA_TYPE_FLOAT16,
		[AVO_F32] = CU_TENSOR_MAP_DATA_TYPE_FLOAT32, [AVO_U8] = CU_TENSOR_MAP_DATA_TYPE_UINT8,
		[AVO_U16] = CU_TENSOR_MAP_DATA_TYPE_UINT16, [AVO_U32] = CU_TENSOR_MAP_DATA_TYPE_UINT32,
	};
	cuuint64_t dims[AVO_PLAN_RANK], strides[AVO_PLAN_RANK];
	unsigned d;
	CUresult result;

	for (d = 0; d < AVO_PLAN_RANK; d++) {
		dims[d] = m->dims[d];
		strides[d] = d + 1 < AVO_PLAN_RANK ? m->strides[d + 1] : 0;	/* the driver leaves out dimension 0 */
	}
	result = cu()->cuTensorMapEncodeTiled(
		out, types[m->dtype], m->rank, (void *)(uintptr_t)(pointers->at[m->tensor] + m->offset), dims, strides, m->box,
		m->element_strides, (CUtensorMapInterleave)m->interleave, (CUtensorMapSwizzle)m->swizzle,
		(CUtensorMapL2promotion)m->l2_promotion, (CUtensorMapFloatOOBfill)m->oob_fill);
	if (result != CUDA_SUCCESS)
		return error_set(err, AVO_NEGATIVE, "plan: launch %s: the driver refuses tensor map %u", kernel, index);
	return AVO_OK;
}

static size_t argument_size(uint32_t kind)
{
	switch (kind) {
	case AVO_ARG_I32: case AVO_ARG_U32: case AVO_ARG_F32: return 4;
	case AVO_ARG_TENSOR_MAP: return sizeof(CUtensorMap);
	default: return 8;
	}
}

/* The kernel's own parameters decide how many bytes the driver reads from ours. */
static enum avo_status check_parameters(const struct avo_launch *l, CUfunction function, struct error *err)
{
	size_t offset, size;
	unsigned i;

	for (i = 0; i < l->arg_count; i++) {
		if (cu()->cuFuncGetParamInfo(function, i, &offset, &size) != CUDA_SUCCESS)
			return error_set(err, AVO_NEGATIVE, "plan: kernel %s has %u parameters, the plan gives %u", l->name, i, l->arg_count);
		if (size != argument_size(l->args[i].kind))
			return error_set(err, AVO_NEGATIVE, "plan: parameter %u of kernel %s has %zu bytes, the plan gives %zu", i, l->name,
					 size, argument_size(l->args[i].kind));
	}
	if (cu()->cuFuncGetParamInfo(function, l->arg_count, &offset, &size) == CUDA_SUCCESS)
		return error_set(err, AVO_NEGATIVE, "plan: kernel %s has more parameters than the %u that the plan gives", l->name, l->arg_count);
	return AVO_OK;
}

static enum avo_status set_parameters(struct prepared *p, const struct avo_launch *l, const struct tensor_pointers *pointers,
				      struct error *err)
{
	enum avo_status st = check_parameters(l, p->function, err);
	unsigned i;

	for (i = 0; st == AVO_OK && i < l->map_count; i++)
		st = encode_map(&p->maps[i], &l->maps[i], pointers, l->name, i, err);
	for (i = 0; st == AVO_OK && i < l->arg_count; i++) {
		const struct avo_arg *a = &l->args[i];

		p->values[i] = a->kind == AVO_ARG_TENSOR ? pointers->at[a->index] + a->bits : a->bits;
		p->params[i] = a->kind == AVO_ARG_TENSOR_MAP ? (void *)&p->maps[a->index] : (void *)&p->values[i];
	}
	return st;
}

static enum avo_status set_limits(CUfunction function, const struct avo_launch *l, struct error *err)
{
	unsigned threads = l->block.x * l->block.y * l->block.z;
	int most = 0;

	cu()->cuFuncGetAttribute(&most, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, function);
	if ((int)threads > most)
		return error_set(err, AVO_NEGATIVE, "plan: kernel %s runs with at most %d threads a block, not %u (registers, or its launch bounds)",
				 l->name, most, threads);
	if (cu()->cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, (int)l->shared_bytes) != CUDA_SUCCESS)
		return error_set(err, AVO_NEGATIVE, "plan: kernel %s cannot have %u bytes of dynamic shared memory beside its static ones",
				 l->name, l->shared_bytes);
	if (l->cluster.x * l->cluster.y * l->cluster.z > 8 &&
	    cu()->cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1) != CUDA_SUCCESS)
		return error_set(err, AVO_NEGATIVE, "plan: kernel %s cannot have clusters of more than 8 blocks", l->name);
	return AVO_OK;
}

static void set_config(struct prepared *p, const struct avo_launch *l)
{
	CUlaunchConfig *c = &p->config;

	*c = (CUlaunchConfig){
		.gridDimX = l->grid.x, .gridDimY = l->grid.y, .gridDimZ = l->grid.z,
		.blockDimX = l->block.x, .blockDimY = l->block.y, .blockDimZ = l->block.z,
		.sharedMemBytes = l->shared_bytes, .attrs = p->attributes,
	};
	if (l->cluster.x * l->cluster.y * l->cluster.z > 1)
		p->attributes[c->numAttrs++] = (CUlaunchAttribute){
			.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION,
			.value.clusterDim = { l->cluster.x, l->cluster.y, l->cluster.z },
		};
	if (l->flags & AVO_LAUNCH_COOPERATIVE)
		p->attributes[c->numAttrs++] = (CUlaunchAttribute){ .id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE, .value.cooperative = 1 };
	if (l->flags & AVO_LAUNCH_OVERLAP)
		p->attributes[c->numAttrs++] = (CUlaunchAttribute){
			.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION, .value.programmaticStreamSerializationAllowed = 1,
		};
}

enum avo_status launch_prepare(struct launch_set **out, CUmodule module, const struct avo_plan *plan,
			       const struct tensor_pointers *pointers, struct error *err)
{
	struct launch_set *set = aligned_alloc(64, (sizeof(*set) + 63) / 64 * 64);
	enum avo_status st = AVO_OK;
	unsigned i;

	if (!set)
		return error_set(err, AVO_ENVIRONMENT, "out of memory");
	memset(set, 0, sizeof(*set));
	set->plan = *plan;
	set->workspace = pointers->at[AVO_WORKSPACE];
	for (i = 0; st == AVO_OK && i < plan->launch_count; i++) {
		const struct avo_launch *l = &set->plan.launches[i];
		struct prepared *p = &set->launches[i];

		if (cu()->cuModuleGetFunction(&p->function, module, l->name) != CUDA_SUCCESS)
			st = error_set(err, AVO_NEGATIVE, "plan: kernel.cu has no entry point %s (extern \"C\" __global__)", l->name);
		if (st == AVO_OK)
			st = set_limits(p->function, l, err);
		if (st == AVO_OK)
			st = set_parameters(p, l, pointers, err);
		set_config(p, l);
	}
	if (st != AVO_OK)
		free(set);
	else
		*out = set;
	return st;
}

void launch_free(struct launch_set *set)
{
	free(set);
}

CUresult launch_all(const struct launch_set *set, CUstream stream)
{
	CUresult result = CUDA_SUCCESS;
	unsigned i;

	for (i = 0; result == CUDA_SUCCESS && i < set->plan.clear_count; i++) {
		const struct avo_clear *c = &set->plan.clears[i];

		if (c->bytes)
			result = cu()->cuMemsetD8Async(set->workspace + c->offset, (unsigned char)c->value, c->bytes, stream);
	}
	for (i = 0; result == CUDA_SUCCESS && i < set->plan.launch_count; i++) {
		const struct prepared *p = &set->launches[i];
		CUlaunchConfig config = p->config;

		config.hStream = stream;
		config.attrs = (CUlaunchAttribute *)p->attributes;
		result = cu()->cuLaunchKernelEx(&config, p->function, (void **)p->params, NULL);
	}
	return result;
}

int launch_describe(struct launch_facts out[AVO_PLAN_LAUNCHES], const struct launch_set *set)
{
	unsigned i;

	for (i = 0; i < set->plan.launch_count; i++) {
		const struct avo_launch *l = &set->plan.launches[i];
		CUfunction f = set->launches[i].function;
		struct launch_facts *o = &out[i];

		memset(o, 0, sizeof(*o));
		memcpy(o->kernel, l->name, sizeof(o->kernel));
		cu()->cuFuncGetAttribute(&o->registers, CU_FUNC_ATTRIBUTE_NUM_REGS, f);
		cu()->cuFuncGetAttribute(&o->local_bytes, CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES, f);
		cu()->cuFuncGetAttribute(&o->static_shared, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, f);
		cu()->cuFuncGetAttribute(&o->max_threads, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, f);
		o->dynamic_shared = (int)l->shared_bytes;
		cu()->cuOccupancyMaxActiveBlocksPerMultiprocessor(&o->blocks_per_sm, f, (int)(l->block.x * l->block.y * l->block.z),
								  l->shared_bytes);
		o->grid[0] = l->grid.x, o->grid[1] = l->grid.y, o->grid[2] = l->grid.z;
		o->block[0] = l->block.x, o->block[1] = l->block.y, o->block[2] = l->block.z;
		o->cluster[0] = l->cluster.x, o->cluster[1] = l->cluster.y, o->cluster[2] = l->cluster.z;
	}
	return (int)set->plan.launch_count;
}
