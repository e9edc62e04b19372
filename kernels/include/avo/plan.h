/*
 * The candidate ABI on CUDA: what to launch, as data.
 *
 * A candidate is two files in one directory:
 *   kernel.cu   device code only: `extern "C" __global__` entry points, compiled
 *               by NVRTC to a cubin for the device (sm_90a, sm_100a, ...). No host
 *               headers exist there; <avo/device/...> is on the include path. A
 *               line "// avo-compiler: nvcc" has nvcc compile it instead.
 *   plan.c      this file's one function, avo_plan(), compiled by the C compiler
 *               and run in a process without a GPU, without files and network.
 * plan.c may `#include "kernel.cu"` to share its parameters (tile sizes, stages,
 * shared memory layout); kernel.cu then guards its device code by
 * `#ifdef __CUDACC__`. One definition, two compilers.
 *
 * The task, attention forward, for every batch b and query head h:
 *
 *   O = softmax(scale * Q K^T + mask) V
 *
 * Tensors are bf16, contiguous [batch, length, heads, head_dim]: the element
 * (b, s, h, d) of Q lies at ((b * q_len + s) * q_heads + h) * head_dim + d.
 * Sums are fp32. Grouped-query attention: kv_heads divides q_heads, and query
 * head h reads key/value head h / (q_heads / kv_heads). The causal mask is
 * bottom-right aligned: query row i sees the keys j <= i + kv_len - q_len, and
 * every row sees at least one key (causal implies kv_len >= q_len).
 *
 * The trusted runner reads the plan, checks every number in it (see the limits
 * beside each field), encodes the tensor maps against the real pointers and
 * launches in order on one stream, timing all of it, the clearing included. It
 * does so many times with new pointers and new values: a plan never sees an
 * address, and may depend on nothing but `problem`.
 *
 * All structs are plain old data without padding holes; they travel as bytes.
 */
#ifndef AVO_PLAN_H
#define AVO_PLAN_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define AVO_PLAN_ABI 1

enum {
	AVO_PLAN_LAUNCHES = 8,		/* kernels in one plan */
	AVO_PLAN_ARGS = 32,		/* arguments of one kernel */
	AVO_PLAN_MAPS = 8,		/* tensor maps among them */
	AVO_PLAN_CLEARS = 8,		/* workspace ranges set before the first kernel */
	AVO_PLAN_NAME = 64,		/* bytes of a kernel name, with its NUL */
	AVO_PLAN_ERROR = 256,		/* bytes of the error message, with its NUL */
	AVO_PLAN_RANK = 5		/* dimensions of a tensor map */
};

/* The largest workspace a plan may ask for. */
#define AVO_PLAN_WORKSPACE_MAX ((uint64_t)4 << 30)

enum avo_tensor {
	AVO_Q,				/* [batch, q_len, q_heads, head_dim] */
	AVO_K,				/* [batch, kv_len, kv_heads, head_dim] */
	AVO_V,				/* [batch, kv_len, kv_heads, head_dim] */
	AVO_O,				/* [batch, q_len, q_heads, head_dim]; NaN on entry, every element must be written */
	AVO_WORKSPACE,			/* plan->workspace_bytes; contents undefined on entry unless cleared */
	AVO_TENSORS
};

enum avo_dtype { AVO_BF16, AVO_F16, AVO_F32, AVO_U8, AVO_U16, AVO_U32 };

struct avo_dim3 {
	uint32_t x, y, z;
};

/* What the device can do. Plans for one architecture should still read these. */
struct avo_device {
	int32_t cc_major, cc_minor;	/* compute capability, 9 and 0 on an H200 */
	int32_t sm_count;		/* streaming multiprocessors */
	int32_t max_shared_bytes;	/* dynamic shared memory one block may have (opt-in limit) */
	int32_t shared_bytes_per_sm;	/* all blocks of one SM together, 1 KiB per block reserved */
	int32_t registers_per_sm;	/* 32-bit registers */
	int32_t max_cluster;		/* blocks in one cluster, 1 where clusters do not exist */
	int32_t reserved;		/* 0 */
	int64_t l2_bytes;
	int64_t memory_bytes;
};

struct avo_problem {
	int32_t abi;			/* AVO_PLAN_ABI */
	int32_t dtype;			/* AVO_BF16 */
	int32_t batch;			/* >= 1 */
	int32_t q_len, kv_len;		/* any length >= 1, also lengths that no tile size divides */
	int32_t q_heads, kv_heads;	/* kv_heads divides q_heads */
	int32_t head_dim;		/* a multiple of 16, at most 256 */
	int32_t causal;			/* 0 or 1 */
	float scale;			/* 1 / sqrt(head_dim) */
	struct avo_device device;
};

/* ---- tensor maps (CUtensorMap): how the bulk copy engine sees a tensor ---- */

enum avo_swizzle { AVO_SWIZZLE_NONE, AVO_SWIZZLE_32B, AVO_SWIZZLE_64B, AVO_SWIZZLE_128B };
enum avo_interleave { AVO_INTERLEAVE_NONE, AVO_INTERLEAVE_16B, AVO_INTERLEAVE_32B };
enum avo_l2_promotion { AVO_L2_NONE, AVO_L2_64B, AVO_L2_128B, AVO_L2_256B };
enum avo_oob_fill { AVO_OOB_ZERO, AVO_OOB_NAN };	/* what a load reads outside of dims */

/*
 * Dimension 0 is the innermost, and its elements are adjacent. The numbers of
 * the enums above are those of the driver API. The tensor's offset must be a
 * multiple of 16; everything that dims and strides reach must lie inside the
 * tensor; a store never touches what lies outside of dims.
 */
struct avo_tensor_map {
	uint32_t tensor;			/* enum avo_tensor */
	uint32_t dtype;				/* enum avo_dtype */
	uint32_t rank;				/* 1 .. 5; 3 .. 5 with an interleave */
	uint32_t swizzle;			/* with it, box[0] * element size <= the swizzle's span */
	uint32_t interleave;
	uint32_t l2_promotion;
	uint32_t oob_fill;
	uint32_t reserved;			/* 0 */
	uint64_t offset;			/* bytes from the tensor's first byte */
	uint64_t dims[AVO_PLAN_RANK];		/* elements, 1 .. 2^32 */
	uint64_t strides[AVO_PLAN_RANK];	/* bytes; [i] steps dimension i; [0] is the element
						 * size, the others multiples of 16 below 2^40 */
	uint32_t box[AVO_PLAN_RANK];		/* elements copied at once, 1 .. 256 a dimension;
						 * box[0] * element size a multiple of 16 */
	uint32_t element_strides[AVO_PLAN_RANK];/* 1 .. 8, usually all 1 */
	uint32_t unused[2];			/* 0 */
};

/* ---- arguments, in the order of the kernel's parameters ---- */

enum avo_arg_kind {
	AVO_ARG_TENSOR,			/* 8 bytes: pointer to tensor `index` plus `bits` bytes */
	AVO_ARG_I32, AVO_ARG_U32,	/* 4 bytes: the low half of `bits` */
	AVO_ARG_I64, AVO_ARG_U64,	/* 8 bytes: `bits` */
	AVO_ARG_F32,			/* 4 bytes: IEEE 754 single in the low half of `bits` */
	AVO_ARG_F64,			/* 8 bytes: IEEE 754 double */
	AVO_ARG_TENSOR_MAP		/* 128 bytes, aligned to 64: maps[index]; the kernel takes it
					 * as `const __grid_constant__ avo_tensormap` */
};

struct avo_arg {
	uint32_t kind;			/* enum avo_arg_kind */
	uint32_t index;			/* enum avo_tensor, or index of the launch's maps */
	uint64_t bits;
};

enum avo_launch_flag {
	AVO_LAUNCH_COOPERATIVE = 1,	/* all blocks resident at once, for grid-wide barriers */
	AVO_LAUNCH_OVERLAP = 2		/* may start before the launch in front of it has ended: the kernel
					 * waits by griddepcontrol.wait (programmatic dependent launch);
					 * not for the first launch, which starts with the clock */
};

struct avo_launch {
	char name[AVO_PLAN_NAME];	/* the entry point's name in kernel.cu */
	struct avo_dim3 grid;		/* blocks; x < 2^31, y and z < 2^16, multiples of the cluster */
	struct avo_dim3 block;		/* threads; x * y * z <= 1024, z <= 64 */
	struct avo_dim3 cluster;	/* blocks; 1 1 1 for none; more than 8 in all is "non-portable" */
	uint32_t shared_bytes;		/* dynamic shared memory, <= device.max_shared_bytes; the runner
					 * raises the kernel's limit itself */
	uint32_t flags;			/* enum avo_launch_flag, or'ed */
	uint32_t arg_count;
	uint32_t map_count;
	uint32_t reserved;		/* 0 */
	struct avo_arg args[AVO_PLAN_ARGS];
	struct avo_tensor_map maps[AVO_PLAN_MAPS];
};

/* Bytes of the workspace that are set to `value` before the first launch, each time. */
struct avo_clear {
	uint64_t offset, bytes;		/* offset + bytes <= workspace_bytes */
	uint32_t value;			/* 0 .. 255 */
	uint32_t reserved;		/* 0 */
};

struct avo_plan {
	uint32_t abi;			/* AVO_PLAN_ABI */
	uint32_t launch_count;		/* 1 .. AVO_PLAN_LAUNCHES */
	uint32_t clear_count;
	uint32_t reserved;		/* 0 */
	uint64_t workspace_bytes;	/* aligned to 256 by the runner; <= AVO_PLAN_WORKSPACE_MAX */
	char error[AVO_PLAN_ERROR];	/* not empty: this plan must not be run, and why */
	struct avo_clear clears[AVO_PLAN_CLEARS];
	struct avo_launch launches[AVO_PLAN_LAUNCHES];
};

/*
 * The candidate's function. `plan` comes zeroed but for abi. Returns 0 when the
 * plan is complete; anything else, or a message in plan->error, rejects the
 * problem (say in the message which limit it broke: the operator reads it).
 */
int avo_plan(const struct avo_problem *problem, struct avo_plan *plan);

/* ---- helpers: with them a plan reads like a launcher ---- */

/* Ends a plan: `return avo_plan_fail(plan, "head_dim %d: only 128", d);` The first message stays. */
__attribute__((format(printf, 2, 3), unused)) static int avo_plan_fail(struct avo_plan *plan, const char *format, ...)
{
	va_list args;

	if (plan->error[0])
		return -1;
	va_start(args, format);
	vsnprintf(plan->error, sizeof(plan->error), format, args);
	va_end(args);
	if (!plan->error[0])
		memcpy(plan->error, "failed", sizeof("failed"));
	return -1;
}

static inline struct avo_dim3 avo_dim(uint32_t x, uint32_t y, uint32_t z)
{
	return (struct avo_dim3){ x, y, z };
}

static inline uint32_t avo_div_up(uint32_t n, uint32_t tile)
{
	return (n + tile - 1) / tile;
}

/*
 * Appends a launch; the arguments follow by avo_arg_*(). Never returns NULL: a
 * ninth launch fails the plan and hands out the eighth.
 */
static inline struct avo_launch *avo_launch(struct avo_plan *plan, const char *name, struct avo_dim3 grid,
					    struct avo_dim3 block, uint32_t shared_bytes)
{
	struct avo_launch *launch = &plan->launches[AVO_PLAN_LAUNCHES - 1];

	if (plan->launch_count < AVO_PLAN_LAUNCHES)
		launch = &plan->launches[plan->launch_count++];
	else
		avo_plan_fail(plan, "more than %d launches", AVO_PLAN_LAUNCHES);
	if (strlen(name) >= AVO_PLAN_NAME)
		avo_plan_fail(plan, "kernel name longer than %d bytes", AVO_PLAN_NAME - 1);
	snprintf(launch->name, sizeof(launch->name), "%s", name);
	launch->grid = grid;
	launch->block = block;
	launch->cluster = avo_dim(1, 1, 1);
	launch->shared_bytes = shared_bytes;
	return launch;
}

/* Too many arguments leave arg_count above its limit, which the runner rejects by name. */
static inline void avo_arg_push(struct avo_launch *launch, enum avo_arg_kind kind, uint32_t index, uint64_t bits)
{
	if (launch->arg_count < AVO_PLAN_ARGS)
		launch->args[launch->arg_count] = (struct avo_arg){ (uint32_t)kind, index, bits };
	launch->arg_count++;
}

/* A pointer to a tensor's first byte, or to `offset` bytes behind it. */
static inline void avo_arg_tensor(struct avo_launch *launch, enum avo_tensor tensor)
{
	avo_arg_push(launch, AVO_ARG_TENSOR, tensor, 0);
}

static inline void avo_arg_tensor_at(struct avo_launch *launch, enum avo_tensor tensor, uint64_t offset)
{
	avo_arg_push(launch, AVO_ARG_TENSOR, tensor, offset);
}

static inline void avo_arg_workspace(struct avo_launch *launch, uint64_t offset)
{
	avo_arg_push(launch, AVO_ARG_TENSOR, AVO_WORKSPACE, offset);
}

static inline void avo_arg_i32(struct avo_launch *launch, int32_t value)
{
	avo_arg_push(launch, AVO_ARG_I32, 0, (uint32_t)value);
}

static inline void avo_arg_u32(struct avo_launch *launch, uint32_t value)
{
	avo_arg_push(launch, AVO_ARG_U32, 0, value);
}

static inline void avo_arg_i64(struct avo_launch *launch, int64_t value)
{
	avo_arg_push(launch, AVO_ARG_I64, 0, (uint64_t)value);
}

static inline void avo_arg_u64(struct avo_launch *launch, uint64_t value)
{
	avo_arg_push(launch, AVO_ARG_U64, 0, value);
}

static inline void avo_arg_f32(struct avo_launch *launch, float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	avo_arg_push(launch, AVO_ARG_F32, 0, bits);
}

static inline void avo_arg_f64(struct avo_launch *launch, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	avo_arg_push(launch, AVO_ARG_F64, 0, bits);
}

/* The map is copied; too many leave map_count above its limit, which the runner rejects. */
static inline void avo_arg_tensor_map(struct avo_launch *launch, const struct avo_tensor_map *map)
{
	avo_arg_push(launch, AVO_ARG_TENSOR_MAP, launch->map_count, 0);
	if (launch->map_count < AVO_PLAN_MAPS)
		launch->maps[launch->map_count] = *map;
	launch->map_count++;
}

/*
 * The map of Q, K, V or O that most kernels want: rank 4, dims {head_dim, heads,
 * length, batch}, bf16; a box is `columns` of the head by `rows` of one head's
 * sequence, and lands in shared memory as rows of columns * 2 bytes. Rows past
 * the end of a sequence read as zero (they never reach into the next batch) and
 * are not stored. Coordinates in the kernel: {column, head, row, batch}.
 */
static inline struct avo_tensor_map avo_map_bshd(const struct avo_problem *problem, enum avo_tensor tensor,
						 uint32_t columns, uint32_t rows, enum avo_swizzle swizzle)
{
	int kv = tensor == AVO_K || tensor == AVO_V;
	uint64_t heads = (uint64_t)(kv ? problem->kv_heads : problem->q_heads);
	uint64_t length = (uint64_t)(kv ? problem->kv_len : problem->q_len);
	uint64_t depth = (uint64_t)problem->head_dim;

	return (struct avo_tensor_map){
		.tensor = tensor,
		.dtype = AVO_BF16,
		.rank = 4,
		.swizzle = swizzle,
		.l2_promotion = AVO_L2_256B,
		.dims = { depth, heads, length, (uint64_t)problem->batch },
		.strides = { 2, depth * 2, heads * depth * 2, length * heads * depth * 2 },
		.box = { columns, 1, rows, 1 },
		.element_strides = { 1, 1, 1, 1 },
	};
}

/* Reserves workspace and returns its offset, aligned to 256 bytes. */
static inline uint64_t avo_workspace(struct avo_plan *plan, uint64_t bytes)
{
	uint64_t offset = (plan->workspace_bytes + 255) & ~(uint64_t)255;

	if (bytes > AVO_PLAN_WORKSPACE_MAX || offset + bytes > AVO_PLAN_WORKSPACE_MAX) {
		avo_plan_fail(plan, "workspace above %llu bytes", (unsigned long long)AVO_PLAN_WORKSPACE_MAX);
		return 0;
	}
	plan->workspace_bytes = offset + bytes;
	return offset;
}

/* Sets a range of the workspace to `value` before the first launch of every sequence. */
static inline void avo_clear(struct avo_plan *plan, uint64_t offset, uint64_t bytes, uint8_t value)
{
	if (plan->clear_count == AVO_PLAN_CLEARS) {
		avo_plan_fail(plan, "more than %d cleared ranges", AVO_PLAN_CLEARS);
		return;
	}
	plan->clears[plan->clear_count++] = (struct avo_clear){ offset, bytes, value, 0 };
}

#ifdef __cplusplus
#define AVO_ASSERT static_assert
#else
#define AVO_ASSERT _Static_assert
#endif
AVO_ASSERT(sizeof(struct avo_tensor_map) == 168, "avo_tensor_map has no padding");
AVO_ASSERT(sizeof(struct avo_arg) == 16, "avo_arg has no padding");
AVO_ASSERT(sizeof(struct avo_launch) % 8 == 0, "avo_launch has no padding");
AVO_ASSERT(offsetof(struct avo_launch, args) == AVO_PLAN_NAME + 9 * 4 + 5 * 4, "avo_launch has no padding");
AVO_ASSERT(offsetof(struct avo_plan, launches) % 8 == 0, "avo_plan has no padding");
#undef AVO_ASSERT

#endif
