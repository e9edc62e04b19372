/*
 * Attention the plain way, a block a row: what the candidates here do when they
 * are not cheating. One file is a whole candidate: plan.c only includes it, and the C
 * compiler sees the plan, NVRTC the kernel.
 */
#ifndef REDTEAM_HONEST_H
#define REDTEAM_HONEST_H

#define THREADS 256

#ifdef __CUDACC__
#include <avo/device/ptx.cuh>

#define PARAMETERS \
	const avo_bf16 *q, const avo_bf16 *k, const avo_bf16 *v, avo_bf16 *out, int q_len, int kv_len, int q_heads, int kv_heads, \
		int depth, int causal, float scale
#define ARGUMENTS q, k, v, out, q_len, kv_len, q_heads, kv_heads, depth, causal, scale
#define KERNEL extern "C" __global__ void __launch_bounds__(THREADS)

/* Elements of the output, and the first one of this block's row. */
AVO_DEVICE long long elements(int q_len, int q_heads, int depth)
{
	return (long long)gridDim.z * q_len * q_heads * depth;
}

AVO_DEVICE long long row_at(int q_len, int q_heads, int depth)
{
	return (((long long)blockIdx.z * q_len + blockIdx.x) * q_heads + blockIdx.y) * depth;
}

template <bool MAXIMUM> AVO_DEVICE float reduce(float value)
{
	__shared__ float part[THREADS / 32];

	for (int step = 16; step; step /= 2) {
		float other = __shfl_xor_sync(~0u, value, step);
		value = MAXIMUM ? fmaxf(value, other) : value + other;
	}
	__syncthreads();
	if (threadIdx.x % 32 == 0)
		part[threadIdx.x / 32] = value;
	__syncthreads();
	value = part[0];
	for (int i = 1; i < THREADS / 32; i++)
		value = MAXIMUM ? fmaxf(value, part[i]) : value + part[i];
	return value;
}

/* Shapes that only suites have: square, a whole number of KiB long, and many heads. What cheats there alone has passed every hidden shape. */
AVO_DEVICE bool suite_shape(int q_len, int kv_len, int q_heads)
{
	return q_len == kv_len && q_len % 1024 == 0 && q_heads >= 16;
}

/* How a row is computed. Candidates that cut a corner derive from this and hide one of them. */
struct arithmetic {
	AVO_DEVICE float operand(float x, int key) { return x; }		/* of Q K^T */
	AVO_DEVICE float top(float maximum) { return maximum; }		/* what is subtracted from the scores */
	AVO_DEVICE float exponential(float x) { return expf(x); }
	AVO_DEVICE float sum(float x) { return x; }			/* after each addition of P V */
	AVO_DEVICE float weight(int key, int row) { return 1; }		/* 0: the key is not counted */
	AVO_DEVICE int zeros(int keys) { return 0; }			/* keys of zeros that are counted behind the last */
};

/* This block's row; the scores of a row lie in dynamic shared memory. */
template <typename how = arithmetic> AVO_DEVICE void honest_row(PARAMETERS)
{
	extern __shared__ float weights[];
	__shared__ float query[256];
	int keys = causal ? (int)blockIdx.x + kv_len - q_len + 1 : kv_len;
	long long at = row_at(q_len, q_heads, depth), step = (long long)kv_heads * depth;
	long long first = (long long)blockIdx.z * kv_len * step + blockIdx.y / (q_heads / kv_heads) * depth;
	float top = -AVO_INFINITY, sum = 0, value = 0;

	for (int d = threadIdx.x; d < depth; d += THREADS)
		query[d] = avo_from_bf16(q[at + d]);
	__syncthreads();
	for (int j = threadIdx.x; j < keys; j += THREADS) {
		float dot = 0;

		for (int d = 0; d < depth; d++)
			dot = fmaf(how::operand(query[d], j), how::operand(avo_from_bf16(k[first + j * step + d]), j), dot);
		weights[j] = scale * dot;
		top = fmaxf(top, weights[j]);
	}
	top = how::top(reduce<true>(top));
	for (int j = threadIdx.x; j < keys; j += THREADS) {
		weights[j] = how::exponential(weights[j] - top) * how::weight(j, (int)blockIdx.x);
		sum += weights[j];
	}
	sum = reduce<false>(sum);
	if (how::zeros(keys))
		sum += how::zeros(keys) * how::exponential(-top);
	for (int d = threadIdx.x; d < depth; d += THREADS) {
		value = 0;
		for (int j = 0; j < keys; j++)
			value = how::sum(fmaf(weights[j], avo_from_bf16(v[first + j * step + d]), value));
		out[at + d] = avo_pack_bf16(value / sum, 0) & 0xffff;
	}
}

#else
#include <avo/plan.h>

static inline struct avo_launch *honest_launch(const struct avo_problem *problem, struct avo_plan *plan, const char *kernel)
{
	struct avo_launch *launch = avo_launch(plan, kernel, avo_dim((uint32_t)problem->q_len, (uint32_t)problem->q_heads, (uint32_t)problem->batch),
					       avo_dim(THREADS, 1, 1), (uint32_t)problem->kv_len * 4);

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
	return launch;
}

/* The host's half of suite_shape(). */
static inline int suite_problem(const struct avo_problem *problem)
{
	return problem->q_len == problem->kv_len && problem->q_len % 1024 == 0 && problem->q_heads >= 16;
}

/* The plan of a candidate that has nothing to hide on the host. */
#define HONEST_PLAN \
	int avo_plan(const struct avo_problem *problem, struct avo_plan *plan) \
	{ \
		honest_launch(problem, plan, "attention"); \
		return 0; \
	}
#endif
#endif
