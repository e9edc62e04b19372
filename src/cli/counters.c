#include "avo.h"
#include "base/conf.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/commands.h"
#include "cli/evaluate.h"
#include "cli/text.h"
#include "lineage/lineage.h"

#include <math.h>

/* What the hardware counted while a version ran, alone or beside another one, biggest movers first. */

#define MAX_ROWS 96

struct row {
	char id[40], label[64], unit[16];
	double value[2];		/* NAN: absent */
	int order;			/* as the worker gave them */
};

struct counters {
	const struct cli_call *call;
	struct cli_run *run;
	const char *case_name;		/* NULL: the suite's first */
	char *worker, *cache;
	cJSON *results[2];
	struct row rows[MAX_ROWS];
	int count, sides;
};

static struct row *row_of(struct counters *c, const char *id, const char *label, const char *unit)
{
	struct row *r;
	int i;

	for (i = 0; i < c->count; i++)
		if (strcmp(c->rows[i].id, id) == 0)
			return &c->rows[i];
	if (c->count == MAX_ROWS)
		return NULL;
	r = &c->rows[c->count];
	snprintf(r->id, sizeof(r->id), "%s", id);
	snprintf(r->label, sizeof(r->label), "%s", label);
	snprintf(r->unit, sizeof(r->unit), "%s", unit);
	r->value[0] = r->value[1] = NAN;
	r->order = c->count++;
	return r;
}

static void take(struct counters *c, int side, const char *id, const char *label, const char *unit, double value)
{
	struct row *r = isfinite(value) ? row_of(c, id, label, unit) : NULL;

	if (r)
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

static void take_result(struct counters *c, int side)
{
	const cJSON *result = c->results[side], *item;

	take(c, side, "kernel-time", "kernel time", "us", over(json_arr(result, "activity"), "us", true));
	take(c, side, "launches", "kernels launched", "", cJSON_GetArraySize(json_arr(result, "launches")));
	take(c, side, "registers", "registers a thread", "", over(json_arr(result, "launches"), "registers", false));
	take(c, side, "local-bytes", "local memory a thread", "bytes", over(json_arr(result, "launches"), "local_bytes", false));
	take(c, side, "dynamic-shared", "dynamic shared memory", "bytes", over(json_arr(result, "launches"), "dynamic_shared", false));
	take(c, side, "blocks-per-sm", "blocks an SM holds", "", over(json_arr(result, "launches"), "blocks_per_sm", false));
	cJSON_ArrayForEach(item, json_arr(result, "counters"))
		take(c, side, json_str(item, "id", "?"), json_str(item, "label", "?"), json_str(item, "unit", ""), json_num(item, "value", NAN));
}

/* How much a row moved, in factors; one that exists on one side only moved most. */
static double movement(const struct row *r)
{
	double a = fabs(r->value[0]), b = fabs(r->value[1]);

	if (a == b || (isnan(a) && isnan(b)))
		return 0;
	if (isnan(a) || isnan(b) || a == 0 || b == 0)
		return INFINITY;
	return fabs(log(b / a));
}

static int by_movement(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	double mx = movement(x), my = movement(y);

	return mx != my ? (mx < my) - (mx > my) : x->order - y->order;
}

static const char *number(char *out, size_t size, double value)
{
	if (isnan(value))
		snprintf(out, size, "-");
	else if (value == floor(value) && fabs(value) < 1e15)
		snprintf(out, size, "%.0f", value);
	else
		snprintf(out, size, "%.*f", fabs(value) < 10 ? 3 : fabs(value) < 1000 ? 1 : 0, value);
	return out;
}

static void print_rows(const struct counters *c)
{
	int i;

	printf("  %-30s %-7s%18s", "counter", "unit", c->run->names[0]);
	puts("");
	for (i = 0; i < c->count; i++) {
		char value[32];

		printf("  %-30s %-7s%18s\n", c->rows[i].label, c->rows[i].unit, number(value, sizeof(value), c->rows[i].value[0]));
	}
}

static void print_pairs(const struct counters *c)
{
	int i;

	printf("  %-30s %-7s%18s%18s%10s\n", "counter", "unit", c->run->names[0], c->run->names[1], "change");
	for (i = 0; i < c->count; i++) {
		const struct row *r = &c->rows[i];
		char a[32], b[32], change[16];

		printf("  %-30s %-7s%18s%18s%10s\n", r->label, r->unit, number(a, sizeof(a), r->value[0]), number(b, sizeof(b), r->value[1]),
		       r->value[0] != 0 ? cli_gain(change, r->value[1] / r->value[0]) : "-");
	}
}

static void print_absent(const struct counters *c)
{
	static const char *const keys[] = { "counters_absent", "activity_absent" };
	const char *said = "";
	size_t k;
	int side;

	for (side = 0; side < c->sides; side++)
		for (k = 0; k < ARRAY_LEN(keys); k++) {
			const char *why = json_str(c->results[side], keys[k], NULL);

			if (!why || strcmp(why, said) == 0)
				continue;
			printf("\n%s: ", k ? "no times of single kernels" : "no hardware counters");
			cli_print_clean(why, 0);
			putchar('\n');
			said = why;
		}
}

static void print_json(const struct counters *c)
{
	cJSON *obj = cJSON_CreateObject(), *list = cJSON_CreateArray();
	int i, side;

	for (i = 0; i < c->count; i++) {
		const struct row *r = &c->rows[i];
		cJSON *item = cJSON_CreateObject(), *values = cJSON_CreateArray();

		json_set_str(item, "id", r->id);
		json_set_str(item, "unit", r->unit);
		for (side = 0; side < c->sides; side++)
			json_push(values, isnan(r->value[side]) ? cJSON_CreateNull() : cJSON_CreateNumber(r->value[side]));
		json_set(item, "values", values);
		json_push(list, item);
	}
	json_set_str(obj, "case", c->case_name);
	json_set(obj, "counters", list);
	list = cJSON_CreateArray();
	for (side = 0; side < c->sides; side++) {
		json_push(list, cJSON_CreateString(c->run->names[side]));
		json_set_str(obj, "counters_absent", json_str(c->results[side], "counters_absent", NULL));
	}
	json_set(obj, "of", list);
	cli_print_json(obj);
}

static void print(struct counters *c)
{
	if (c->sides == 2)
		qsort(c->rows, (size_t)c->count, sizeof(c->rows[0]), by_movement);
	if (c->call->global->json) {
		print_json(c);
		return;
	}
	printf("%s, case %s\n\n", c->run->state.suite, c->case_name ? c->case_name : "(the suite's first)");
	if (c->sides == 2)
		print_pairs(c);
	else
		print_rows(c);
	print_absent(c);
}

static enum avo_status export_named(char **out, struct counters *c, const char *name, struct error *err)
{
	char commit[COMMIT_ID_SIZE], *relative = xasprintf("cache/counters/%s", name);
	struct lineage *l = NULL;
	enum avo_status st = lineage_open(&l, c->run->dir, LINEAGE_READ, err);

	*out = cli_dot_path(c->run, relative);
	if (st == AVO_OK)
		st = lineage_resolve(commit, l, name, err);
	if (st == AVO_OK)
		st = path_remove_tree(*out, err);
	if (st == AVO_OK)
		st = lineage_export(l, commit, *out, err);
	lineage_close(l);
	free(relative);
	return st;
}

static int profile_one(struct counters *c, int side)
{
	const struct run_state *s = &c->run->state;
	const char *name = c->run->names[side];
	cJSON *request = cli_job("profile", s->backend, s->suite, c->cache);
	char *dir = NULL;
	struct error err;
	int status = 0;

	if (export_named(&dir, c, name, &err) != AVO_OK) {
		cJSON_Delete(request);
		status = cli_fail(c->call, &err);
	} else {
		json_set_str(request, "candidate", dir);
		json_set_str(request, "case", c->case_name);
		status = cli_evaluate(&c->results[side], c->call, c->worker, request);
	}
	if (!status && json_get(c->results[side], "verdict")) {
		cli_complain(c->call, "%s: %s", name, json_str(c->results[side], "reason", "it cannot be profiled"));
		status = 1;
	}
	if (dir)
		path_remove_tree(dir, NULL);
	free(dir);
	return status;
}

static int profile_all(struct counters *c)
{
	char *path = path_join(c->run->dir, "avo.conf");
	struct conf *conf = NULL;
	struct error err;
	int status = 0, side;

	if (conf_open(&conf, path, &err) != AVO_OK)
		status = cli_fail(c->call, &err);
	free(path);
	if (status)
		return status;
	c->worker = xstrdup(conf_str(conf, "score.worker", "{worker}"));
	c->cache = cli_dot_path(c->run, "cache");
	conf_free(conf);
	for (side = 0; !status && side < c->sides; side++)
		status = profile_one(c, side);
	for (side = 0; !status && side < c->sides; side++)
		take_result(c, side);
	return status;
}

static int run_counters(const struct cli_call *call)
{
	struct counters *c = xcalloc(1, sizeof(*c));
	struct cli_run run;
	int status = cli_open_run(&run, call);

	if (status) {
		free(c);
		return status;
	}
	c->call = call;
	c->run = &run;
	c->case_name = cli_value(call, "case");
	c->sides = run.name_count;
	if (run.name_count < 1 || run.name_count > 2)
		status = cli_usage(call, "name one or two versions or attempts, such as v3 v7");
	else if (strcmp(run.state.backend, "cpu") == 0)
		status = cli_fail(call, &(struct error){ AVO_NEGATIVE, "the backend cpu has no counters; they come from a GPU's run" });
	else
		status = profile_all(c);
	if (!status)
		print(c);
	cJSON_Delete(c->results[0]);
	cJSON_Delete(c->results[1]);
	free(c->worker);
	free(c->cache);
	free(c);
	cli_close_run(&run);
	return status;
}

static const struct cli_option counters_options[] = {
	{ "case", 0, "NAME", "the case that is run (default: the suite's first)" },
	{ NULL, 0, NULL, NULL },
};

const struct cli_command cmd_counters = {
	"counters", "vN|aN [vM|aM] [DIR]", "What the GPU's counters say about a version, or about two side by side",
	"Biggest movers first. Runs the kernels in a process of their own, apart from every\n"
	"measurement; - is a counter that this device or this user does not have.", counters_options, 1, 3, run_counters,
};
