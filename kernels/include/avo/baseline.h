/*
 * A baseline of your own on a GPU, as a shared object: any attention that host
 * code can launch (a FlashAttention build, a vendor's library, another
 * project's kernel) measured beside the run's candidates, on the same values, by
 * the same clock, with its outputs checked.
 *
 *     avo bench --baseline ./libflash.so          or, for every peer line of a run,
 *     score.baseline = /path/to/libflash.so       in avo.conf
 *
 * The object is C or C++ (extern "C"), linked with what it needs:
 *
 *     nvcc -shared -Xcompiler -fPIC -arch=sm_90a -Ikernels/include mine.cu -o libmine.so
 *
 * TRUST. Unlike a candidate it is not confined: it runs with your rights in the
 * process that measures. Name only what you trust. It must leave the context as
 * it found it: no device reset, no change of limits.
 *
 * A library that is only device code needs none of this: name its .cubin, with
 * a plan (avo/plan.h) in NAME.plan.c or plan.c beside it.
 */
#ifndef AVO_BASELINE_H
#define AVO_BASELINE_H

#include <avo/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

struct avo_baseline_call {
	const struct avo_problem *problem;	/* shape, scale, device: avo/plan.h */
	const void *q, *k, *v;			/* device pointers, BSHD, as avo/plan.h says */
	void *o;				/* every element must be written */
	void *workspace;			/* as many bytes as asked for; contents undefined */
	void *stream;				/* a CUstream (cudaStream_t); everything must be ordered on it */
};

/*
 * Optional. Bytes of workspace for a problem, or a negative number: this library
 * does not do such problems. Called once for each problem, before it is timed: set-up
 * that a user of the library does once belongs here.
 */
int64_t avo_baseline_workspace(const struct avo_problem *problem);

/*
 * Required. Puts the work on the stream and returns without waiting. The time that
 * counts is between two events on the stream around it. 0: done; anything else: failed.
 */
int avo_baseline_launch(const struct avo_baseline_call *call);

#ifdef __cplusplus
}
#endif

#endif
