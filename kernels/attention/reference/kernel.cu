/*
 * Attention forward, the obvious way: one block a query row, everything in fp32.
 * bf16 in and out, head_dim a multiple of 16 up to 256, MHA and GQA, causal and
 * not, any lengths. Any CUDA device.
 *
 * A block keeps one row of scores in shared memory, CHUNK keys at a time, with a
 * running maximum and sum, and one thread owns one column of the output.
 *
 * version  change                                              measured
 * v0       the formula                                         not meant to be fast
 */
/* ---- parameters: read by plan.c too ---- */
#define THREADS 256		// avo: 256|512
#define CHUNK 1024		// avo: 256|1024|4096

#ifdef __CUDACC__
#include <avo/device/ptx.cuh>

/* The maximum, or the sum, over the block; `scratch` has a float for every warp. */
template <bool MAXIMUM> AVO_DEVICE float reduce(float value, float *scratch)
{
	for (int step = 16; step; step /= 2) {
		float other = __shfl_xor_sync(~0u, value, step);
		value = MAXIMUM ? fmaxf(value, other) : value + other;
	}
	__syncthreads();
	if (threadIdx.x % 32 == 0)
		scratch[threadIdx.x / 32] = value;
	__syncthreads();
	value = scratch[0];
	for (int i = 1; i < THREADS / 32; i++)
		value = MAXIMUM ? fmaxf(value, scratch[i]) : value + scratch[i];
	return value;
}

AVO_DEVICE float dot(const float *q, const avo_bf16 *k, int depth)
{
	float sum = 0;

	for (int d = 0; d < depth; d++)
		sum = fmaf(q[d], avo_from_bf16(k[d]), sum);
	return sum;
}

extern "C" __global__ void __launch_bounds__(THREADS)
	attention(const avo_bf16 *q, const avo_bf16 *k, const avo_bf16 *v, avo_bf16 *out, int q_len, int kv_len,
		  int q_heads, int kv_heads, int depth, int causal, float scale)
{
	__shared__ float weights[CHUNK], query[256], scratch[THREADS / 32];
	int row = blockIdx.x, head = blockIdx.y, batch = blockIdx.z;
	int kv_head = head / (q_heads / kv_heads);
	int keys = causal ? row + kv_len - q_len + 1 : kv_len;
	long long q_at = (((long long)batch * q_len + row) * q_heads + head) * depth;
	long long kv_at = ((long long)batch * kv_len * kv_heads + kv_head) * depth;
	long long kv_step = (long long)kv_heads * depth;
	float top = -AVO_INFINITY, sum = 0, output = 0;
	int column = threadIdx.x;

	for (int d = threadIdx.x; d < depth; d += THREADS)
		query[d] = avo_from_bf16(q[q_at + d]);
	__syncthreads();
	for (int start = 0; start < keys; start += CHUNK) {
		int count = min(CHUNK, keys - start);
		float best = top, part = 0;

		for (int i = threadIdx.x; i < count; i += THREADS) {
			weights[i] = scale * dot(query, k + kv_at + (start + i) * kv_step, depth);
			best = fmaxf(best, weights[i]);
		}
		best = reduce<true>(best, scratch);
		for (int i = threadIdx.x; i < count; i += THREADS) {
			weights[i] = expf(weights[i] - best);
			part += weights[i];
		}
		part = reduce<false>(part, scratch);
		float factor = expf(top - best);
		top = best;
		sum = sum * factor + part;
		output *= factor;
		if (column < depth)
			for (int i = 0; i < count; i++)
				output = fmaf(weights[i], avo_from_bf16(v[kv_at + (start + i) * kv_step + column]), output);
		__syncthreads();
	}
	if (column < depth)
		out[q_at + column] = avo_pack_bf16(output / sum, 0) & 0xffff;
}
#endif
