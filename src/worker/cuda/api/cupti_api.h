/*
 * What avo uses of CUPTI: range profiling and the record of a kernel's activity; see driver_api.h. A parameter block
 * carries its size as of its newest member, which is what the _STRUCT_SIZE names say.
 */
#ifndef AVO_WORKER_CUDA_API_CUPTI_API_H
#define AVO_WORKER_CUDA_API_CUPTI_API_H

#include <stddef.h>
#include <stdint.h>

#include "worker/cuda/api/driver_api.h"

#ifndef AVO_CUDA_API_PROTOTYPES_ONLY

typedef enum {
	CUPTI_SUCCESS = 0,
	CUPTI_ERROR_INVALID_OPERATION = 7,
	CUPTI_ERROR_MAX_LIMIT_REACHED = 12,
	CUPTI_ERROR_INSUFFICIENT_PRIVILEGES = 35,
} CUptiResult;

typedef enum {
	CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL = 10,
} CUpti_ActivityKind;

typedef enum {
	CUPTI_PROFILER_CONFIGURATION_UNSUPPORTED = 1,
	CUPTI_PROFILER_CONFIGURATION_SUPPORTED = 3,
} CUpti_Profiler_Support_Level;

typedef enum {
	CUPTI_PROFILER_RANGE_PROFILING = 0,
} CUpti_Profiler_API;

typedef enum {
	CUPTI_PROFILER_TYPE_RANGE_PROFILER = 0,
} CUpti_ProfilerType;

typedef enum {
	CUPTI_UserRange = 2,
} CUpti_ProfilerRange;

typedef enum {
	CUPTI_UserReplay = 3,
} CUpti_ProfilerReplayMode;

typedef struct CUpti_Profiler_Host_Object CUpti_Profiler_Host_Object;
typedef struct CUpti_RangeProfiler_Object CUpti_RangeProfiler_Object;
typedef void (*CUpti_BuffersCallbackRequestFunc)(uint8_t **, size_t *, size_t *);
typedef void (*CUpti_BuffersCallbackCompleteFunc)(CUcontext, uint32_t, uint8_t *, size_t, size_t);

typedef struct __attribute__((packed, aligned(8))) {
	CUpti_ActivityKind kind;
} CUpti_Activity;

#define CUPTI_SIZE_UP_TO(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

/* How a kernel ran. Enumerations that avo does not look at stand as the integers that they are. */
typedef struct __attribute__((packed, aligned(8))) {
	CUpti_ActivityKind kind;
	uint8_t cacheConfig;
	uint8_t sharedMemoryConfig;
	uint16_t registersPerThread;
	uint32_t partitionedGlobalCacheRequested;
	uint32_t partitionedGlobalCacheExecuted;
	uint64_t start;
	uint64_t end;
	uint64_t completed;
	uint32_t deviceId;
	uint32_t contextId;
	uint32_t streamId;
	int32_t gridX;
	int32_t gridY;
	int32_t gridZ;
	int32_t blockX;
	int32_t blockY;
	int32_t blockZ;
	int32_t staticSharedMemory;
	int32_t dynamicSharedMemory;
	uint32_t localMemoryPerThread;
	uint32_t localMemoryTotal;
	uint32_t correlationId;
	int64_t gridId;
	const char *name;
	void *reserved0;
	uint64_t queued;
	uint64_t submitted;
	uint8_t launchType;
	uint8_t isSharedMemoryCarveoutRequested;
	uint8_t sharedMemoryCarveoutRequested;
	uint8_t padding;
	uint32_t sharedMemoryExecuted;
	uint64_t graphNodeId;
	uint32_t shmemLimitConfig;
	uint32_t graphId;
	void *pAccessPolicyWindow;
	uint32_t channelID;
	uint32_t channelType;
	uint32_t clusterX;
	uint32_t clusterY;
	uint32_t clusterZ;
	uint32_t clusterSchedulingPolicy;
	uint64_t localMemoryTotal_v2;
	uint32_t maxPotentialClusterSize;
	uint32_t maxActiveClusters;
	uint8_t isDeviceLaunched;
	uint8_t padding3[7];
} CUpti_ActivityKernel10;

typedef struct {
	size_t structSize;
	void *pPriv;
	size_t deviceIndex;
	const char *pChipName;
} CUpti_Device_GetChipName_Params;
#define CUpti_Device_GetChipName_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_Device_GetChipName_Params, pChipName)

typedef struct {
	size_t structSize;
	void *pPriv;
} CUpti_Profiler_DeInitialize_Params;
#define CUpti_Profiler_DeInitialize_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_Profiler_DeInitialize_Params, pPriv)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUdevice cuDevice;
	CUpti_Profiler_Support_Level isSupported;
	CUpti_Profiler_Support_Level architecture;
	CUpti_Profiler_Support_Level sli;
	CUpti_Profiler_Support_Level vGpu;
	CUpti_Profiler_Support_Level confidentialCompute;
	CUpti_Profiler_Support_Level cmp;
	CUpti_Profiler_Support_Level wsl;
	CUpti_Profiler_API api;
} CUpti_Profiler_DeviceSupported_Params;
#define CUpti_Profiler_DeviceSupported_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_Profiler_DeviceSupported_Params, api)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUcontext ctx;
	size_t counterAvailabilityImageSize;
	uint8_t *pCounterAvailabilityImage;
} CUpti_Profiler_GetCounterAvailability_Params;
#define CUpti_Profiler_GetCounterAvailability_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_Profiler_GetCounterAvailability_Params, pCounterAvailabilityImage)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUpti_Profiler_Host_Object *pHostObject;
	const char * *ppMetricNames;
	size_t numMetrics;
} CUpti_Profiler_Host_ConfigAddMetrics_Params;
#define CUpti_Profiler_Host_ConfigAddMetrics_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_Profiler_Host_ConfigAddMetrics_Params, numMetrics)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUpti_Profiler_Host_Object *pHostObject;
} CUpti_Profiler_Host_Deinitialize_Params;
#define CUpti_Profiler_Host_Deinitialize_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_Profiler_Host_Deinitialize_Params, pHostObject)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUpti_Profiler_Host_Object *pHostObject;
	const uint8_t *pCounterDataImage;
	size_t counterDataImageSize;
	size_t rangeIndex;
	const char * *ppMetricNames;
	size_t numMetrics;
	double *pMetricValues;
} CUpti_Profiler_Host_EvaluateToGpuValues_Params;
#define CUpti_Profiler_Host_EvaluateToGpuValues_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_Profiler_Host_EvaluateToGpuValues_Params, pMetricValues)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUpti_Profiler_Host_Object *pHostObject;
	size_t configImageSize;
} CUpti_Profiler_Host_GetConfigImageSize_Params;
#define CUpti_Profiler_Host_GetConfigImageSize_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_Profiler_Host_GetConfigImageSize_Params, configImageSize)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUpti_Profiler_Host_Object *pHostObject;
	size_t configImageSize;
	uint8_t *pConfigImage;
} CUpti_Profiler_Host_GetConfigImage_Params;
#define CUpti_Profiler_Host_GetConfigImage_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_Profiler_Host_GetConfigImage_Params, pConfigImage)

typedef struct {
	size_t structSize;
	void *pPriv;
	size_t configImageSize;
	uint8_t *pConfigImage;
	size_t numOfPasses;
} CUpti_Profiler_Host_GetNumOfPasses_Params;
#define CUpti_Profiler_Host_GetNumOfPasses_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_Profiler_Host_GetNumOfPasses_Params, numOfPasses)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUpti_ProfilerType profilerType;
	const char *pChipName;
	const uint8_t *pCounterAvailabilityImage;
	CUpti_Profiler_Host_Object *pHostObject;
} CUpti_Profiler_Host_Initialize_Params;
#define CUpti_Profiler_Host_Initialize_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_Profiler_Host_Initialize_Params, pHostObject)

typedef struct {
	size_t structSize;
	void *pPriv;
} CUpti_Profiler_Initialize_Params;
#define CUpti_Profiler_Initialize_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_Profiler_Initialize_Params, pPriv)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUpti_RangeProfiler_Object *pRangeProfilerObject;
	size_t counterDataSize;
	uint8_t *pCounterData;
} CUpti_RangeProfiler_CounterDataImage_Initialize_Params;
#define CUpti_RangeProfiler_CounterDataImage_Initialize_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_RangeProfiler_CounterDataImage_Initialize_Params, pCounterData)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUpti_RangeProfiler_Object *pRangeProfilerObject;
	size_t numOfRangeDropped;
} CUpti_RangeProfiler_DecodeData_Params;
#define CUpti_RangeProfiler_DecodeData_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_RangeProfiler_DecodeData_Params, numOfRangeDropped)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUpti_RangeProfiler_Object *pRangeProfilerObject;
} CUpti_RangeProfiler_Disable_Params;
#define CUpti_RangeProfiler_Disable_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_RangeProfiler_Disable_Params, pRangeProfilerObject)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUcontext ctx;
	CUpti_RangeProfiler_Object *pRangeProfilerObject;
} CUpti_RangeProfiler_Enable_Params;
#define CUpti_RangeProfiler_Enable_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_RangeProfiler_Enable_Params, pRangeProfilerObject)

typedef struct {
	size_t structSize;
	void *pPriv;
	const uint8_t *pCounterDataImage;
	size_t counterDataImageSize;
	size_t numTotalRanges;
} CUpti_RangeProfiler_GetCounterDataInfo_Params;
#define CUpti_RangeProfiler_GetCounterDataInfo_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_RangeProfiler_GetCounterDataInfo_Params, numTotalRanges)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUpti_RangeProfiler_Object *pRangeProfilerObject;
	const char * *pMetricNames;
	size_t numMetrics;
	size_t maxNumOfRanges;
	uint32_t maxNumRangeTreeNodes;
	size_t counterDataSize;
} CUpti_RangeProfiler_GetCounterDataSize_Params;
#define CUpti_RangeProfiler_GetCounterDataSize_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_RangeProfiler_GetCounterDataSize_Params, counterDataSize)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUpti_RangeProfiler_Object *pRangeProfilerObject;
} CUpti_RangeProfiler_PopRange_Params;
#define CUpti_RangeProfiler_PopRange_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_RangeProfiler_PopRange_Params, pRangeProfilerObject)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUpti_RangeProfiler_Object *pRangeProfilerObject;
	const char *pRangeName;
} CUpti_RangeProfiler_PushRange_Params;
#define CUpti_RangeProfiler_PushRange_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_RangeProfiler_PushRange_Params, pRangeName)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUpti_RangeProfiler_Object *pRangeProfilerObject;
	size_t configSize;
	const uint8_t *pConfig;
	size_t counterDataImageSize;
	uint8_t *pCounterDataImage;
	CUpti_ProfilerRange range;
	CUpti_ProfilerReplayMode replayMode;
	size_t maxRangesPerPass;
	uint16_t numNestingLevels;
	uint16_t minNestingLevel;
	size_t passIndex;
	uint16_t targetNestingLevel;
} CUpti_RangeProfiler_SetConfig_Params;
#define CUpti_RangeProfiler_SetConfig_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_RangeProfiler_SetConfig_Params, targetNestingLevel)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUpti_RangeProfiler_Object *pRangeProfilerObject;
} CUpti_RangeProfiler_Start_Params;
#define CUpti_RangeProfiler_Start_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_RangeProfiler_Start_Params, pRangeProfilerObject)

typedef struct {
	size_t structSize;
	void *pPriv;
	CUpti_RangeProfiler_Object *pRangeProfilerObject;
	size_t passIndex;
	size_t targetNestingLevel;
	uint8_t isAllPassSubmitted;
} CUpti_RangeProfiler_Stop_Params;
#define CUpti_RangeProfiler_Stop_Params_STRUCT_SIZE \
	CUPTI_SIZE_UP_TO(CUpti_RangeProfiler_Stop_Params, isAllPassSubmitted)

#endif

CUptiResult cuptiActivityDisable(CUpti_ActivityKind);
CUptiResult cuptiActivityEnable(CUpti_ActivityKind);
CUptiResult cuptiActivityFlushAll(uint32_t);
CUptiResult cuptiActivityGetNextRecord(uint8_t *, size_t, CUpti_Activity **);
CUptiResult cuptiActivityRegisterCallbacks(CUpti_BuffersCallbackRequestFunc,
	CUpti_BuffersCallbackCompleteFunc);
CUptiResult cuptiDeviceGetChipName(CUpti_Device_GetChipName_Params *);
CUptiResult cuptiGetResultString(CUptiResult, const char **);
CUptiResult cuptiProfilerDeInitialize(CUpti_Profiler_DeInitialize_Params *);
CUptiResult cuptiProfilerDeviceSupported(CUpti_Profiler_DeviceSupported_Params *);
CUptiResult cuptiProfilerGetCounterAvailability(CUpti_Profiler_GetCounterAvailability_Params *);
CUptiResult cuptiProfilerHostConfigAddMetrics(CUpti_Profiler_Host_ConfigAddMetrics_Params *);
CUptiResult cuptiProfilerHostDeinitialize(CUpti_Profiler_Host_Deinitialize_Params *);
CUptiResult cuptiProfilerHostEvaluateToGpuValues(CUpti_Profiler_Host_EvaluateToGpuValues_Params *);
CUptiResult cuptiProfilerHostGetConfigImage(CUpti_Profiler_Host_GetConfigImage_Params *);
CUptiResult cuptiProfilerHostGetConfigImageSize(CUpti_Profiler_Host_GetConfigImageSize_Params *);
CUptiResult cuptiProfilerHostGetNumOfPasses(CUpti_Profiler_Host_GetNumOfPasses_Params *);
CUptiResult cuptiProfilerHostInitialize(CUpti_Profiler_Host_Initialize_Params *);
CUptiResult cuptiProfilerInitialize(CUpti_Profiler_Initialize_Params *);
CUptiResult cuptiRangeProfilerCounterDataImageInitialize(
	CUpti_RangeProfiler_CounterDataImage_Initialize_Params *);
CUptiResult cuptiRangeProfilerDecodeData(CUpti_RangeProfiler_DecodeData_Params *);
CUptiResult cuptiRangeProfilerDisable(CUpti_RangeProfiler_Disable_Params *);
CUptiResult cuptiRangeProfilerEnable(CUpti_RangeProfiler_Enable_Params *);
CUptiResult cuptiRangeProfilerGetCounterDataInfo(CUpti_RangeProfiler_GetCounterDataInfo_Params *);
CUptiResult cuptiRangeProfilerGetCounterDataSize(CUpti_RangeProfiler_GetCounterDataSize_Params *);
CUptiResult cuptiRangeProfilerPopRange(CUpti_RangeProfiler_PopRange_Params *);
CUptiResult cuptiRangeProfilerPushRange(CUpti_RangeProfiler_PushRange_Params *);
CUptiResult cuptiRangeProfilerSetConfig(CUpti_RangeProfiler_SetConfig_Params *);
CUptiResult cuptiRangeProfilerStart(CUpti_RangeProfiler_Start_Params *);
CUptiResult cuptiRangeProfilerStop(CUpti_RangeProfiler_Stop_Params *);

#endif
