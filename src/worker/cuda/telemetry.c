#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "worker/cuda/dl.h"
#include "worker/cuda/telemetry.h"

#include <math.h>
#include <pthread.h>
#include <unistd.h>

/*
 * NVML's header is not part of every toolkit, its interface is small and
 * frozen: the prototypes used here are declared by hand.
 */
typedef struct nvml_device_st *nvml_device;

enum { NVML_OK = 0, NVML_CLOCK_SM = 1, NVML_CLOCK_MEMORY = 2, NVML_TEMPERATURE_GPU = 0, NVML_TEXT = 96 };

struct nvml_process {
	unsigned pid;
	unsigned long long memory;
	unsigned instance, compute_instance;
};

static struct {
	bool loaded;
	int (*init)(void);
	int (*by_pci)(const char *, nvml_device *);
	int (*name)(nvml_device, char *, unsigned);
	int (*uuid)(nvml_device, char *, unsigned);
	int (*driver_version)(char *, unsigned);
	int (*clock)(nvml_device, int, unsigned *);
	int (*max_clock)(nvml_device, int, unsigned *);
	int (*power)(nvml_device, unsigned *);
	int (*power_limit)(nvml_device, unsigned *);
	int (*temperature)(nvml_device, int, unsigned *);
	int (*reasons)(nvml_device, unsigned long long *);
	int (*reasons_old)(nvml_device, unsigned long long *);
	int (*processes)(nvml_device, unsigned *, struct nvml_process *);
} nvml;

static const struct {
	uint64_t bit;
	const char *name;
} reason_names[] = {
	{ 0x1, "idle" }, { 0x2, "application-clocks" }, { 0x4, "power-cap" }, { 0x8, "hardware-slowdown" },
	{ 0x10, "sync-boost" }, { 0x20, "software-thermal" }, { 0x40, "hardware-thermal" },
	{ 0x80, "power-brake" }, { 0x100, "display-clocks" },
};

#define REASON_POWER_CAP 0x4

struct telemetry {
	nvml_device device;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool running, stop;
	int period_ms;
	int64_t start_ns;
	struct telemetry_sample *samples;
	size_t count, cap;
};

static enum avo_status load(struct error *err)
{
	static const char *const names[] = { "libnvidia-ml.so.1", "libnvidia-ml.so", NULL };
	static const struct dl_library library = {
		"NVML", "AVO_NVML", names, "it comes with the NVIDIA driver; without it clocks and power are not recorded",
	};
	const struct dl_symbol symbols[] = {
		{ "nvmlInit_v2", &nvml.init, false },
		{ "nvmlDeviceGetHandleByPciBusId_v2", &nvml.by_pci, false },
		{ "nvmlDeviceGetName", &nvml.name, false },
		{ "nvmlDeviceGetUUID", &nvml.uuid, false },
		{ "nvmlSystemGetDriverVersion", &nvml.driver_version, false },
		{ "nvmlDeviceGetClockInfo", &nvml.clock, false },
		{ "nvmlDeviceGetMaxClockInfo", &nvml.max_clock, false },
		{ "nvmlDeviceGetPowerUsage", &nvml.power, false },
		{ "nvmlDeviceGetEnforcedPowerLimit", &nvml.power_limit, true },
		{ "nvmlDeviceGetTemperature", &nvml.temperature, true },
		{ "nvmlDeviceGetCurrentClocksEventReasons", &nvml.reasons, true },
		{ "nvmlDeviceGetCurrentClocksThrottleReasons", &nvml.reasons_old, true },
		{ "nvmlDeviceGetComputeRunningProcesses_v3", &nvml.processes, true },
	};
	enum avo_status st;

	if (nvml.loaded)
		return AVO_OK;
	st = dl_load(&library, symbols, ARRAY_LEN(symbols), err);
	if (st != AVO_OK)
		return st;
	if (nvml.init() != NVML_OK)
		return error_set(err, AVO_ENVIRONMENT, "NVML does not start: is the NVIDIA driver loaded?");
	nvml.loaded = true;
	return AVO_OK;
}

enum avo_status telemetry_open(struct telemetry **out, const char *pci_bus_id, struct error *err)
{
	enum avo_status st = load(err);
	struct telemetry *t;
	nvml_device device;

	if (st != AVO_OK)
		return st;
	if (nvml.by_pci(pci_bus_id, &device) != NVML_OK)
		return error_set(err, AVO_ENVIRONMENT, "NVML does not know the device at %s", pci_bus_id);
	t = xcalloc(1, sizeof(*t));
	t->device = device;
	t->start_ns = clock_mono_ns();
	pthread_mutex_init(&t->mutex, NULL);
	pthread_cond_init(&t->wake, NULL);
	*out = t;
	return AVO_OK;
}

void telemetry_close(struct telemetry *t)
{
	struct telemetry_summary unused;

	if (!t)
		return;
	telemetry_stop(t, &unused);
	pthread_mutex_destroy(&t->mutex);
	pthread_cond_destroy(&t->wake);
	free(t->samples);
	free(t);
}

void telemetry_device_json(cJSON *obj, struct telemetry *t)
{
	char text[NVML_TEXT];
	unsigned value;

	if (nvml.name(t->device, text, sizeof(text)) == NVML_OK)
		json_set_str(obj, "name", text);
	if (nvml.uuid(t->device, text, sizeof(text)) == NVML_OK)
		json_set_str(obj, "uuid", text);
	if (nvml.driver_version(text, sizeof(text)) == NVML_OK)
		json_set_str(obj, "driver", text);
	if (nvml.max_clock(t->device, NVML_CLOCK_SM, &value) == NVML_OK)
		json_set_int(obj, "max_sm_mhz", value);
	if (nvml.power_limit && nvml.power_limit(t->device, &value) == NVML_OK)
		json_set_num(obj, "power_limit_watts", value / 1000.0);
}

int telemetry_others(struct telemetry *t, unsigned *pids, int max)
{
	struct nvml_process list[64];
	unsigned count = ARRAY_LEN(list), i;
	int others = 0;

	if (!nvml.processes || nvml.processes(t->device, &count, list) != NVML_OK)
		return -1;
	for (i = 0; i < count && others < max; i++)
		if (list[i].pid != (unsigned)getpid())
			pids[others++] = list[i].pid;
	return others;
}

void telemetry_read(struct telemetry *t, struct telemetry_sample *out)
{
	unsigned long long reasons = 0;
	unsigned n;
	int v;

	out->at_s = (double)(clock_mono_ns() - t->start_ns) / 1e9;
	for (v = 0; v < TELEMETRY_VALUES; v++)
		out->values[v] = NAN;
	if (nvml.clock(t->device, NVML_CLOCK_SM, &n) == NVML_OK)
		out->values[TELEMETRY_SM_MHZ] = n;
	if (nvml.clock(t->device, NVML_CLOCK_MEMORY, &n) == NVML_OK)
		out->values[TELEMETRY_MEMORY_MHZ] = n;
	if (nvml.power(t->device, &n) == NVML_OK)
		out->values[TELEMETRY_WATTS] = n / 1000.0;
	if (nvml.temperature && nvml.temperature(t->device, NVML_TEMPERATURE_GPU, &n) == NVML_OK)
		out->values[TELEMETRY_CELSIUS] = n;
	out->reasons_known = (nvml.reasons && nvml.reasons(t->device, &reasons) == NVML_OK) ||
			     (nvml.reasons_old && nvml.reasons_old(t->device, &reasons) == NVML_OK);
	out->reasons = reasons;
}

static void *sample_until_stopped(void *arg)
{
	struct telemetry *t = arg;

	pthread_mutex_lock(&t->mutex);
	while (!t->stop) {
		struct telemetry_sample s;
		struct timespec until;

		pthread_mutex_unlock(&t->mutex);
		telemetry_read(t, &s);
		pthread_mutex_lock(&t->mutex);
		t->samples = xgrow(t->samples, &t->cap, t->count + 1, sizeof(*t->samples));
		t->samples[t->count++] = s;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += (long)(t->period_ms % 1000) * 1000000;
		until.tv_sec += t->period_ms / 1000 + until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		if (!t->stop)
			pthread_cond_timedwait(&t->wake, &t->mutex, &until);
	}
	pthread_mutex_unlock(&t->mutex);
	return NULL;
}

enum avo_status telemetry_start(struct telemetry *t, int period_ms, struct error *err)
{
	t->count = 0;
	t->stop = false;
	t->period_ms = period_ms;
	t->start_ns = clock_mono_ns();
	if (pthread_create(&t->thread, NULL, sample_until_stopped, t) != 0)
		return error_set(err, AVO_ENVIRONMENT, "cannot start the telemetry thread");
	t->running = true;
	return AVO_OK;
}

static void range_add(struct telemetry_range *r, double value)
{
	if (!isfinite(value))
		return;
	r->min = r->n ? fmin(r->min, value) : value;
	r->max = r->n ? fmax(r->max, value) : value;
	r->mean = r->n ? r->mean + (value - r->mean) / (r->n + 1) : value;
	r->n++;
}

static void summarise(struct telemetry_summary *out, const struct telemetry_sample *samples, size_t count)
{
	size_t i, known = 0, capped = 0;
	int v;

	memset(out, 0, sizeof(*out));
	for (v = 0; v < TELEMETRY_VALUES; v++)
		out->values[v].min = out->values[v].mean = out->values[v].max = NAN;
	out->samples = (int)count;
	for (i = 0; i < count; i++) {
		for (v = 0; v < TELEMETRY_VALUES; v++)
			range_add(&out->values[v], samples[i].values[v]);
		if (!samples[i].reasons_known)
			continue;
		known++;
		out->reasons |= samples[i].reasons;
		capped += (samples[i].reasons & REASON_POWER_CAP) != 0;
	}
	out->capped_fraction = known ? (double)capped / (double)known : NAN;
}

void telemetry_stop(struct telemetry *t, struct telemetry_summary *out)
{
	if (t->running) {
		pthread_mutex_lock(&t->mutex);
		t->stop = true;
		pthread_cond_signal(&t->wake);
		pthread_mutex_unlock(&t->mutex);
		pthread_join(t->thread, NULL);
		t->running = false;
	}
	summarise(out, t->samples, t->count);
}

const char *telemetry_reason_name(uint64_t bit)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(reason_names); i++)
		if (reason_names[i].bit == bit)
			return reason_names[i].name;
	return NULL;
}

static void range_json(cJSON *obj, const char *key, const struct telemetry_range *r)
{
	cJSON *range;

	if (!r->n)
		return;
	range = cJSON_CreateObject();
	json_set_num(range, "min", r->min);
	json_set_num(range, "mean", r->mean);
	json_set_num(range, "max", r->max);
	json_set(obj, key, range);
}

void telemetry_summary_json(cJSON *obj, const struct telemetry_summary *s)
{
	static const char *const keys[TELEMETRY_VALUES] = { "sm_mhz", "memory_mhz", "watts", "celsius" };
	cJSON *reasons = cJSON_CreateArray();
	size_t i;
	int v;

	json_set_int(obj, "samples", s->samples);
	for (v = 0; v < TELEMETRY_VALUES; v++)
		range_json(obj, keys[v], &s->values[v]);
	for (i = 0; i < ARRAY_LEN(reason_names); i++)
		if (s->reasons & reason_names[i].bit)
			json_push(reasons, cJSON_CreateString(reason_names[i].name));
	json_set(obj, "reasons", reasons);
	if (isfinite(s->capped_fraction))
		json_set_num(obj, "capped_fraction", s->capped_fraction);
}
