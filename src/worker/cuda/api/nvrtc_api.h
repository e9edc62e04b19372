/* What avo uses of NVRTC, the CUDA compiler as a library; see driver_api.h. */
#ifndef AVO_WORKER_CUDA_API_NVRTC_API_H
#define AVO_WORKER_CUDA_API_NVRTC_API_H

#include <stddef.h>

#ifndef AVO_CUDA_API_PROTOTYPES_ONLY

typedef struct _nvrtcProgram *nvrtcProgram;

typedef enum {
	NVRTC_SUCCESS = 0,
} nvrtcResult;

#endif

nvrtcResult nvrtcCompileProgram(nvrtcProgram, int, const char *const *);
nvrtcResult nvrtcCreateProgram(nvrtcProgram *, const char *, const char *, int, const char *const *,
	const char *const *);
nvrtcResult nvrtcDestroyProgram(nvrtcProgram *);
nvrtcResult nvrtcGetCUBIN(nvrtcProgram, char *);
nvrtcResult nvrtcGetCUBINSize(nvrtcProgram, size_t *);
const char *nvrtcGetErrorString(nvrtcResult);
nvrtcResult nvrtcGetNumSupportedArchs(int *);
nvrtcResult nvrtcGetProgramLog(nvrtcProgram, char *);
nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram, size_t *);
nvrtcResult nvrtcGetSupportedArchs(int *);
nvrtcResult nvrtcVersion(int *, int *);

#endif
