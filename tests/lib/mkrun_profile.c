/* Profiles of the fixture run: what an H200 might have counted, moving from version to version. */
#include "mkrun.h"

#include <math.h>

static const struct {
	const char *id, *label, *unit, *group;
	double first;		/* of the seed; NAN: this chip does not count it */
	double trend;		/* from one version to the next */
} metrics[] = {
	{ "duration", "duration", "ns", "time", 734112, 0.87 },
	{ "sm-clock", "SM clock", "Hz", "time", 1.755e9, 1.001 },
	{ "tensor-active", "tensor pipe active", "%", "pipe", 31.4, 1.14 },
	{ "exp-active", "exp unit (XU) issue", "%", "pipe", 22.8, 1.09 },
	{ "tmem-active", "tensor memory active", "%", "pipe", NAN, 1 },
	{ "issue-active", "issue slots used", "%", "issue", 38.1, 1.02 },
	{ "instructions", "instructions", "", "issue", 412337152, 0.94 },
	{ "stall-long-scoreboard", "stall: long scoreboard", "", "stall", 6.21, 0.62 },
	{ "stall-barrier", "stall: barrier", "", "stall", 1.12, 1.24 },
	{ "stall-sleeping", "stall: sleeping", "", "stall", 0.002, 3 },
	{ "shared-conflicts", "shared memory bank conflicts", "", "shared", 83886080, 0.35 },
	{ "l2-hit-rate", "L2 hit rate", "%", "memory", 61.2, 1.05 },
	{ "dram-read", "DRAM read", "bytes", "memory", 1.213e9, 0.96 },
	{ "local-load", "local memory loads (spills)", "bytes", "memory", 0, 1 },
	{ "occupancy", "warps active", "%", "occupancy", 18.7, 1.0 },
};

static double value_of(size_t metric, int version, bool spills, uint32_t *seed)
{
	double value = metrics[metric].first * pow(metrics[metric].trend, version);

	if (spills && strcmp(metrics[metric].id, "local-load") == 0)
		return 25165824;
	return round(value * (1 + 0.004 * noise(seed)) * 1000) / 1000;
}

static cJSON *launches(int version)
{
	cJSON *list = cJSON_CreateArray(), *k = cJSON_CreateObject();

	json_set_str(k, "kernel", "attention");
	json_set_int(k, "registers", 168 + 8 * (version / 2));
	json_set_int(k, "local_bytes", 0);
	json_set_int(k, "dynamic_shared", 32768 << (version > 2));
	json_set_int(k, "blocks_per_sm", version > 2 ? 1 : 2);
	json_push(list, k);
	return list;
}

void profile_to_json(cJSON *event, int version, bool spills, const char *absent, uint32_t *seed)
{
	cJSON *list = cJSON_CreateArray();
	size_t i;

	json_set_str(event, "case", "full-1k");
	json_set_str(event, "by", "engine");
	json_set_str(event, "device", "NVIDIA H200");
	json_set(event, "launches", launches(version));
	if (absent) {
		json_set_str(event, "counters_absent", absent);
		cJSON_Delete(list);
		return;
	}
	for (i = 0; i < ARRAY_LEN(metrics); i++) {
		cJSON *c = cJSON_CreateObject();

		json_set_str(c, "id", metrics[i].id);
		json_set_str(c, "label", metrics[i].label);
		json_set_str(c, "group", metrics[i].group);
		json_set_str(c, "unit", metrics[i].unit);
		json_set_num(c, "value", value_of(i, version, spills, seed));
		json_push(list, c);
	}
	json_set(event, "counters", list);
	json_set_int(event, "passes", 8);
}
