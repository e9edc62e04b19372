/*
 * Blackwell's tensor cores (sm_100a): tensor memory, tcgen05.mma and their waits.
 *
 * Tensor memory is 128 lanes of 512 columns of 32 bits. An address is lane << 16 |
 * column. A warp reaches the 32 lanes from 32 * (warp % 4) on only, and adds that
 * lane to the address itself (avo_tmem_lanes). Loads and stores are asynchronous:
 * wait, and pin what was loaded. One thread issues products and their commits;
 * they run in the order of issue. Between threads, tensor memory is handed over by
 * avo_tmem_before() - barrier - avo_tmem_after().
 */
#ifndef AVO_DEVICE_TCGEN05_CUH
#define AVO_DEVICE_TCGEN05_CUH

#include <avo/device/ptx.cuh>

/* A whole warp allocates all 512 columns and frees them; the address lands at `shared`. */
AVO_DEVICE void avo_tmem_alloc(unsigned shared)
{
	asm volatile("tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [%0], 512;" ::"r"(shared) : "memory");
	asm volatile("tcgen05.relinquish_alloc_permit.cta_group::1.sync.aligned;" ::: "memory");
}

AVO_DEVICE void avo_tmem_free(unsigned address)
{
	asm volatile("tcgen05.dealloc.cta_group::1.sync.aligned.b32 %0, 512;" ::"r"(address) : "memory");
}

AVO_DEVICE unsigned avo_tmem_lanes(unsigned address)
{
	return address + ((threadIdx.x / 32 % 4 * 32) << 16);
}

AVO_DEVICE void avo_tmem_before()
{
	asm volatile("tcgen05.fence::before_thread_sync;" ::: "memory");
}

AVO_DEVICE void avo_tmem_after()
{
	asm volatile("tcgen05.fence::after_thread_sync;" ::: "memory");
}

AVO_DEVICE void avo_tmem_wait_load()
{
	asm volatile("tcgen05.wait::ld.sync.aligned;" ::: "memory");
}

AVO_DEVICE void avo_tmem_wait_store()
{
	asm volatile("tcgen05.wait::st.sync.aligned;" ::: "memory");
}

/* clang-format off */
/* 32 columns of this thread's lane. */
AVO_DEVICE void avo_tmem_load(float *v, unsigned address)
{
	asm volatile("tcgen05.ld.sync.aligned.32x32b.x32.b32 {"
		     "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31"
		     "}, [%32];"
		     : "=f"(v[0]), "=f"(v[1]), "=f"(v[2]), "=f"(v[3]), "=f"(v[4]), "=f"(v[5]), "=f"(v[6]), "=f"(v[7]), "=f"(v[8]), "=f"(v[9]), "=f"(v[10]), "=f"(v[11]), "=f"(v[12]), "=f"(v[13]), "=f"(v[14]), "=f"(v[15]), "=f"(v[16]), "=f"(v[17]), "=f"(v[18]), "=f"(v[19]), "=f"(v[20]), "=f"(v[21]), "=f"(v[22]), "=f"(v[23]), "=f"(v[24]), "=f"(v[25]), "=f"(v[26]), "=f"(v[27]), "=f"(v[28]), "=f"(v[29]), "=f"(v[30]), "=f"(v[31])
		     : "r"(address) : "memory");
}

AVO_DEVICE void avo_tmem_store(unsigned address, const float *v)
{
	asm volatile("tcgen05.st.sync.aligned.32x32b.x32.b32 [%0], {"
		     "%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31,%32"
		     "};"
		     :: "r"(address), "f"(v[0]), "f"(v[1]), "f"(v[2]), "f"(v[3]), "f"(v[4]), "f"(v[5]), "f"(v[6]), "f"(v[7]), "f"(v[8]), "f"(v[9]), "f"(v[10]), "f"(v[11]), "f"(v[12]), "f"(v[13]), "f"(v[14]), "f"(v[15]), "f"(v[16]), "f"(v[17]), "f"(v[18]), "f"(v[19]), "f"(v[20]), "f"(v[21]), "f"(v[22]), "f"(v[23]), "f"(v[24]), "f"(v[25]), "f"(v[26]), "f"(v[27]), "f"(v[28]), "f"(v[29]), "f"(v[30]), "f"(v[31]) : "memory");
}

AVO_DEVICE void avo_tmem_store(unsigned address, const unsigned *v)
{
	asm volatile("tcgen05.st.sync.aligned.32x32b.x32.b32 [%0], {"
		     "%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31,%32"
		     "};"
		     :: "r"(address), "r"(v[0]), "r"(v[1]), "r"(v[2]), "r"(v[3]), "r"(v[4]), "r"(v[5]), "r"(v[6]), "r"(v[7]), "r"(v[8]), "r"(v[9]), "r"(v[10]), "r"(v[11]), "r"(v[12]), "r"(v[13]), "r"(v[14]), "r"(v[15]), "r"(v[16]), "r"(v[17]), "r"(v[18]), "r"(v[19]), "r"(v[20]), "r"(v[21]), "r"(v[22]), "r"(v[23]), "r"(v[24]), "r"(v[25]), "r"(v[26]), "r"(v[27]), "r"(v[28]), "r"(v[29]), "r"(v[30]), "r"(v[31]) : "memory");
}
/* clang-format on */

/* d[128 x N] (+)= A[128 x 16] * B[16 x N], bf16, both by descriptor; d in tensor memory. */
AVO_DEVICE void avo_umma_ss(unsigned d, unsigned long long a, unsigned long long b, unsigned instruction, int accumulate)
{
	asm volatile("{\n\t"
		     ".reg .pred p;\n\t"
		     "setp.ne.b32 p, %4, 0;\n\t"
		     "tcgen05.mma.cta_group::1.kind::f16 [%0], %1, %2, %3, p;\n\t"
		     "}" ::"r"(d),
		     "l"(a), "l"(b), "r"(instruction), "r"(accumulate)
		     : "memory");
}

/* The same with A in tensor memory: 8 columns of packed bf16 pairs. */
AVO_DEVICE void avo_umma_ts(unsigned d, unsigned a, unsigned long long b, unsigned instruction, int accumulate)
{
	asm volatile("{\n\t"
		     ".reg .pred p;\n\t"
		     "setp.ne.b32 p, %4, 0;\n\t"
		     "tcgen05.mma.cta_group::1.kind::f16 [%0], [%1], %2, %3, p;\n\t"
		     "}" ::"r"(d),
		     "r"(a), "l"(b), "r"(instruction), "r"(accumulate)
		     : "memory");
}

/* One arrival on `barrier` when all products issued so far by this thread are done. */
AVO_DEVICE void avo_umma_commit(unsigned barrier)
{
	asm volatile("tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 [%0];" ::"r"(barrier)
		     : "memory");
}

/* Two products and sums at once: a * b + c on pairs. */
AVO_DEVICE float2 avo_fma2(float2 a, float2 b, float2 c)
{
	float2 d;
	asm("{\n\t"
	    ".reg .b64 a, b, c, d;\n\t"
	    "mov.b64 a, {%2, %3};\n\t"
	    "mov.b64 b, {%4, %5};\n\t"
	    "mov.b64 c, {%6, %7};\n\t"
	    "fma.rn.f32x2 d, a, b, c;\n\t"
	    "mov.b64 {%0, %1}, d;\n\t"
	    "}"
	    : "=f"(d.x), "=f"(d.y)
	    : "f"(a.x), "f"(a.y), "f"(b.x), "f"(b.y), "f"(c.x), "f"(c.y));
	return d;
}

#endif
