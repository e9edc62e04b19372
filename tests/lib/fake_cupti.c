/*
 * A stand-in for libcupti.so ($AVO_CUPTI names it): the calls that avo-worker
 * makes for counters, in the order in which CUPTI wants them, over a device that counts the same
 * always but for the stalls at the long scoreboard, of which there are fewer each time a kernel
 * is profiled ($FAKE_CUPTI_FILE holds how often that was).
 *
 * FAKE_CUPTI=denied: a user who may not count. FAKE_CUPTI=busy: another profiler is active.
 */
#define _GNU_SOURCE
#include "worker/cuda/api/cupti_api.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSES 3
#define IMAGE_BYTES 64

static struct {
	int initialized, enabled, configured, started, ranges, passes, decoded;
} at;

static int is(const char *what)
{
	const char *mode = getenv("FAKE_CUPTI");

	return mode && strcmp(mode, what) == 0;
}

/* A call out of order is what the real library would refuse. */
static CUptiResult needs(int condition)
{
	return condition ? CUPTI_SUCCESS : CUPTI_ERROR_INVALID_OPERATION;
}

CUptiResult cuptiGetResultString(CUptiResult result, const char **out)
{
	*out = result == CUPTI_ERROR_INVALID_OPERATION ? "CUPTI_ERROR_INVALID_OPERATION" : "CUPTI_ERROR";
	return CUPTI_SUCCESS;
}

/* ---- activity: nothing is recorded ------------------------------------------------- */

CUptiResult cuptiActivityRegisterCallbacks(CUpti_BuffersCallbackRequestFunc give, CUpti_BuffersCallbackCompleteFunc take)
{
	return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityEnable(CUpti_ActivityKind kind)
{
	return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityDisable(CUpti_ActivityKind kind)
{
	return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityFlushAll(uint32_t flag)
{
	return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityGetNextRecord(uint8_t *buffer, size_t size, CUpti_Activity **record)
{
	return CUPTI_ERROR_MAX_LIMIT_REACHED;
}

/* ---- the device -------------------------------------------------------------------- */

CUptiResult cuptiProfilerInitialize(CUpti_Profiler_Initialize_Params *p)
{
	at.initialized = 1;
	return CUPTI_SUCCESS;
}

CUptiResult cuptiProfilerDeInitialize(CUpti_Profiler_DeInitialize_Params *p)
{
	at.initialized = 0;
	return CUPTI_SUCCESS;
}

CUptiResult cuptiProfilerDeviceSupported(CUpti_Profiler_DeviceSupported_Params *p)
{
	p->isSupported = is("busy") ? CUPTI_PROFILER_CONFIGURATION_UNSUPPORTED : CUPTI_PROFILER_CONFIGURATION_SUPPORTED;
	return needs(at.initialized);
}

CUptiResult cuptiDeviceGetChipName(CUpti_Device_GetChipName_Params *p)
{
	p->pChipName = "GH100";
	return CUPTI_SUCCESS;
}

CUptiResult cuptiProfilerGetCounterAvailability(CUpti_Profiler_GetCounterAvailability_Params *p)
{
	p->counterAvailabilityImageSize = IMAGE_BYTES;
	return is("denied") ? CUPTI_ERROR_INSUFFICIENT_PRIVILEGES : needs(at.initialized && p->ctx);
}

/* ---- the host ------------------------------------------------------------------------ */

CUptiResult cuptiProfilerHostInitialize(CUpti_Profiler_Host_Initialize_Params *p)
{
	p->pHostObject = (CUpti_Profiler_Host_Object *)&at;
	return CUPTI_SUCCESS;
}

CUptiResult cuptiProfilerHostDeinitialize(CUpti_Profiler_Host_Deinitialize_Params *p)
{
	return CUPTI_SUCCESS;
}

CUptiResult cuptiProfilerHostConfigAddMetrics(CUpti_Profiler_Host_ConfigAddMetrics_Params *p)
{
	return needs(p->pHostObject && p->numMetrics > 0);
}

CUptiResult cuptiProfilerHostGetConfigImageSize(CUpti_Profiler_Host_GetConfigImageSize_Params *p)
{
	p->configImageSize = IMAGE_BYTES;
	return CUPTI_SUCCESS;
}

CUptiResult cuptiProfilerHostGetConfigImage(CUpti_Profiler_Host_GetConfigImage_Params *p)
{
	return needs(p->pConfigImage && p->configImageSize == IMAGE_BYTES);
}

CUptiResult cuptiProfilerHostGetNumOfPasses(CUpti_Profiler_Host_GetNumOfPasses_Params *p)
{
	p->numOfPasses = PASSES;
	return CUPTI_SUCCESS;
}

/* How often a kernel was profiled before, in this process and in others. */
static int times_before(void)
{
	const char *path = getenv("FAKE_CUPTI_FILE");
	FILE *f = path ? fopen(path, "r") : NULL;
	int times = 0;

	if (f && fscanf(f, "%d", &times) != 1)
		times = 0;
	if (f)
		fclose(f);
	f = path ? fopen(path, "w") : NULL;
	if (f)
		fprintf(f, "%d\n", times + 1);
	if (f)
		fclose(f);
	return times;
}

static double value_of(const char *metric, int times)
{
	size_t length = strlen(metric);

	if (strstr(metric, "long_scoreboard"))
		return 8 * pow(0.5, times);
	if (strstr(metric, "mem_local_op"))
		return NAN;			/* this device does not count it */
	return 10 + (double)(length % 50);
}

CUptiResult cuptiProfilerHostEvaluateToGpuValues(CUpti_Profiler_Host_EvaluateToGpuValues_Params *p)
{
	int times = times_before();
	size_t i;

	for (i = 0; i < p->numMetrics; i++)
		p->pMetricValues[i] = value_of(p->ppMetricNames[i], times);
	return needs(at.decoded);
}

/* ---- the range: one launch a pass ------------------------------------------------------ */

CUptiResult cuptiRangeProfilerEnable(CUpti_RangeProfiler_Enable_Params *p)
{
	p->pRangeProfilerObject = (CUpti_RangeProfiler_Object *)&at;
	at.enabled = 1;
	at.passes = at.ranges = at.decoded = 0;
	return needs(at.initialized && p->ctx);
}

CUptiResult cuptiRangeProfilerDisable(CUpti_RangeProfiler_Disable_Params *p)
{
	at.enabled = at.configured = 0;
	return CUPTI_SUCCESS;
}

CUptiResult cuptiRangeProfilerGetCounterDataSize(CUpti_RangeProfiler_GetCounterDataSize_Params *p)
{
	p->counterDataSize = IMAGE_BYTES;
	return needs(at.enabled && p->maxNumOfRanges == 1);
}

CUptiResult cuptiRangeProfilerCounterDataImageInitialize(CUpti_RangeProfiler_CounterDataImage_Initialize_Params *p)
{
	return needs(p->pCounterData && p->counterDataSize == IMAGE_BYTES);
}

CUptiResult cuptiRangeProfilerSetConfig(CUpti_RangeProfiler_SetConfig_Params *p)
{
	at.configured = 1;
	return needs(at.enabled && p->replayMode == CUPTI_UserReplay);
}

CUptiResult cuptiRangeProfilerStart(CUpti_RangeProfiler_Start_Params *p)
{
	at.started = 1;
	return needs(at.configured);
}

CUptiResult cuptiRangeProfilerPushRange(CUpti_RangeProfiler_PushRange_Params *p)
{
	at.ranges++;
	return needs(at.started && p->pRangeName);
}

CUptiResult cuptiRangeProfilerPopRange(CUpti_RangeProfiler_PopRange_Params *p)
{
	return needs(at.ranges > 0);
}

CUptiResult cuptiRangeProfilerStop(CUpti_RangeProfiler_Stop_Params *p)
{
	at.started = 0;
	p->isAllPassSubmitted = ++at.passes == PASSES;
	p->passIndex = (size_t)at.passes;
	p->targetNestingLevel = 1;
	return needs(at.ranges == at.passes);
}

CUptiResult cuptiRangeProfilerDecodeData(CUpti_RangeProfiler_DecodeData_Params *p)
{
	at.decoded = 1;
	p->numOfRangeDropped = 0;
	return needs(at.passes == PASSES);
}

CUptiResult cuptiRangeProfilerGetCounterDataInfo(CUpti_RangeProfiler_GetCounterDataInfo_Params *p)
{
	p->numTotalRanges = 1;
	return CUPTI_SUCCESS;
}
