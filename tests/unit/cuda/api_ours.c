#include "worker/cuda/api/cudnn_api.h"
#include "worker/cuda/api/cupti_api.h"
#include "worker/cuda/api/driver_api.h"
#include "worker/cuda/api/nvrtc_api.h"
#include "api_facts.h"

const struct api_fact api_ours[] = {
#include "tests/unit/cuda/api_list.h"
	{ NULL, 0 },
};
