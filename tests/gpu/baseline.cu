/*
 * A baseline as a user would bring one: host code that launches device code through
 * the CUDA runtime, in a shared object after avo/baseline.h. One warp a query row,
 * two passes over the keys; made to be right, not fast.
 */
#include <avo/baseline.h>

#include <cuda_bf16.h>
#include <math.h>

struct shape {
	int q_len, kv_len, q_heads, kv_heads, head_dim, causal;
	float scale;
};

__device__ static float warp_sum(float x)
{
	for (int step = 16; step; step /= 2)
		x += __shfl_xor_sync(~0u, x, step);
	return x;
}

__device__ static float score(const __nv_bfloat16 *q, const __nv_bfloat16 *k, const shape &s)
{
	float sum = 0;

	for (int d = threadIdx.x; d < s.head_dim; d += 32)
		sum += __bfloat162float(q[d]) * __bfloat162float(k[d]);
	return warp_sum(sum) * s.scale;
}

/* grid: q_len, q_heads, batch; block: one warp */
__global__ void rows(const __nv_bfloat16 *q, const __nv_bfloat16 *k, const __nv_bfloat16 *v, __nv_bfloat16 *o, shape s)
{
	int row = blockIdx.x, head = blockIdx.y, batch = blockIdx.z, kv_head = head / (s.q_heads / s.kv_heads);
	int last = s.causal ? min(s.kv_len, row + s.kv_len - s.q_len + 1) : s.kv_len;
	size_t at = (((size_t)batch * s.q_len + row) * s.q_heads + head) * s.head_dim;
	size_t kv = ((size_t)batch * s.kv_len * s.kv_heads + kv_head) * s.head_dim, step = (size_t)s.kv_heads * s.head_dim;
	float top = -INFINITY, sum = 0, out[8] = { 0 };

	for (int j = 0; j < last; j++)
		top = fmaxf(top, score(q + at, k + kv + j * step, s));
	for (int j = 0; j < last; j++) {
		float p = expf(score(q + at, k + kv + j * step, s) - top);

		sum += p;
		for (int d = threadIdx.x, i = 0; d < s.head_dim; d += 32, i++)
			out[i] += p * __bfloat162float(v[kv + j * step + d]);
	}
	for (int d = threadIdx.x, i = 0; d < s.head_dim; d += 32, i++)
		o[at + d] = __float2bfloat16(out[i] / sum);
}

extern "C" int avo_baseline_launch(const struct avo_baseline_call *c)
{
	const struct avo_problem *p = c->problem;
	shape s = { p->q_len, p->kv_len, p->q_heads, p->kv_heads, p->head_dim, p->causal, p->scale };

	rows<<<dim3(p->q_len, p->q_heads, p->batch), 32, 0, (cudaStream_t)c->stream>>>(
		(const __nv_bfloat16 *)c->q, (const __nv_bfloat16 *)c->k, (const __nv_bfloat16 *)c->v, (__nv_bfloat16 *)c->o, s);
	return cudaGetLastError() != cudaSuccess;
}
