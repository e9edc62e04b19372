/* The same list with the toolkit's headers. Our prototypes follow theirs here: one that differs does not compile. */
#include <cuda.h>
#include <cudnn.h>
#include <cupti.h>
#include <cupti_profiler_host.h>
#include <cupti_profiler_target.h>
#include <cupti_range_profiler.h>
#include <cupti_target.h>
#include <nvrtc.h>

#define AVO_CUDA_API_PROTOTYPES_ONLY
#include "worker/cuda/api/cudnn_api.h"
#include "worker/cuda/api/cupti_api.h"
#include "worker/cuda/api/driver_api.h"
#include "worker/cuda/api/nvrtc_api.h"
#include "api_facts.h"

const struct api_fact api_theirs[] = {
#include "tests/unit/cuda/api_list.h"
	{ NULL, 0 },
};
