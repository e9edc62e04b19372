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
#define AVO_F16(d, i) AVO_F4(d, i), AVO_F4(d, (i) + 4), AVO_F4(d, (i) + 8), AVO_F4(d, (i) + 12)
#define AVO_F32(d, i) AVO_F16(d, i), AVO_F16(d, (i) + 16)

#define AVO_R0 "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15"
#define AVO_R16 "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31"
#define AVO_R32 "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47"
#define AVO_R48 "%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"
#define AVO_R64 "%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79"
#define AVO_R80 "%80,%81,%82,%83,%84,%85,%86,%87"

template <int N> struct avo_wgmma;

template <> struct avo_wgmma<64> {
	static __device__ __forceinline__ void ss(float (&d)[32], unsigned a, unsigned b, unsigned high_a, unsigned high_b, int accumulate)
	{
		asm volatile("{\n\t.reg .pred p;\n\t.reg .b64 a, b;\n\tsetp.ne.b32 p, %36, 0;\n\t"
			     "mov.b64 a, {%32, %34};\n\tmov.b64 b, {%33, %35};\n\t"
			     "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {" AVO_R0 "," AVO_R16 "}, a, b, p, 1, 1, 0, 0;\n\t}"
			     : AVO_F32(d, 0)
			     : "r"(a), "r"(b), "r"(high_a), "r"(high_b), "r"(accumulate));
	}

	static __device__ __forceinline__ void rs(float (&d)[32], const unsigned *a, unsigned b, unsigned high_b, int accumulate)
	{
		asm volatile("{\n\t.reg .pred p;\n\t.reg .b64 b;\n\tsetp.ne.b32 p, %38, 0;\n\tmov.b64 b, {%36, %37};\n\t"
			     "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {" AVO_R0 "," AVO_R16 "}, {%32,%33,%34,%35}, b, p, 1, 1, 1;\n\t}"
			     : AVO_F32(d, 0)
			     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b), "r"(high_b), "r"(accumulate));
	}
};

template <> struct avo_wgmma<96> {
	static __device__ __forceinline__ void ss(float (&d)[48], unsigned a, unsigned b, unsigned high_a, unsigned high_b, int accumulate)
	{
		asm volatile("{\n\t.reg .pred p;\n\t.reg .b64 a, b;\n\tsetp.ne.b32 p, %52, 0;\n\t"
			     "mov.b64 a, {%48, %50};\n\tmov.b64 b, {%49, %51};\n\t"
			     "wgmma.mma_async.sync.aligned.m64n96k16.f32.bf16.bf16 {" AVO_R0 "," AVO_R16 "," AVO_R32 "}, a, b, p, 1, 1, 0, 0;\n\t}"
			     : AVO_F32(d, 0), AVO_F16(d, 32)
			     : "r"(a), "r"(b), "r"(high_a), "r"(high_b), "r"(accumulate));
	}
};

template <> struct avo_wgmma<128> {
	static __device__ __forceinline__ void ss(float (&d)[64], unsigned a, unsigned b, unsigned high_a, unsigned high_b, int accumulate)
	{
		asm volatile("{\n\t.reg .pred p;\n\t.reg .b64 a, b;\n\tsetp.ne.b32 p, %68, 0;\n\t"
			     "mov.b64 a, {%64, %66};\n\tmov.b64 b, {%65, %67};\n\t"
			     "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {" AVO_R0 "," AVO_R16 "," AVO_R32 "," AVO_R48 "}, a, b, p, 1, 1, 0, 0;\n\t}"
			     : AVO_F32(d, 0), AVO_F32(d, 32)
			     : "r"(a), "r"(b), "r"(high_a), "r"(high_b), "r"(accumulate));
	}

	static __device__ __forceinline__ void rs(float (&d)[64], const unsigned *a, unsigned b, unsigned high_b, int accumulate)
	{
		asm volatile("{\n\t.reg .pred p;\n\t.reg .b64 b;\n\tsetp.ne.b32 p, %70, 0;\n\tmov.b64 b, {%68, %69};\n\t"
			     "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {" AVO_R0 "," AVO_R16 "," AVO_R32 "," AVO_R48 "}, {%64,%65,%66,%67}, b, p, 1, 1, 1;\n\t}"
			     : AVO_F32(d, 0), AVO_F32(d, 32)
			     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b), "r"(high_b), "r"(accumulate));
	}
};

template <> struct avo_wgmma<160> {
	static __device__ __forceinline__ void ss(float (&d)[80], unsigned a, unsigned b, unsigned high_a, unsigned high_b, int accumulate)
	{
		asm volatile("{\n\t.reg .pred p;\n\t.reg .b64 a, b;\n\tsetp.ne.b32 p, %84, 0;\n\t"
			     "mov.b64 a, {%80, %82};\n\tmov.b64 b, {%81, %83};\n\t"
			     "wgmma.mma_async.sync.aligned.m64n160k16.f32.bf16.bf16 {" AVO_R0 "," AVO_R16 "," AVO_R32 "," AVO_R48 "," AVO_R64 "}, a, b, p, 1, 1, 0, 0;\n\t}"
			     : AVO_F32(d, 0), AVO_F32(d, 32), AVO_F16(d, 64)
			     : "r"(a), "r"(b), "r"(high_a), "r"(high_b), "r"(accumulate));
	}
};

template <> struct avo_wgmma<176> {
	static __device__ __forceinline__ void ss(float (&d)[88], unsigned a, unsigned b, unsigned high_a, unsigned high_b, int accumulate)
	{
		asm volatile("{\n\t.reg .pred p;\n\t.reg .b64 a, b;\n\tsetp.ne.b32 p, %92, 0;\n\t"
			     "mov.b64 a, {%88, %90};\n\tmov.b64 b, {%89, %91};\n\t"
			     "wgmma.mma_async.sync.aligned.m64n176k16.f32.bf16.bf16 {" AVO_R0 "," AVO_R16 "," AVO_R32 "," AVO_R48 "," AVO_R64 "," AVO_R80 "}, a, b, p, 1, 1, 0, 0;\n\t}"
			     : AVO_F32(d, 0), AVO_F32(d, 32), AVO_F16(d, 64), AVO_F4(d, 80), AVO_F4(d, 84)
			     : "r"(a), "r"(b), "r"(high_a), "r"(high_b), "r"(accumulate));
	}
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
