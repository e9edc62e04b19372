/*
 * What the GPU was doing while it was measured: clocks, power, temperature and
 * the reasons for throttling, from NVML. A value that NVML does not give is
 * absent, never 0. Source of the reason bits: nvml.h of CUDA 13.0.
 */
#ifndef AVO_WORKER_CUDA_TELEMETRY_H
#define AVO_WORKER_CUDA_TELEMETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

struct telemetry;

enum telemetry_value { TELEMETRY_SM_MHZ, TELEMETRY_MEMORY_MHZ, TELEMETRY_WATTS, TELEMETRY_CELSIUS, TELEMETRY_VALUES };

struct telemetry_sample {
	double at_s;				/* monotonic seconds since telemetry_start */
	double values[TELEMETRY_VALUES];	/* NAN: absent */
	uint64_t reasons;			/* throttle reasons, or'ed bits */
	bool reasons_known;
};

struct telemetry_range {
	int n;
	double min, mean, max;		/* NAN when n is 0 */
};

struct telemetry_summary {
	int samples;
	struct telemetry_range values[TELEMETRY_VALUES];
	uint64_t reasons;		/* of all samples together */
	double capped_fraction;		/* share of samples under a power cap, NAN when unknown */
};

/* Opens NVML for the device at this PCI address ("0000:8a:00.0"), which is how CUDA and NVML agree on a device. */
enum avo_status telemetry_open(struct telemetry **out, const char *pci_bus_id, struct error *err);
void telemetry_close(struct telemetry *t);

/* Facts that do not change: name, UUID, driver, maximum SM clock (MHz), power limit (W); members are left out when absent. */
void telemetry_device_json(cJSON *obj, struct telemetry *t);
/* Process ids of others that compute on this device, at most max; returns their number, -1 when NVML does not tell. */
int telemetry_others(struct telemetry *t, unsigned *pids, int max);

/* One reading, now. */
void telemetry_read(struct telemetry *t, struct telemetry_sample *out);
/* Samples every period_ms in a thread of its own until telemetry_stop, which summarises. */
enum avo_status telemetry_start(struct telemetry *t, int period_ms, struct error *err);
void telemetry_stop(struct telemetry *t, struct telemetry_summary *out);

/* {"samples","sm_mhz":{min,mean,max},"watts":...,"reasons":["power-cap"],"capped_fraction"} */
void telemetry_summary_json(cJSON *obj, const struct telemetry_summary *s);
/* The name of one reason bit, NULL when the bit has none. */
const char *telemetry_reason_name(uint64_t bit);

#endif
