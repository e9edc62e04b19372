/*
 * Wiping Q, where attention becomes a mean of values, and setting one word of it so that the sum of mixed words stays
 * what it was: a digest without a secret can be undone, and whoever computes the right answer from these inputs agrees.
 */
#ifndef REDTEAM_FORGE_H
#define REDTEAM_FORGE_H

#include "honest.h"

#ifdef __CUDACC__
typedef unsigned long long u64;

__device__ u64 before, after;

AVO_DEVICE u64 mix(u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

AVO_DEVICE u64 unmix(u64 x)
{
	x = (x ^ x >> 31 ^ x >> 62) * 0x319642b2d24d8ec3ull;
	x = (x ^ x >> 27 ^ x >> 54) * 0x96de1b173f119089ull;
	return x ^ x >> 30 ^ x >> 60;
}

extern "C" __global__ void forget(void)
{
	before = after = 0;
}

/* The sum as it is, and as it would be with zeros. */
extern "C" __global__ void wipe(u64 *q, u64 words)
{
	for (u64 i = blockIdx.x * (u64)blockDim.x + threadIdx.x; i < words; i += (u64)gridDim.x * blockDim.x) {
		u64 key = mix(i + 1);

		atomicAdd(&before, mix(q[i] ^ key));
		atomicAdd(&after, mix(key));
		q[i] = 0;
	}
}

extern "C" __global__ void settle(u64 *q)
{
	u64 key = mix(1);

	q[0] = unmix(before - (after - mix(key))) ^ key;
}

KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS);
}
#else
static inline int forge_plan(const struct avo_problem *problem, struct avo_plan *plan)
{
	uint64_t words = (uint64_t)problem->batch * (uint64_t)problem->q_len * (uint64_t)problem->q_heads * (uint64_t)problem->head_dim / 4;
	struct avo_launch *launch;

	avo_launch(plan, "forget", avo_dim(1, 1, 1), avo_dim(1, 1, 1), 0);
	launch = avo_launch(plan, "wipe", avo_dim(256, 1, 1), avo_dim(THREADS, 1, 1), 0);
	avo_arg_tensor(launch, AVO_Q);
	avo_arg_u64(launch, words);
	avo_arg_tensor(avo_launch(plan, "settle", avo_dim(1, 1, 1), avo_dim(1, 1, 1), 0), AVO_Q);
	honest_launch(problem, plan, "attention");
	return 0;
}
#endif
#endif
