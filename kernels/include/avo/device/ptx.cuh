/*
 * PTX that CUDA C++ has no words for, one instruction a function, no policy.
 * Shared memory addresses are 32-bit ("shared window"), from avo_shared().
 * NVRTC compiles this: no host headers. Functions exist from the architecture
 * on that the section names; calling one below it does not assemble.
 */
#ifndef AVO_DEVICE_PTX_CUH
#define AVO_DEVICE_PTX_CUH

#include <avo/device/descriptor.h>

#define AVO_DEVICE static __device__ __forceinline__
#define AVO_DEVICE_MEMBER __device__ __forceinline__	/* for functions in a struct */

#define AVO_INFINITY __int_as_float(0x7f800000)

typedef unsigned short avo_bf16;	/* the bits of a bf16 */

/* A tensor map as a kernel parameter: `const __grid_constant__ avo_tensormap q` */
struct __align__(64) avo_tensormap {
	unsigned long long opaque[16];
};

AVO_DEVICE unsigned avo_shared(const void *pointer)
{
	return (unsigned)__cvta_generic_to_shared(pointer);
}

/* The same value, known to be one for the whole warp: arithmetic on it moves to the uniform unit. */
AVO_DEVICE unsigned avo_uniform(unsigned value)
{
	return __shfl_sync(~0u, value, 0);
}

/*
 * Asynchronous instructions fill registers that the compiler takes for ready.
 * Pinned behind the wait, an array is not read or written on its wrong side.
 */
template <int COUNT> AVO_DEVICE void avo_pin(float (&array)[COUNT])
{
#pragma unroll
	for (int i = 0; i < COUNT; i++)
		asm volatile("" : "+f"(array[i])::"memory");
}

template <int COUNT> AVO_DEVICE void avo_pin(unsigned (&array)[COUNT])
{
#pragma unroll
	for (int i = 0; i < COUNT; i++)
		asm volatile("" : "+r"(array[i])::"memory");
}

/*
 * Everything that `value` (>= 0) depends on is computed in front of this point. The
 * assembler moves waits up over arithmetic that was meant to hide them, but not over
 * a barrier, even one that nobody ever arrives at.
 */
AVO_DEVICE void avo_order(float value)
{
	asm volatile("{\n\t"
		     ".reg .pred never;\n\t"
		     "setp.lt.f32 never, %0, 0f00000000;\n\t"
		     "@never bar.arrive 15, 1024;\n\t"
		     "}" ::"f"(value)
		     : "memory");
}

/* ---- arithmetic ---- */

AVO_DEVICE float avo_exp2(float x)	/* 2^x, 2 ulp; -inf gives 0 */
{
	float y;
	asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
	return y;
}

/*
 * 2^x for x < 128 by multiply-adds, where the exponential unit is the bottleneck:
 * x = n + f with |f| <= 1/2, a cubic for 2^f (relative error 7.5e-5, a bf16 keeps
 * 2e-3), n added to the exponent. Below 2^-126 the result is about 2^-126.
 */
AVO_DEVICE float avo_exp2_fma(float x)
{
	float shifted, f, y;

	x = fmaxf(x, -126.0f);
	shifted = x + 12582912.0f;	/* 1.5 * 2^23: the integer lands in the low bits */
	f = x - (shifted - 12582912.0f);
	y = fmaf(fmaf(fmaf(0.05517167f, f, 0.24261112f), f, 0.69326099f), f, 0.99992807f);
	return __int_as_float(__float_as_int(y) + (__float_as_int(shifted) << 23));
}

AVO_DEVICE float avo_from_bf16(avo_bf16 bits)
{
	return __uint_as_float((unsigned)bits << 16);
}

/* Two floats to bf16, rounded to nearest even; `low` lands in the low half, so at the lower address. */
AVO_DEVICE unsigned avo_pack_bf16(float low, float high)
{
	unsigned packed;
	asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
	return packed;
}

/* `watch` unless one of the two bf16 in `packed` is infinite or NaN: then NaN, and it stays so. Start with 0. */
AVO_DEVICE unsigned avo_watch_finite(unsigned packed, unsigned watch)
{
	asm("fma.rn.bf16x2 %0, %1, %2, %0;" : "+r"(watch) : "r"(packed), "r"(0u));
	return watch;
}

AVO_DEVICE bool avo_was_finite(unsigned watch)
{
	return (watch & 0x7fff7fffu) == 0;
}

/*
 * Four neighbouring lanes hold a 4 x 4 matrix of words, lane l its column l, and
 * trade them until lane l has row l. In the accumulators of mma and wgmma a lane
 * has 4 bytes in every 16 of a row; behind this it has all 16 of one.
 */
AVO_DEVICE void avo_quad_transpose(unsigned (&w)[4])
{
	int lane = threadIdx.x % 4;

#pragma unroll
	for (int i = 0; i < 4; i += 2) {
		unsigned got = __shfl_xor_sync(~0u, lane & 1 ? w[i] : w[i + 1], 1);
		w[i] = lane & 1 ? got : w[i];
		w[i + 1] = lane & 1 ? w[i + 1] : got;
	}
#pragma unroll
	for (int i = 0; i < 2; i++) {
		unsigned got = __shfl_xor_sync(~0u, lane & 2 ? w[i] : w[i + 2], 2);
		w[i] = lane & 2 ? got : w[i];
		w[i + 2] = lane & 2 ? w[i + 2] : got;
	}
}

/* ---- sm_80: asynchronous copies, matrix loads, mma.sync ---- */

/* 16 bytes from global to shared memory; with valid == false 16 zero bytes, and nothing is read. */
AVO_DEVICE void avo_cp_async(unsigned shared, const void *global, bool valid)
{
	asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared), "l"(global), "r"(valid ? 16 : 0)
		     : "memory");
}

AVO_DEVICE void avo_cp_async_commit()
{
	asm volatile("cp.async.commit_group;" ::: "memory");
}

template <int PENDING> AVO_DEVICE void avo_cp_async_wait()
{
	asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}

/* Four 8x8 bf16 matrices; lane l gives the address of row l % 8 of matrix l / 8. */
AVO_DEVICE void avo_ldmatrix(unsigned (&r)[4], unsigned shared)
{
	asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
		     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
		     : "r"(shared)
		     : "memory");
}

AVO_DEVICE void avo_ldmatrix_transposed(unsigned (&r)[4], unsigned shared)
{
	asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
		     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
		     : "r"(shared)
		     : "memory");
}

/* d[16 x 8] += a[16 x 16] * b[16 x 8], bf16 in, fp32 sums. */
AVO_DEVICE void avo_mma(float (&d)[4], const unsigned (&a)[4], unsigned b0, unsigned b1)
{
	asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
		     "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
		     : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
		     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/* ---- sm_90: mbarriers, bulk tensor copies, named barriers ---- */

AVO_DEVICE void avo_mbarrier_init(unsigned barrier, unsigned arrivals)
{
	asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}

/* Makes initialised barriers visible to the copy engine; a __syncthreads() follows. */
AVO_DEVICE void avo_mbarrier_init_fence()
{
	asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

AVO_DEVICE void avo_mbarrier_arrive(unsigned barrier)
{
	asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}

/* Arrives, and adds the bytes that copies must deliver before the phase ends. */
AVO_DEVICE void avo_mbarrier_expect(unsigned barrier, unsigned bytes)
{
	asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}

/*
 * Waits until the phase of this parity is over. A new barrier is in phase 0: who
 * waits for data starts with parity 0, who waits for a free buffer with parity 1.
 */
AVO_DEVICE void avo_mbarrier_wait(unsigned barrier, unsigned parity)
{
	asm volatile("{\n\t"
		     ".reg .pred done;\n"
		     "again:\n\t"
		     "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n\t"
		     "@!done bra again;\n\t"
		     "}" ::"r"(barrier),
		     "r"(parity)
		     : "memory");
}

/* The same for who is in no hurry: `nanoseconds` is how long it may be suspended before it asks again, a hint. */
AVO_DEVICE void avo_mbarrier_wait_idle(unsigned barrier, unsigned parity, unsigned nanoseconds)
{
	asm volatile("{\n\t"
		     ".reg .pred done;\n"
		     "again:\n\t"
		     "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1, %2;\n\t"
		     "@!done bra again;\n\t"
		     "}" ::"r"(barrier),
		     "r"(parity), "r"(nanoseconds)
		     : "memory");
}

AVO_DEVICE void avo_prefetch_tensormap(const avo_tensormap *map)
{
	asm volatile("prefetch.tensormap [%0];" ::"l"(map) : "memory");
}

/* One box of a 4-D map to shared memory; its bytes are counted on `barrier`. */
AVO_DEVICE void avo_tma_load(unsigned shared, const avo_tensormap *map, unsigned barrier, int column, int head, int row,
			     int batch)
{
	asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes "
		     "[%0], [%1, {%3, %4, %5, %6}], [%2];" ::"r"(shared),
		     "l"(map), "r"(barrier), "r"(column), "r"(head), "r"(row), "r"(batch)
		     : "memory");
}

/* The other way; rows outside of the tensor are not written. Commit, then wait before the buffer is reused. */
AVO_DEVICE void avo_tma_store(const avo_tensormap *map, unsigned shared, int column, int head, int row, int batch)
{
	asm volatile("cp.async.bulk.tensor.4d.global.shared::cta.bulk_group [%0, {%2, %3, %4, %5}], [%1];" ::"l"(map),
		     "r"(shared), "r"(column), "r"(head), "r"(row), "r"(batch)
		     : "memory");
}

AVO_DEVICE void avo_tma_commit()
{
	asm volatile("cp.async.bulk.commit_group;" ::: "memory");
}

AVO_DEVICE void avo_tma_wait_read()	/* all committed stores have read their shared memory */
{
	asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
}

/* Ordinary stores to shared memory become visible to the copy engine and the tensor cores. */
AVO_DEVICE void avo_fence_async()
{
	asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

/* Barriers 0 .. 15 of a block; 0 is __syncthreads(). `threads` counts who syncs and who arrives. */
AVO_DEVICE void avo_bar_sync(int id, int threads)
{
	asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

AVO_DEVICE void avo_bar_arrive(int id, int threads)
{
	asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

/* Waits until the launch in front of this one has ended and what it wrote can be read (AVO_LAUNCH_OVERLAP). */
AVO_DEVICE void avo_wait_for_launch()
{
	asm volatile("griddepcontrol.wait;" ::: "memory");
}

/* Registers of one thread of this warpgroup, a multiple of 8; all its 4 warps call it. */
template <int REGISTERS> AVO_DEVICE void avo_registers_grow()
{
	asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(REGISTERS));
}

template <int REGISTERS> AVO_DEVICE void avo_registers_shrink()
{
	asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(REGISTERS));
}

/* True in exactly one lane of a converged warp. */
AVO_DEVICE bool avo_elect()
{
	unsigned elected;
	asm volatile("{\n\t"
		     ".reg .pred p;\n\t"
		     "elect.sync _|p, 0xffffffff;\n\t"
		     "selp.u32 %0, 1, 0, p;\n\t"
		     "}"
		     : "=r"(elected));
	return elected != 0;
}

#endif
