/*
 * What the compiler says about the code it made: the report of ptxas -v, as
 * NVRTC and nvcc print it.
 */
#ifndef AVO_WORKER_CUDA_PTXAS_H
#define AVO_WORKER_CUDA_PTXAS_H

#include <stdbool.h>
#include <stddef.h>

#define PTXAS_MAX_KERNELS 16

struct ptxas_kernel {
	char name[64];
	int registers, barriers;		/* -1: not said */
	int stack_bytes, spill_store_bytes, spill_load_bytes;
	int shared_bytes, constant_bytes;	/* static shared memory */
};

struct ptxas_report {
	int count;
	struct ptxas_kernel kernels[PTXAS_MAX_KERNELS];
	bool wgmma_serialized;		/* "wgmma.mma_async instructions are serialized": half the speed */
	char warning[160];		/* the line that says so, or another performance warning; else "" */
};

void ptxas_parse(struct ptxas_report *out, const char *log, size_t len);
/* The largest register count, all spills, the largest stack frame and static shared memory over the kernels; -1 without any. */
int ptxas_registers(const struct ptxas_report *r);
int ptxas_spills(const struct ptxas_report *r);
int ptxas_stack(const struct ptxas_report *r);
int ptxas_shared(const struct ptxas_report *r);
/* The first error line of a compiler's log ("kernel.cu(12): error: ..."), at most size bytes; "" when there is none. */
void ptxas_first_error(char *out, size_t size, const char *log, size_t len);

#endif
