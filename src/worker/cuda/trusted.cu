// The worker's own device code: values, the reference, and the comparison.
// Compiled by NVRTC when the backend is opened; runs in the runner's process.
//
// Tensors are bf16 [batch, length, heads, head_dim]. A row is one (batch,
// position, head) of the output, numbered as it lies in memory.

#include "trusted_abi.h"

#define INFINITY __int_as_float(0x7f800000)

typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

__device__ __forceinline__ float from_bf16(u16 x)
{
	return __uint_as_float((u32)x << 16);
}

// Round to nearest even, as every bf16 output is.
__device__ __forceinline__ u16 to_bf16(float x)
{
	u32 bits = __float_as_uint(x);

	if ((bits & 0x7fffffff) > 0x7f800000)
		return (u16)(bits >> 16 | 0x40);
	return (u16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

__device__ __forceinline__ float rounded(float x)
{
	return from_bf16(to_bf16(x));
}

// One tensor of a run: eight threads a row, two elements at a time, so that what a row costs is shared by many elements.
extern "C" __global__ void fill_rows(u16 *out, const struct trusted_fill f)
{
	int length = f.tensor == FILL_Q ? f.shape.q_len : f.shape.kv_len;
	int heads = f.tensor == FILL_Q ? f.shape.q_heads : f.shape.kv_heads, group = f.tensor == FILL_Q ? heads / f.shape.kv_heads : 1;
	u32 rows = (u32)f.shape.batch * length * heads, thread = blockIdx.x * blockDim.x + threadIdx.x;

	for (u32 row = thread / 8; row < rows; row += gridDim.x * blockDim.x / 8) {
		int head = row % heads, position = row / heads % length, b = row / heads / length;
		struct fill_row r;

		fill_row_begin(&r, f.recipes[(b * f.shape.kv_heads + head / group) % f.kinds], &f.shape, f.seed, f.tensor, b,
			       position, head);
		for (int d = thread % 8 * 2; d < f.shape.head_dim; d += 16)
			*(u32 *)(out + (u64)row * f.shape.head_dim + d) =
				to_bf16(fill_element(&r, d)) | (u32)to_bf16(fill_element(&r, d + 1)) << 16;
	}
}

// One block's part of a scan, from 256 threads. NVRTC 13.0 dies of the shuffles when it
// compiles for anything older than Hopper.
__device__ void add_to_scan(struct trusted_scan *result, u64 digest, u64 first, u64 n)
{
#if __CUDA_ARCH__ >= 900
	for (int offset = 16; offset; offset >>= 1) {
		u64 other = __shfl_down_sync(~0u, first, offset);

		digest += __shfl_down_sync(~0u, digest, offset);
		first = other < first ? other : first;
	}
	if (threadIdx.x % 32)
		return;
#else
	__shared__ u64 digests[256], firsts[256];

	digests[threadIdx.x] = digest;
	firsts[threadIdx.x] = first;
	for (u32 half = 128; half; half >>= 1) {
		__syncthreads();
		if (threadIdx.x < half) {
			digests[threadIdx.x] += digests[threadIdx.x + half];
			firsts[threadIdx.x] = min(firsts[threadIdx.x], firsts[threadIdx.x + half]);
		}
	}
	if (threadIdx.x)
		return;
	digest = digests[0];
	first = firsts[0];
#endif
	atomicAdd(&result->digest, digest);
	if (first < n)
		atomicMin(&result->first_bad, first);
}

// result->first_bad must hold n, result->digest 0. The digest depends on the key, which no candidate ever sees:
// without it nobody can write values that have the digest of others.
extern "C" __global__ void scan(const u16 *values, u64 n, u64 key, struct trusted_scan *result)
{
	u64 digest = 0, first = n;

	for (u64 i = blockIdx.x * (u64)blockDim.x + threadIdx.x; i < (n + 3) / 4; i += (u64)gridDim.x * blockDim.x) {
		u64 word = 0;

		if (4 * i + 4 <= n)
			word = ((const u64 *)values)[i];
		else
			for (u64 j = 4 * i; j < n; j++)
				word |= (u64)values[j] << 16 * (j - 4 * i);
		for (int j = 0; j < 4 && 4 * i + j < n; j++)
			if ((word >> 16 * j & 0x7f80) == 0x7f80 && 4 * i + j < first)
				first = 4 * i + j;
		digest += fill_mix(word ^ fill_mix(key + i + 1));
	}
	add_to_scan(result, digest, first, n);
}

__device__ __forceinline__ void note_first(u64 *first, u64 at)
{
	if (at < *(volatile u64 *)first)
		atomicMin(first, at);
}

// The index of the first element in which the inputs differ from what they were, into *first, which must hold n.
extern "C" __global__ void find_changed(const u16 *was, const u16 *is, u64 n, u64 *first)
{
	u64 start = blockIdx.x * (u64)blockDim.x + threadIdx.x, step = (u64)gridDim.x * blockDim.x;

	for (u64 i = start; i < n / 4; i += step) {
		u64 differ = ((const u64 *)was)[i] ^ ((const u64 *)is)[i];

		if (differ)
			note_first(first, 4 * i + (__ffsll(differ) - 1) / 16);
	}
	for (u64 i = n / 4 * 4 + start; i < n; i += step)
		if (was[i] != is[i])
			note_first(first, i);
}

// The place of the first byte that is no longer the poison 0xff, into *first, which must hold `bytes`. at: any alignment.
extern "C" __global__ void find_written(const unsigned char *at, u64 bytes, u64 *first)
{
	u64 start = blockIdx.x * (u64)blockDim.x + threadIdx.x, step = (u64)gridDim.x * blockDim.x;
	u64 head = min((0 - (u64)at) & 7, bytes), words = (bytes - head) / 8, tail = head + 8 * words;

	for (u64 i = start; i < words; i += step) {
		u64 differ = ~((const u64 *)(at + head))[i];

		if (differ)
			note_first(first, head + 8 * i + (__ffsll(differ) - 1) / 8);
	}
	for (u64 i = start; i < head; i += step)
		if (at[i] != 0xff)
			note_first(first, i);
	for (u64 i = tail + start; i < bytes; i += step)
		if (at[i] != 0xff)
			note_first(first, i);
}

// Rows of an output, one behind the other: what is compared later need not stay where candidates can read it.
extern "C" __global__ void gather_rows(const u16 *out, const u32 *rows, int count, int head_dim, u16 *to)
{
	u64 n = (u64)count * head_dim;

	for (u64 i = blockIdx.x * (u64)blockDim.x + threadIdx.x; i < n; i += (u64)gridDim.x * blockDim.x)
		to[i] = out[(u64)rows[i / head_dim] * head_dim + i % head_dim];
}

// The sum of v over a block of 256 threads, to all of them.
__device__ float block_sum(float v, float *shared)
{
	for (int offset = 16; offset; offset >>= 1)
		v += __shfl_xor_sync(~0u, v, offset);
	__syncthreads();
	if (threadIdx.x % 32 == 0)
		shared[threadIdx.x / 32] = v;
	__syncthreads();
	v = 0;
	for (int i = 0; i < 8; i++)
		v += shared[i];
	return v;
}

__device__ float block_max(float v, float *shared)
{
	for (int offset = 16; offset; offset >>= 1)
		v = fmaxf(v, __shfl_xor_sync(~0u, v, offset));
	__syncthreads();
	if (threadIdx.x % 32 == 0)
		shared[threadIdx.x / 32] = v;
	__syncthreads();
	for (int i = 0; i < 8; i++)
		v = fmaxf(v, shared[i]);
	return v;
}

// Scores of one row against all keys it sees: summed in fp64, since under large scores two keys may nearly tie.
__device__ void row_scores(const u16 *q, const u16 *k, u64 key_stride, int keys, struct trusted_shape s, float *scores, float *q_shared)
{
	for (int d = threadIdx.x; d < s.head_dim; d += blockDim.x)
		q_shared[d] = from_bf16(q[d]);
	__syncthreads();
	for (int j = threadIdx.x; j < keys; j += blockDim.x) {
		const u16 *key = k + j * key_stride;
		double sum = 0;

		for (int d = 0; d < s.head_dim; d += 4) {
			u64 four = *(const u64 *)(key + d);

			for (int x = 0; x < 4; x++)
				sum += (double)q_shared[d + x] * from_bf16((u16)(four >> 16 * x));
		}
		scores[j] = (float)(sum * s.scale);
	}
}

// Scores to weights in place.
__device__ void row_softmax(float *weights, int keys, float *shared)
{
	float max = -INFINITY, sum = 0;

	for (int j = threadIdx.x; j < keys; j += blockDim.x)
		max = fmaxf(max, weights[j]);
	max = block_max(max, shared);
	for (int j = threadIdx.x; j < keys; j += blockDim.x)
		sum += weights[j] = expf(weights[j] - max);
	sum = block_sum(sum, shared);
	for (int j = threadIdx.x; j < keys; j += blockDim.x)
		weights[j] /= sum;
	__syncthreads();
}

// One block of 256 threads a row: the reference of rows[blockIdx.x], and its noise: what rounding every weight
// to bf16 can do to an element, 2^-8 sqrt(sum (p v)^2), as kernels for tensor cores do; they keep scores in fp32.
// scratch: kv_len floats a block; outputs: head_dim floats a row.
extern "C" __global__ void __launch_bounds__(256) reference_rows(const u16 *q, const u16 *k, const u16 *v, const u32 *rows,
		struct trusted_shape s, float *scratch, float *exact_out, float *noise_out)
{
	__shared__ float q_shared[256], shared[8];
	__shared__ float part_e[256];
	__shared__ double part_n[256];	// squares of values up to 2^98
	u32 row = rows[blockIdx.x];
	int head = row % s.q_heads, position = row / s.q_heads % s.q_len, b = row / s.q_heads / s.q_len;
	int kv_head = head / (s.q_heads / s.kv_heads);
	int keys = s.causal ? min(position + s.kv_len - s.q_len + 1, s.kv_len) : s.kv_len;
	u64 key_stride = (u64)s.kv_heads * s.head_dim;
	u64 kv_base = (u64)b * s.kv_len * key_stride + (u64)kv_head * s.head_dim;
	float *weights = scratch + (u64)blockIdx.x * s.kv_len;
	// column d is shared by `groups` threads, each taking every groups-th key
	int d = threadIdx.x % s.head_dim, group = threadIdx.x / s.head_dim, groups = 256 / s.head_dim;

	row_scores(q + (u64)row * s.head_dim, k + kv_base, key_stride, keys, s, weights, q_shared);
	__syncthreads();
	row_softmax(weights, keys, shared);
	float e = 0;
	double n = 0;
	if (group < groups)
		for (int j = group; j < keys; j += groups) {
			float value = from_bf16(v[kv_base + j * key_stride + d]);

			e = fmaf(weights[j], value, e);
			n += (double)weights[j] * weights[j] * value * value;
		}
	part_e[threadIdx.x] = e;
	part_n[threadIdx.x] = n;
	__syncthreads();
	if (group == 0) {
		for (int g = 1; g < groups; g++) {
			e += part_e[g * s.head_dim + d];
			n += part_n[g * s.head_dim + d];
		}
		exact_out[(u64)blockIdx.x * s.head_dim + d] = e;
		noise_out[(u64)blockIdx.x * s.head_dim + d] = (float)(sqrt(n) / 256);
	}
}

// One warp a row: gathered rows of an output against the reference.
extern "C" __global__ void compare_rows(const u16 *rows, int count, int head_dim, const float *exact, const float *noise,
		 struct trusted_row *results, struct trusted_limits limits)
{
	int i = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, lane = threadIdx.x % 32;
	struct trusted_row r = { -1, 0, 0, 0, 0, 0, 0, 0, 0 };
	double error_square = 0, noise_square = 0, exact_square = 0;

	if (i >= count)
		return;
	for (int d = lane; d < head_dim; d += 32)
		exact_square += (double)exact[(u64)i * head_dim + d] * exact[(u64)i * head_dim + d];
	for (int offset = 16; offset; offset >>= 1)
		exact_square += __shfl_xor_sync(~0u, exact_square, offset);
	r.exact_norm = (float)sqrt(exact_square);
	for (int d = lane; d < head_dim; d += 32) {
		float want = exact[(u64)i * head_dim + d], got = from_bf16(rows[(u64)i * head_dim + d]), n = noise[(u64)i * head_dim + d];
		float error = fabsf(got - want), share;
		float allowed = limits.noise * n + limits.rounding * fabsf(want) + limits.floor * r.exact_norm;

		if (!(error <= 3e38f))
			error = 3e38f;
		share = allowed > 0 ? error / allowed : error > 0 ? 3e38f : 0;
		if (share > r.share) {
			r.share = share;
			r.error = error;
			r.allowed = allowed;
			r.worst = d;
			r.expected = want;
			r.got = got;
		}
		error_square += (double)error * error;
		noise_square += (double)n * n;
	}
	for (int offset = 16; offset; offset >>= 1) {
		float share = __shfl_xor_sync(~0u, r.share, offset), error = __shfl_xor_sync(~0u, r.error, offset);
		float allowed = __shfl_xor_sync(~0u, r.allowed, offset), expected = __shfl_xor_sync(~0u, r.expected, offset);
		float got = __shfl_xor_sync(~0u, r.got, offset);
		int worst = __shfl_xor_sync(~0u, r.worst, offset);

		if (share > r.share || (share == r.share && worst < r.worst)) {
			r.share = share;
			r.error = error;
			r.allowed = allowed;
			r.expected = expected;
			r.got = got;
			r.worst = worst;
		}
		error_square += __shfl_xor_sync(~0u, error_square, offset);
		noise_square += __shfl_xor_sync(~0u, noise_square, offset);
	}
	if (lane == 0) {
		r.error_norm = (float)sqrt(error_square);
		r.noise_norm = (float)sqrt(noise_square);
		results[i] = r;
	}
}
