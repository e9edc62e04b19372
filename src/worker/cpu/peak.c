#include "avo.h"
#include "worker/cpu/peak.h"

#include <math.h>
#include <time.h>

#define CHAINS 12		/* latency 4-5 cycles times 2 units, and some */
#define ROUNDS 20000
#define TRIES 1500		/* short ones: the best is from a moment when nothing else ran on the core or its sibling */

typedef float v16 __attribute__((vector_size(64)));
typedef float v8 __attribute__((vector_size(32)));
typedef float v4 __attribute__((vector_size(16)));

/* One body for each width: CHAINS independent accumulators, a value that stays finite, a sum that must be used. */
#define DEFINE_CHAINS(name, type, lanes, isa)                                                                         \
	isa static float name(float seed)                                                                             \
	{                                                                                                             \
		type a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, m, c;                                          \
		int i;                                                                                                \
                                                                                                                      \
		for (i = 0; i < (lanes); i++) {                                                                       \
			m[i] = 0.5f + seed;                                                                           \
			c[i] = 1.0f;                                                                                  \
		}                                                                                                     \
		a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = a8 = a9 = a10 = a11 = c;                                      \
		for (i = 0; i < ROUNDS; i++) {                                                                        \
			a0 = a0 * m + c;                                                                              \
			a1 = a1 * m + c;                                                                              \
			a2 = a2 * m + c;                                                                              \
			a3 = a3 * m + c;                                                                              \
			a4 = a4 * m + c;                                                                              \
			a5 = a5 * m + c;                                                                              \
			a6 = a6 * m + c;                                                                              \
			a7 = a7 * m + c;                                                                              \
			a8 = a8 * m + c;                                                                              \
			a9 = a9 * m + c;                                                                              \
			a10 = a10 * m + c;                                                                            \
			a11 = a11 * m + c;                                                                            \
			/* equal chains must not be folded into one */                                                \
			__asm__ volatile("" : "+x"(a0), "+x"(a1), "+x"(a2), "+x"(a3), "+x"(a4), "+x"(a5));            \
			__asm__ volatile("" : "+x"(a6), "+x"(a7), "+x"(a8), "+x"(a9), "+x"(a10), "+x"(a11));          \
		}                                                                                                     \
		a0 += a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11;                                         \
		return a0[0];                                                                                         \
	}

#if defined(__x86_64__)
DEFINE_CHAINS(chains_avx512, v16, 16, __attribute__((target("avx512f"))) AVO_OPTIMIZE("O2", "fp-contract=fast"))
DEFINE_CHAINS(chains_avx2, v8, 8, __attribute__((target("avx2,fma"))) AVO_OPTIMIZE("O2", "fp-contract=fast"))
DEFINE_CHAINS(chains_base, v4, 4, AVO_OPTIMIZE("O2"))
#endif

typedef float chains_fn(float);

#if defined(__x86_64__)
static chains_fn *widest(int *lanes)
{
	if (__builtin_cpu_supports("avx512f")) {
		*lanes = 16;
		return chains_avx512;
	}
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
		*lanes = 8;
		return chains_avx2;
	}
	*lanes = 4;
	return chains_base;
}
#else
static chains_fn *widest(int *lanes)
{
	*lanes = 0;
	return NULL;
}
#endif

static double thread_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double peak_measure(void)
{
	volatile float sink = 1e-3f;
	double best = 0;
	int lanes, i;
	chains_fn *run = widest(&lanes);

	if (!run)
		return NAN;
	for (i = 0; i < TRIES; i++) {
		double start = thread_seconds(), seconds;

		sink = 1e-3f * run(1e-3f * sink);
		seconds = thread_seconds() - start;
		best = fmax(best, 2.0 * lanes * CHAINS * ROUNDS / seconds * 1e-9);
	}
	return best;
}
