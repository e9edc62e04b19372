/*
 * Which compiler a kernel.cu gets. NVRTC, in the worker's own sandboxed process,
 * is the rule. nvcc compiles where NVRTC cannot: it is not installed, it does not
 * know the architecture, or the source asks for nvcc because it needs what NVRTC
 * lacks (headers of the host's C++ library, as CUTLASS includes them) with a
 * line of its own:
 *
 *     // avo-compiler: nvcc
 */
#ifndef AVO_WORKER_CUDA_COMPILER_H
#define AVO_WORKER_CUDA_COMPILER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct compiler {
	char name[64];		/* with its version: part of a build's identity */
	bool nvcc;
};

/* For a source (NULL: any) and an architecture. AVO_ENVIRONMENT when nothing here can compile it. */
enum avo_status compiler_choose(struct compiler *out, const char *source, const char *arch, struct error *err);

/* Compiles <dir>/kernel.cu into <dir>/<output>; see nvrtc_compile_in_sandbox(). */
enum avo_status compiler_run(bool *ok, struct buf *log, const struct compiler *c, const char *dir, const char *output,
			     const char *arch, const char *include_dir, int64_t deadline_ms, struct error *err);

#endif
