/*
 * Clusters of blocks (sm_90): each reads and signals the others' shared memory,
 * and one copy fills a buffer in all of them. One instruction a function.
 *
 * A shared address is this block's own until avo_cluster_map() made it another's;
 * then only the functions here take it. Before the first use and before a block
 * ends, avo_cluster_sync(): nobody may write to a block that is not there yet or
 * any more.
 */
#ifndef AVO_DEVICE_CLUSTER_CUH
#define AVO_DEVICE_CLUSTER_CUH

#include <avo/device/ptx.cuh>

AVO_DEVICE unsigned avo_cluster_rank()
{
	unsigned rank;
	asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
	return rank;
}

/* The same place in the shared memory of block `rank` of the cluster. */
AVO_DEVICE unsigned avo_cluster_map(unsigned shared, unsigned rank)
{
	unsigned mapped;
	asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(mapped) : "r"(shared), "r"(rank));
	return mapped;
}

/* All threads of all blocks; what they wrote in front of it is seen behind it. */
AVO_DEVICE void avo_cluster_sync()
{
	asm volatile("barrier.cluster.arrive.release;\n\tbarrier.cluster.wait.acquire;" ::: "memory");
}

/*
 * Arrives at another block's mbarrier. It orders what the tensor cores and the copy engine did
 * for this thread, which is over when it was waited for, and no loads or stores: those want
 * avo_cluster_release(), which waits for all of the thread's memory accesses.
 */
AVO_DEVICE void avo_cluster_arrive(unsigned barrier)
{
	asm volatile("mbarrier.arrive.shared::cluster.b64 _, [%0];" ::"r"(barrier) : "memory");
}

/* The same behind this thread's loads and stores, and those that it knows to be over. */
AVO_DEVICE void avo_cluster_release(unsigned barrier)
{
	asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];" ::"r"(barrier) : "memory");
}

/* Waits at a barrier of this block for who released it from another one. */
AVO_DEVICE void avo_cluster_wait(unsigned barrier, unsigned parity)
{
	asm volatile("{\n\t"
		     ".reg .pred done;\n"
		     "again:\n\t"
		     "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 done, [%0], %1;\n\t"
		     "@!done bra again;\n\t"
		     "}" ::"r"(barrier),
		     "r"(parity)
		     : "memory");
}

/* 16 bytes into another block's shared memory; counted on its `barrier` when they are there. */
AVO_DEVICE void avo_cluster_store(unsigned mapped, int4 value, unsigned barrier)
{
	asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.s32 [%0], {%2, %3, %4, %5}, [%1];" ::"r"(mapped),
		     "r"(barrier), "r"(value.x), "r"(value.y), "r"(value.z), "r"(value.w)
		     : "memory");
}

/* One box of a 4-D map to the same place in every block of `mask`; its bytes are counted on the `barrier` of each. */
AVO_DEVICE void avo_tma_load_multicast(unsigned shared, const avo_tensormap *map, unsigned barrier, int column, int head, int row,
				       int batch, unsigned mask)
{
	asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster "
		     "[%0], [%1, {%3, %4, %5, %6}], [%2], %7;" ::"r"(shared),
		     "l"(map), "r"(barrier), "r"(column), "r"(head), "r"(row), "r"(batch), "h"((unsigned short)mask)
		     : "memory");
}

#endif
