/*
 * Compiling device code with NVRTC. It runs in a sandboxed process of its own
 * (a runaway template or an #include of somebody's key file must not reach the
 * worker): nvrtc_compile_in_sandbox() starts avo-worker again with
 * NVRTC_PROCESS_FLAG, whose main() calls nvrtc_process().
 */
#ifndef AVO_WORKER_CUDA_NVRTC_H
#define AVO_WORKER_CUDA_NVRTC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

#define NVRTC_PROCESS_FLAG "--nvrtc-compile"

/*
 * Compiles <dir>/kernel.cu for arch ("sm_90a") into <dir>/<output>; include_dir is
 * kernels/include. log gets NVRTC's words and the ptxas report. *ok says whether
 * there is a cubin: a refused source is AVO_OK with *ok false.
 */
enum avo_status nvrtc_compile_in_sandbox(bool *ok, struct buf *log, const char *dir, const char *output, const char *arch,
					 const char *include_dir, int64_t deadline_ms, struct error *err);

/* argv: flag arch include_dir source output. The exit status is 0, 1 (source refused) or 3 (no NVRTC). */
int nvrtc_process(int argc, char **argv);

/* Whether it compiles for this architecture; true when it does not say. After nvrtc_describe(). */
bool nvrtc_knows(const char *arch);

/* "NVRTC 13.0" into out, or AVO_ENVIRONMENT where there is none. */
enum avo_status nvrtc_describe(char *out, size_t size, struct error *err);

#endif
