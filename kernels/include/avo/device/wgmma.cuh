/*
 * Hopper's warpgroup matrix instructions (sm_90a): 128 threads, 64 rows.
 *
 *   avo_wgmma_ss<N>(d, a, b, high_a, high_b, accumulate)
 *       d[64 x N] (+)= A[64 x 16] * B[16 x N], both in shared memory, K-major
 *   avo_wgmma_rs<N>(d, a, b, high_b, accumulate)
 *       the same with A in registers and B MN-major ("transposed")
 *
 * Descriptors (avo/device/descriptor.h) come as two words, because only the low one
 * moves: a 64-bit sum per instruction costs more than it looks. They start an
 * operation and return: between avo_wgmma_fence() and avo_wgmma_wait() no other code may touch
 * d or A's registers, and d must be an array that is indexed by constants only,
 * or ptxas serialises every one of them (warning C7510; half the speed).
 *
 * Thread t of the warpgroup holds of d, with row = 16 * (t / 32) + t % 32 / 4:
 *   d[4 * j + 0, 1] = D[row][8 * j + 2 * (t % 4) + 0, 1]
 *   d[4 * j + 2, 3] = D[row + 8][the same columns]
 * and of A[64 x 16]: a[0] = A[row][2 * (t % 4) + 0, 1], a[1] the same at row + 8,
 * a[2] and a[3] as a[0] and a[1] at columns + 8. So the k-th 16 columns of a result
 * become an operand by packing d[8 * k + 0, 1], [+ 2, 3], [+ 4, 5], [+ 6, 7].
 */
#ifndef AVO_DEVICE_WGMMA_CUH
#define AVO_DEVICE_WGMMA_CUH

#include <avo/device/ptx.cuh>

AVO_DEVICE void avo_wgmma_fence()
{
	asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

AVO_DEVICE void avo_wgmma_commit()
{
	asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

/* Waits until at most PENDING committed groups are unfinished. */
template <int PENDING> AVO_DEVICE void avo_wgmma_wait()
{
	asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
}

/* clang-format off */
#define AVO_F4(d, i) "+f"((d)[i]), "+f"((d)[(i) + 1]), "+f"((d)[(i) + 2]), "+f"((d)[(i) + 3])
#define AVO_F8(d, i) AVO_F4(d, i), AVO_F4(d, (i) + 4)
#define AVO_F16(d, i) AVO_F8(d, i), AVO_F8(d, (i) + 8)
#define AVO_F32(d, i) AVO_F16(d, i), AVO_F16(d, (i) + 16)
#define AVO_F64(d, i) AVO_F32(d, i), AVO_F32(d, (i) + 32)

#define AVO_R32 "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31"
#define AVO_R48 AVO_R32 ",%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47"
#define AVO_R64 AVO_R48 ",%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"
#define AVO_R80 AVO_R64 ",%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79"
#define AVO_R88 AVO_R80 ",%80,%81,%82,%83,%84,%85,%86,%87"
#define AVO_R96 AVO_R88 ",%88,%89,%90,%91,%92,%93,%94,%95"
#define AVO_R128 AVO_R96 ",%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,%106,%107,%108,%109,%110,%111," \
	"%112,%113,%114,%115,%116,%117,%118,%119,%120,%121,%122,%123,%124,%125,%126,%127"

/* One width: the sums' registers, then the numbers of the operands behind them, then how the sums are passed. */
#define AVO_WGMMA_SS(n, registers, a_, b_, high_a_, high_b_, accumulate_, ...)                                                   \
	static __device__ __forceinline__ void ss(float (&d)[n / 2], unsigned a, unsigned b, unsigned high_a, unsigned high_b, int accumulate) \
	{                                                                                                                        \
		asm volatile("{\n\t.reg .pred p;\n\t.reg .b64 a, b;\n\tsetp.ne.b32 p, %" #accumulate_ ", 0;\n\t"             \
			     "mov.b64 a, {%" #a_ ", %" #high_a_ "};\n\tmov.b64 b, {%" #b_ ", %" #high_b_ "};\n\t"            \
			     "wgmma.mma_async.sync.aligned.m64n" #n "k16.f32.bf16.bf16 {" registers "}, a, b, p, 1, 1, 0, 0;\n\t}" \
			     : __VA_ARGS__                                                                                       \
			     : "r"(a), "r"(b), "r"(high_a), "r"(high_b), "r"(accumulate));                                       \
	}

#define AVO_WGMMA_RS(n, registers, a0_, a1_, a2_, a3_, b_, high_b_, accumulate_, ...)                                            \
	static __device__ __forceinline__ void rs(float (&d)[n / 2], const unsigned *a, unsigned b, unsigned high_b, int accumulate) \
	{                                                                                                                        \
		asm volatile("{\n\t.reg .pred p;\n\t.reg .b64 b;\n\tsetp.ne.b32 p, %" #accumulate_ ", 0;\n\t"                \
			     "mov.b64 b, {%" #b_ ", %" #high_b_ "};\n\t"                                                       \
			     "wgmma.mma_async.sync.aligned.m64n" #n "k16.f32.bf16.bf16 {" registers "}, "                        \
			     "{%" #a0_ ",%" #a1_ ",%" #a2_ ",%" #a3_ "}, b, p, 1, 1, 1;\n\t}"                                  \
			     : __VA_ARGS__                                                                                       \
			     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b), "r"(high_b), "r"(accumulate));                \
	}

template <int N> struct avo_wgmma;

template <> struct avo_wgmma<64> {
	AVO_WGMMA_SS(64, AVO_R32, 32, 33, 34, 35, 36, AVO_F32(d, 0))
	AVO_WGMMA_RS(64, AVO_R32, 32, 33, 34, 35, 36, 37, 38, AVO_F32(d, 0))
};

template <> struct avo_wgmma<96> {
	AVO_WGMMA_SS(96, AVO_R48, 48, 49, 50, 51, 52, AVO_F32(d, 0), AVO_F16(d, 32))
};

template <> struct avo_wgmma<128> {
	AVO_WGMMA_SS(128, AVO_R64, 64, 65, 66, 67, 68, AVO_F64(d, 0))
	AVO_WGMMA_RS(128, AVO_R64, 64, 65, 66, 67, 68, 69, 70, AVO_F64(d, 0))
};

template <> struct avo_wgmma<160> {
	AVO_WGMMA_SS(160, AVO_R80, 80, 81, 82, 83, 84, AVO_F64(d, 0), AVO_F16(d, 64))
};

template <> struct avo_wgmma<176> {
	AVO_WGMMA_SS(176, AVO_R88, 88, 89, 90, 91, 92, AVO_F64(d, 0), AVO_F16(d, 64), AVO_F8(d, 80))
};

template <> struct avo_wgmma<256> {
	AVO_WGMMA_RS(256, AVO_R128, 128, 129, 130, 131, 132, 133, 134, AVO_F64(d, 0), AVO_F64(d, 64))
};

/* clang-format on */

template <int N>
AVO_DEVICE void avo_wgmma_ss(float (&d)[N / 2], unsigned a, unsigned b, unsigned high_a, unsigned high_b, int accumulate)
{
	avo_wgmma<N>::ss(d, a, b, high_a, high_b, accumulate);
}

template <int N>
AVO_DEVICE void avo_wgmma_rs(float (&d)[N / 2], const unsigned *a, unsigned b, unsigned high_b, int accumulate)
{
	avo_wgmma<N>::rs(d, a, b, high_b, accumulate);
}

#endif
