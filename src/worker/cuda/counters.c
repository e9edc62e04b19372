#include "avo.h"
#include "base/mem.h"
#include "worker/cuda/counters.h"
#include "worker/cuda/dl.h"

#include "worker/cuda/api/cupti_api.h"

#define MAX_PASSES 256

#define CUPTI_FUNCTIONS(X) \
	X(cuptiGetResultString) X(cuptiDeviceGetChipName) \
	X(cuptiActivityRegisterCallbacks) X(cuptiActivityEnable) X(cuptiActivityDisable) X(cuptiActivityFlushAll) \
	X(cuptiActivityGetNextRecord) \
	X(cuptiProfilerInitialize) X(cuptiProfilerDeInitialize) X(cuptiProfilerDeviceSupported) \
	X(cuptiProfilerGetCounterAvailability) \
	X(cuptiProfilerHostInitialize) X(cuptiProfilerHostDeinitialize) X(cuptiProfilerHostConfigAddMetrics) \
	X(cuptiProfilerHostGetConfigImageSize) X(cuptiProfilerHostGetConfigImage) X(cuptiProfilerHostGetNumOfPasses) \
	X(cuptiProfilerHostEvaluateToGpuValues) \
	X(cuptiRangeProfilerEnable) X(cuptiRangeProfilerDisable) X(cuptiRangeProfilerSetConfig) X(cuptiRangeProfilerStart) \
	X(cuptiRangeProfilerStop) X(cuptiRangeProfilerPushRange) X(cuptiRangeProfilerPopRange) X(cuptiRangeProfilerDecodeData) \
	X(cuptiRangeProfilerGetCounterDataSize) X(cuptiRangeProfilerCounterDataImageInitialize) \
	X(cuptiRangeProfilerGetCounterDataInfo)

static struct {
	bool loaded;
#define X(name) __typeof__(&name) name;
	CUPTI_FUNCTIONS(X)
#undef X
} cupti;

/* Every parameter block is zeroed and carries its own size. */
#define PARAMS(type, name) type name = { .structSize = type##_STRUCT_SIZE }

static enum avo_status load(struct error *err)
{
	static const char *const names[] = {
		"libcupti.so.13", "/usr/local/cuda/lib64/libcupti.so.13", "/usr/local/cuda/extras/CUPTI/lib64/libcupti.so.13",
		"libcupti.so", "/usr/local/cuda/lib64/libcupti.so", NULL,
	};
	static const struct dl_library library = {
		"CUPTI", "AVO_CUPTI", names, "it comes with the CUDA toolkit (or name libcupti.so in AVO_CUPTI); without it there are no counters",
	};
	const struct dl_symbol symbols[] = {
#define X(function) { #function, &cupti.function, false },
		CUPTI_FUNCTIONS(X)
#undef X
	};
	enum avo_status st = cupti.loaded ? AVO_OK : dl_load(&library, symbols, ARRAY_LEN(symbols), err);

	cupti.loaded = st == AVO_OK;
	return st;
}

static enum avo_status check(CUptiResult result, const char *what, struct error *err)
{
	const char *text = "?";

	if (result == CUPTI_SUCCESS)
		return AVO_OK;
	if (result == CUPTI_ERROR_INSUFFICIENT_PRIVILEGES)
		return error_set(err, AVO_ENVIRONMENT,
				 "hardware counters are reserved for root here (NVreg_RestrictProfilingToAdminUsers); ask for CAP_SYS_ADMIN or that setting");
	cupti.cuptiGetResultString(result, &text);
	return error_set(err, AVO_ENVIRONMENT, "CUPTI: %s: %s (%d)", what, text, (int)result);
}

#define TRY(call, what) do { enum avo_status st_ = check(call, what, err); if (st_ != AVO_OK) return st_; } while (0)

/* ---- the host side: which counters, in which passes --------------------------- */

struct config {
	CUpti_Profiler_Host_Object *host;
	uint8_t *image;
	size_t image_size;
	size_t passes;
	const char *names[METRICS_MAX];
	int count;
};

static void config_release(struct config *c)
{
	PARAMS(CUpti_Profiler_Host_Deinitialize_Params, p);

	if (c->host) {
		p.pHostObject = c->host;
		cupti.cuptiProfilerHostDeinitialize(&p);
	}
	free(c->image);
}

static enum avo_status add_metrics(struct config *c, struct error *err)
{
	PARAMS(CUpti_Profiler_Host_ConfigAddMetrics_Params, add);
	CUptiResult all;
	int i;

	add.pHostObject = c->host;
	add.ppMetricNames = c->names;
	add.numMetrics = (size_t)c->count;
	all = cupti.cuptiProfilerHostConfigAddMetrics(&add);
	if (all == CUPTI_SUCCESS)
		return AVO_OK;
	/* one by one, to name the one that does not exist */
	for (i = 0; i < c->count; i++) {
		add.ppMetricNames = &c->names[i];
		add.numMetrics = 1;
		if (cupti.cuptiProfilerHostConfigAddMetrics(&add) != CUPTI_SUCCESS)
			return error_set(err, AVO_ENVIRONMENT, "CUPTI does not know the metric %s", c->names[i]);
	}
	return check(all, "add metrics", err);
}

static enum avo_status config_make(struct config *c, const char *chip, const uint8_t *availability, struct error *err)
{
	PARAMS(CUpti_Profiler_Host_Initialize_Params, init);
	PARAMS(CUpti_Profiler_Host_GetConfigImageSize_Params, size);
	PARAMS(CUpti_Profiler_Host_GetConfigImage_Params, image);
	PARAMS(CUpti_Profiler_Host_GetNumOfPasses_Params, passes);
	enum avo_status st;

	init.profilerType = CUPTI_PROFILER_TYPE_RANGE_PROFILER;
	init.pChipName = chip;
	init.pCounterAvailabilityImage = availability;
	TRY(cupti.cuptiProfilerHostInitialize(&init), "host initialize");
	c->host = init.pHostObject;
	st = add_metrics(c, err);
	if (st != AVO_OK)
		return st;
	size.pHostObject = c->host;
	TRY(cupti.cuptiProfilerHostGetConfigImageSize(&size), "config image size");
	c->image_size = size.configImageSize;
	c->image = xcalloc(1, c->image_size);
	image.pHostObject = c->host;
	image.configImageSize = c->image_size;
	image.pConfigImage = c->image;
	TRY(cupti.cuptiProfilerHostGetConfigImage(&image), "config image");
	passes.configImageSize = c->image_size;
	passes.pConfigImage = c->image;
	TRY(cupti.cuptiProfilerHostGetNumOfPasses(&passes), "number of passes");
	c->passes = passes.numOfPasses;
	return AVO_OK;
}

static enum avo_status choose_metrics(struct config *c, const struct metric *metrics[METRICS_MAX], const char *chip,
				      struct error *err)
{
	int i;

	c->count = metrics_for_chip(metrics, chip);
	if (!c->count)
		return error_set(err, AVO_ENVIRONMENT, "no metrics are chosen for the chip %s (known: GH100, GB100)", chip);
	for (i = 0; i < c->count; i++)
		c->names[i] = metrics[i]->name;
	return AVO_OK;
}

static enum avo_status profiler_initialize(struct error *err)
{
	PARAMS(CUpti_Profiler_Initialize_Params, p);

	TRY(cupti.cuptiProfilerInitialize(&p), "profiler initialize");
	return AVO_OK;
}

enum avo_status counters_resolve(const char *chip, int *passes, struct error *err)
{
	const struct metric *metrics[METRICS_MAX];
	struct config c = { 0 };
	enum avo_status st = load(err);

	if (st == AVO_OK)
		st = choose_metrics(&c, metrics, chip, err);
	if (st == AVO_OK)
		st = config_make(&c, chip, NULL, err);
	*passes = (int)c.passes;
	if (cupti.loaded)
		config_release(&c);
	return st;
}

/* ---- the target side: one range, launched once a pass --------------------------- */

struct session {
	struct config config;
	CUpti_RangeProfiler_Object *profiler;
	uint8_t *data;
	size_t data_size;
	counters_launch_fn *launch;
	void *arg;
	int launches;
};

static enum avo_status availability_of(uint8_t **out, CUcontext context, struct error *err)
{
	PARAMS(CUpti_Profiler_GetCounterAvailability_Params, p);

	p.ctx = context;
	TRY(cupti.cuptiProfilerGetCounterAvailability(&p), "counter availability");
	*out = xcalloc(1, p.counterAvailabilityImageSize);
	p.pCounterAvailabilityImage = *out;
	TRY(cupti.cuptiProfilerGetCounterAvailability(&p), "counter availability");
	return AVO_OK;
}

static enum avo_status session_open(struct session *s, CUcontext context, struct error *err)
{
	PARAMS(CUpti_RangeProfiler_Enable_Params, enable);
	PARAMS(CUpti_RangeProfiler_GetCounterDataSize_Params, size);
	PARAMS(CUpti_RangeProfiler_CounterDataImage_Initialize_Params, image);

	enable.ctx = context;
	TRY(cupti.cuptiRangeProfilerEnable(&enable), "enable");
	s->profiler = enable.pRangeProfilerObject;
	size.pRangeProfilerObject = s->profiler;
	size.pMetricNames = s->config.names;
	size.numMetrics = (size_t)s->config.count;
	size.maxNumOfRanges = 1;
	size.maxNumRangeTreeNodes = 1;
	TRY(cupti.cuptiRangeProfilerGetCounterDataSize(&size), "counter data size");
	s->data_size = size.counterDataSize;
	s->data = xcalloc(1, s->data_size);
	image.pRangeProfilerObject = s->profiler;
	image.counterDataSize = s->data_size;
	image.pCounterData = s->data;
	TRY(cupti.cuptiRangeProfilerCounterDataImageInitialize(&image), "counter data image");
	return AVO_OK;
}

static enum avo_status session_configure(struct session *s, size_t pass, uint16_t nesting, struct error *err)
{
	PARAMS(CUpti_RangeProfiler_SetConfig_Params, p);

	p.pRangeProfilerObject = s->profiler;
	p.configSize = s->config.image_size;
	p.pConfig = s->config.image;
	p.counterDataImageSize = s->data_size;
	p.pCounterDataImage = s->data;
	p.range = CUPTI_UserRange;
	p.replayMode = CUPTI_UserReplay;
	p.maxRangesPerPass = 1;
	p.numNestingLevels = 1;
	p.minNestingLevel = 1;
	p.passIndex = pass;
	p.targetNestingLevel = nesting;
	TRY(cupti.cuptiRangeProfilerSetConfig(&p), "set config");
	return AVO_OK;
}

static enum avo_status one_pass(struct session *s, CUpti_RangeProfiler_Stop_Params *stop, struct error *err)
{
	PARAMS(CUpti_RangeProfiler_Start_Params, start);
	PARAMS(CUpti_RangeProfiler_PushRange_Params, push);
	PARAMS(CUpti_RangeProfiler_PopRange_Params, pop);
	enum avo_status st;

	start.pRangeProfilerObject = push.pRangeProfilerObject = pop.pRangeProfilerObject = s->profiler;
	push.pRangeName = "launch";
	TRY(cupti.cuptiRangeProfilerStart(&start), "start");
	TRY(cupti.cuptiRangeProfilerPushRange(&push), "push range");
	st = s->launch(s->arg, err);
	s->launches++;
	if (st != AVO_OK)
		return st;
	TRY(cupti.cuptiRangeProfilerPopRange(&pop), "pop range");
	stop->pRangeProfilerObject = s->profiler;
	TRY(cupti.cuptiRangeProfilerStop(stop), "stop");
	return AVO_OK;
}

/* Start and Stop advance the pass by themselves; where they do not, Stop's pass index is fed back. */
static enum avo_status all_passes(struct session *s, struct error *err)
{
	enum avo_status st = session_configure(s, 0, 1, err);
	bool feed_back = false;

	while (st == AVO_OK) {
		PARAMS(CUpti_RangeProfiler_Stop_Params, stop);

		st = one_pass(s, &stop, err);
		if (st != AVO_OK || stop.isAllPassSubmitted)
			break;
		if (s->launches > MAX_PASSES)
			return error_set(err, AVO_ENVIRONMENT, "CUPTI: the passes do not end");
		feed_back |= s->launches > (int)s->config.passes + 2;
		if (feed_back)
			st = session_configure(s, stop.passIndex, (uint16_t)stop.targetNestingLevel, err);
	}
	return st;
}

static enum avo_status read_values(struct session *s, double *values, struct error *err)
{
	PARAMS(CUpti_RangeProfiler_DecodeData_Params, decode);
	PARAMS(CUpti_RangeProfiler_GetCounterDataInfo_Params, info);
	PARAMS(CUpti_Profiler_Host_EvaluateToGpuValues_Params, evaluate);

	decode.pRangeProfilerObject = s->profiler;
	TRY(cupti.cuptiRangeProfilerDecodeData(&decode), "decode");
	info.pCounterDataImage = s->data;
	info.counterDataImageSize = s->data_size;
	TRY(cupti.cuptiRangeProfilerGetCounterDataInfo(&info), "counter data");
	if (!info.numTotalRanges)
		return error_set(err, AVO_ENVIRONMENT, "CUPTI counted nothing (%zu ranges dropped)", (size_t)decode.numOfRangeDropped);
	evaluate.pHostObject = s->config.host;
	evaluate.pCounterDataImage = s->data;
	evaluate.counterDataImageSize = s->data_size;
	evaluate.ppMetricNames = s->config.names;
	evaluate.numMetrics = (size_t)s->config.count;
	evaluate.pMetricValues = values;
	TRY(cupti.cuptiProfilerHostEvaluateToGpuValues(&evaluate), "evaluate");
	return AVO_OK;
}

static void session_close(struct session *s)
{
	PARAMS(CUpti_RangeProfiler_Disable_Params, p);

	if (s->profiler) {
		p.pRangeProfilerObject = s->profiler;
		cupti.cuptiRangeProfilerDisable(&p);
	}
	config_release(&s->config);
	free(s->data);
}

static enum avo_status chip_of(char *out, size_t size, int device, struct error *err)
{
	PARAMS(CUpti_Profiler_DeviceSupported_Params, supported);
	PARAMS(CUpti_Device_GetChipName_Params, chip);

	supported.cuDevice = device;
	supported.api = CUPTI_PROFILER_RANGE_PROFILING;
	TRY(cupti.cuptiProfilerDeviceSupported(&supported), "device supported");
	if (supported.isSupported != CUPTI_PROFILER_CONFIGURATION_SUPPORTED)
		return error_set(err, AVO_ENVIRONMENT, "this device cannot be profiled (vGPU, confidential computing, or a profiler is active)");
	chip.deviceIndex = (size_t)device;
	TRY(cupti.cuptiDeviceGetChipName(&chip), "chip name");
	snprintf(out, size, "%s", chip.pChipName);
	return AVO_OK;
}

enum avo_status counters_collect(struct counter out[METRICS_MAX], int *count, int *passes, CUcontext context, int device,
				 counters_launch_fn *launch, void *arg, struct error *err)
{
	const struct metric *metrics[METRICS_MAX];
	struct session s = { .launch = launch, .arg = arg };
	uint8_t *availability = NULL;
	double values[METRICS_MAX];
	enum avo_status st = load(err);
	char chip[64];
	int i;

	*count = *passes = 0;
	if (st != AVO_OK || (st = profiler_initialize(err)) != AVO_OK)
		return st;
	if ((st = chip_of(chip, sizeof(chip), device, err)) != AVO_OK ||
	    (st = choose_metrics(&s.config, metrics, chip, err)) != AVO_OK ||
	    (st = availability_of(&availability, context, err)) != AVO_OK ||
	    (st = config_make(&s.config, chip, availability, err)) != AVO_OK ||
	    (st = session_open(&s, context, err)) != AVO_OK ||
	    (st = all_passes(&s, err)) != AVO_OK ||
	    (st = read_values(&s, values, err)) != AVO_OK)
		goto out;
	for (i = 0; i < s.config.count; i++)
		out[i] = (struct counter){ metrics[i], values[i], values[i] == values[i] };
	*count = s.config.count;
	*passes = s.launches;
out:
	session_close(&s);
	free(availability);
	return st;
}

/* ---- activity records -------------------------------------------------------------- */

/* CUPTI's callbacks carry no argument: the one collection in progress. */
static struct {
	struct kernel_record *records;
	int count;
} collecting;

static void give_buffer(uint8_t **buffer, size_t *size, size_t *max_records)
{
	*size = 1 << 20;
	*buffer = aligned_alloc(8, *size);
	*max_records = 0;
}

static void take_record(const CUpti_ActivityKernel10 *k)
{
	struct kernel_record *r;

	if (!collecting.records || collecting.count == KERNEL_RECORDS_MAX)
		return;
	r = &collecting.records[collecting.count++];
	snprintf(r->name, sizeof(r->name), "%s", k->name ? k->name : "?");
	r->duration_ns = (double)(k->end - k->start);
	r->registers = k->registersPerThread;
	r->static_shared = k->staticSharedMemory;
	r->dynamic_shared = k->dynamicSharedMemory;
	r->local_per_thread = (int)k->localMemoryPerThread;
	r->grid[0] = k->gridX, r->grid[1] = k->gridY, r->grid[2] = k->gridZ;
	r->block[0] = k->blockX, r->block[1] = k->blockY, r->block[2] = k->blockZ;
	r->cluster[0] = (int)k->clusterX, r->cluster[1] = (int)k->clusterY, r->cluster[2] = (int)k->clusterZ;
}

static void take_buffer(CUcontext context, uint32_t stream, uint8_t *buffer, size_t size, size_t valid)
{
	CUpti_Activity *record = NULL;

	while (cupti.cuptiActivityGetNextRecord(buffer, valid, &record) == CUPTI_SUCCESS)
		if (record->kind == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL)
			take_record((const CUpti_ActivityKernel10 *)record);
	free(buffer);
}

enum avo_status counters_activity(struct kernel_record out[KERNEL_RECORDS_MAX], int *count, counters_launch_fn *launch, void *arg,
				  struct error *err)
{
	enum avo_status st = load(err);

	*count = 0;
	if (st != AVO_OK)
		return st;
	TRY(cupti.cuptiActivityRegisterCallbacks(give_buffer, take_buffer), "activity callbacks");
	TRY(cupti.cuptiActivityEnable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL), "activity");
	memset(out, 0, KERNEL_RECORDS_MAX * sizeof(*out));
	collecting.records = out;
	collecting.count = 0;
	st = launch(arg, err);
	cupti.cuptiActivityFlushAll(1);
	cupti.cuptiActivityDisable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL);
	*count = collecting.count;
	collecting.records = NULL;
	return st;
}
