#include "avo.h"
#include "base/str.h"
#include "journal/profile.h"
#include "journal/record.h"

#include <math.h>

/* Below its floor a counter says nothing: a stall of 0.02 warps may triple from one run to the next. */
static const struct group {
	const char *name, *title;
	double floor;
} groups[] = {
	{ "kernel", "kernels as launched", 0.5 },
	{ "time", "time", 0.01 },
	{ "pipe", "pipes", 1 },
	{ "issue", "issue", 0.05 },
	{ "stall", "stalls: warps that wait, per issue", 0.5 },
	{ "shared", "shared memory", 1000 },
	{ "memory", "L2 and DRAM", 1 },
	{ "occupancy", "occupancy", 1 },
};

#define BYTES_FLOOR 65536.0

static size_t group_index(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(groups); i++)
		if (strcmp(groups[i].name, name) == 0)
			break;
	return i;
}

const char *profile_group_title(const char *group)
{
	size_t i = group_index(group);

	return i < ARRAY_LEN(groups) ? groups[i].title : group;
}

bool profile_possible(const char *backend, const char **why)
{
	*why = "the backend cpu has no counters; they come from a GPU's run";
	return strcmp(backend, "cpu") != 0;
}

/* --- rows ------------------------------------------------------------------------- */

static struct profile_row *row_of(struct profile_table *t, const char *id)
{
	struct profile_row *r;
	int i;

	for (i = 0; i < t->count; i++)
		if (strcmp(t->rows[i].id, id) == 0)
			return &t->rows[i];
	if (t->count == PROFILE_ROWS)
		return NULL;
	r = &t->rows[t->count];
	memset(r, 0, sizeof(*r));
	snprintf(r->id, sizeof(r->id), "%s", id);
	r->value[0] = r->value[1] = NAN;
	r->order = t->count++;
	return r;
}

static void take(struct profile_table *t, int side, const struct profile_row *as, double value)
{
	struct profile_row *r = row_of(t, as->id);

	if (!r)
		return;
	memcpy(r->label, as->label, sizeof(r->label));
	memcpy(r->unit, as->unit, sizeof(r->unit));
	memcpy(r->group, as->group, sizeof(r->group));
	r->value[side] = value;
}

/* Over the launches of one run: times add up, of the rest the largest counts. */
static double over(const cJSON *list, const char *key, bool add)
{
	const cJSON *item;
	double total = NAN;

	cJSON_ArrayForEach(item, list) {
		double v = json_num(item, key, NAN);

		total = isnan(total) ? v : add ? total + v : fmax(total, v);
	}
	return total;
}

static void take_launches(struct profile_table *t, int side, const cJSON *event)
{
	static const struct {
		struct profile_row as;
		const char *list, *key;
		bool add;
	} facts[] = {
		{ { "kernel-time", "kernel time", "us", "kernel", { 0 }, 0 }, "activity", "us", true },
		{ { "registers", "registers a thread", "", "kernel", { 0 }, 0 }, "launches", "registers", false },
		{ { "local-bytes", "local memory a thread", "bytes", "kernel", { 0 }, 0 }, "launches", "local_bytes", false },
		{ { "dynamic-shared", "dynamic shared memory", "bytes", "kernel", { 0 }, 0 }, "launches", "dynamic_shared", false },
		{ { "blocks-per-sm", "blocks an SM holds", "", "kernel", { 0 }, 0 }, "launches", "blocks_per_sm", false },
	};
	static const struct profile_row launched = { "launches", "kernels launched", "", "kernel", { 0 }, 0 };
	size_t i;

	if (json_arr(event, "launches"))
		take(t, side, &launched, cJSON_GetArraySize(json_arr(event, "launches")));
	for (i = 0; i < ARRAY_LEN(facts); i++) {
		double value = over(json_arr(event, facts[i].list), facts[i].key, facts[i].add);

		if (isfinite(value))
			take(t, side, &facts[i].as, value);
	}
}

void profile_table_add(struct profile_table *t, int side, const cJSON *event)
{
	const cJSON *item;

	take_launches(t, side, event);
	cJSON_ArrayForEach(item, json_arr(event, "counters")) {
		struct profile_row as = { .value = { 0 } };
		const char *id = json_str(item, "id", NULL);

		if (!id)
			continue;
		snprintf(as.id, sizeof(as.id), "%s", id);
		snprintf(as.label, sizeof(as.label), "%s", json_str(item, "label", id));
		snprintf(as.unit, sizeof(as.unit), "%s", json_str(item, "unit", ""));
		snprintf(as.group, sizeof(as.group), "%s", json_str(item, "group", ""));
		take(t, side, &as, json_num(item, "value", NAN));
	}
}

/* --- order ------------------------------------------------------------------------ */

static double floor_of(const struct profile_row *r)
{
	size_t i = group_index(r->group);

	if (strcmp(r->unit, "bytes") == 0 && strcmp(r->group, "kernel") != 0)
		return BYTES_FLOOR;
	return i < ARRAY_LEN(groups) ? groups[i].floor : 0.01;
}

double profile_movement(const struct profile_row *r)
{
	double from = fabs(r->value[0]), to = fabs(r->value[1]), least = floor_of(r);

	if (!isfinite(from) || !isfinite(to))
		return NAN;
	return fabs(log((to + least) / (from + least)));
}

static int by_movement(const void *a, const void *b)
{
	const struct profile_row *x = a, *y = b;
	double mx = profile_movement(x), my = profile_movement(y);

	mx = isfinite(mx) ? mx : -1;
	my = isfinite(my) ? my : -1;
	return mx != my ? (mx < my) - (mx > my) : x->order - y->order;
}

static int by_group(const void *a, const void *b)
{
	const struct profile_row *x = a, *y = b;
	size_t gx = group_index(x->group), gy = group_index(y->group);

	if (gx != gy)
		return gx < gy ? -1 : 1;
	return gx == ARRAY_LEN(groups) && strcmp(x->group, y->group) != 0 ? strcmp(x->group, y->group) : x->order - y->order;
}

void profile_sort_movers(struct profile_table *t)
{
	qsort(t->rows, (size_t)t->count, sizeof(t->rows[0]), by_movement);
}

void profile_sort_groups(struct profile_table *t)
{
	qsort(t->rows, (size_t)t->count, sizeof(t->rows[0]), by_group);
}

double profile_scale(const char **unit, const struct profile_row *r)
{
	static const struct {
		const char *unit;
		double from, factor;
		const char *scaled;
	} scales[] = {
		{ "bytes", 0x1p31, 0x1p30, "GiB" }, { "bytes", 0x1p21, 0x1p20, "MiB" }, { "bytes", 0x1p15, 0x1p10, "KiB" },
		{ "Hz", 1e6, 1e6, "MHz" },
		{ "ns", 1e7, 1e6, "ms" }, { "ns", 1e4, 1e3, "us" },
		{ "cycles", 1e7, 1e6, "Mcycles" }, { "cycles", 1e5, 1e3, "kcycles" },
		{ "", 1e10, 1e9, "G" }, { "", 1e7, 1e6, "M" }, { "", 1e5, 1e3, "k" },
	};
	double largest = fmax(isfinite(r->value[0]) ? fabs(r->value[0]) : 0, isfinite(r->value[1]) ? fabs(r->value[1]) : 0);
	size_t i;

	for (i = 0; i < ARRAY_LEN(scales); i++)
		if (strcmp(scales[i].unit, r->unit) == 0 && largest >= scales[i].from) {
			*unit = scales[i].scaled;
			return scales[i].factor;
		}
	*unit = r->unit;
	return 1;
}

/* --- events ------------------------------------------------------------------------- */

const char *profile_absent(const cJSON *event)
{
	const char *verdict = json_str(event, "verdict", NULL);

	if (json_arr(event, "counters"))
		return NULL;
	if (json_str(event, "counters_absent", NULL))
		return json_str(event, "counters_absent", NULL);
	return json_str(event, "reason", verdict ? verdict : "the worker said nothing of counters");
}

char *profile_predecessor(char out[24], const struct run_state *s, const char *what)
{
	const struct version *v = state_version(s, (int)str_to_id(what, 'v')), *best = state_incumbent(s);
	const struct attempt *a = state_attempt(s, (int)str_to_id(what, 'a'));
	int parent = v ? v->parent : a ? a->parent : best && strcmp(what, "work") == 0 ? best->id : -1;

	out[0] = '\0';
	if (parent >= 0)
		snprintf(out, 24, "v%d", parent);
	return out;
}

cJSON *profile_event(const cJSON *result, const struct run_state *s, const char *what, const char *case_name, const char *by)
{
	static const char *const taken[] = { "verdict", "reason", "device", "launches", "activity", "activity_absent", "counters", "passes", "counters_absent" };
	const struct version *v = state_version(s, (int)str_to_id(what, 'v'));
	cJSON *event = cJSON_CreateObject();
	size_t i;

	json_set_str(event, "type", "profile");
	json_set_str(event, "what", what);
	if (v && v->attempt > 0)
		record_set_id(event, "attempt", 'a', v->attempt);
	json_set_str(event, "case", json_str(result, "case", case_name));
	json_set_str(event, "by", by);
	for (i = 0; i < ARRAY_LEN(taken); i++)
		if (json_get(result, taken[i]))
			json_set(event, taken[i], cJSON_Duplicate(json_get(result, taken[i]), true));
	return event;
}
