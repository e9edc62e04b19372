#include "avo.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/commands.h"
#include "cli/evaluate.h"
#include "cli/text.h"
#include "journal/profile.h"
#include "lineage/lineage.h"
#include "task/task.h"

#include <math.h>

/*
 * What the hardware counted while a version ran, alone or beside another one,
 * biggest movers first: from the journal where it was recorded, else measured now.
 */

struct counters {
	const struct cli_call *call;
	struct cli_run *run;
	const char *case_name;		/* NULL: the one recorded last, else the suite's first */
	char *worker, *cache;
	cJSON *results[2];		/* a "profile" event, or a worker's result */
	bool recorded[2];
	struct profile_table table;
	int sides;
};

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
	const struct profile_row *r;
	char value[32];

	printf("  %-30s %-7s%18s\n", "counter", "unit", c->run->names[0]);
	for (r = c->table.rows; r < c->table.rows + c->table.count; r++) {
		const char *unit;
		double scale = profile_scale(&unit, r);

		printf("  %-30s %-7s%18s\n", r->label, unit, number(value, sizeof(value), r->value[0] / scale));
	}
}

static void print_pairs(const struct counters *c)
{
	const struct profile_row *r;
	char a[32], b[32], change[16];

	printf("  %-30s %-7s%18s%18s%10s\n", "counter", "unit", c->run->names[0], c->run->names[1], "change");
	for (r = c->table.rows; r < c->table.rows + c->table.count; r++) {
		const char *unit;
		double scale = profile_scale(&unit, r);

		printf("  %-30s %-7s%18s%18s%10s\n", r->label, unit, number(a, sizeof(a), r->value[0] / scale),
		       number(b, sizeof(b), r->value[1] / scale), r->value[0] != 0 ? cli_gain(change, r->value[1] / r->value[0]) : "-");
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
			puts(c->recorded[side] ? "; when that has changed, --again measures now" : "");
			said = why;
		}
}

static void print_json(const struct counters *c)
{
	cJSON *obj = cJSON_CreateObject(), *list = cJSON_CreateArray(), *of = cJSON_CreateArray();
	int i, side;

	for (i = 0; i < c->table.count; i++) {
		const struct profile_row *r = &c->table.rows[i];
		cJSON *item = cJSON_CreateObject(), *values = cJSON_CreateArray();

		json_set_str(item, "id", r->id);
		json_set_str(item, "unit", r->unit);
		json_set_str(item, "group", r->group);
		for (side = 0; side < c->sides; side++)
			json_push(values, isnan(r->value[side]) ? cJSON_CreateNull() : cJSON_CreateNumber(r->value[side]));
		json_set(item, "values", values);
		json_push(list, item);
	}
	json_set_str(obj, "case", c->case_name);
	json_set(obj, "counters", list);
	for (side = 0; side < c->sides; side++) {
		cJSON *item = cJSON_CreateObject();

		json_set_str(item, "name", c->run->names[side]);
		json_set_str(item, "device", json_str(c->results[side], "device", NULL));
		if (c->recorded[side])
			json_set_str(item, "recorded", json_str(c->results[side], "t", NULL));
		json_push(of, item);
		json_set_str(obj, "counters_absent", json_str(c->results[side], "counters_absent", NULL));
	}
	json_set(obj, "of", of);
	cli_print_json(obj);
}

/* When and on what: numbers of two devices or of two days are no fair comparison. */
static void print_origin(const struct counters *c)
{
	int side;

	for (side = 0; side < c->sides; side++) {
		const char *t = json_str(c->results[side], "t", "");

		printf("%s %s%.19s, on ", c->run->names[side], c->recorded[side] ? "recorded " : "measured now", c->recorded[side] ? t : "");
		cli_print_clean(json_str(c->results[side], "device", "an unnamed device"), 0);
		putchar('\n');
	}
}

static void print(struct counters *c)
{
	int side;

	for (side = 0; side < c->sides; side++)
		profile_table_add(&c->table, side, c->results[side]);
	if (c->sides == 2)
		profile_sort_movers(&c->table);
	if (c->call->global->json) {
		print_json(c);
		return;
	}
	printf("%s, case %s\n", c->run->state.suite, c->case_name ? c->case_name : "(the suite's first)");
	print_origin(c);
	putchar('\n');
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
	char *suite = suite_of_run(c->run->dir, s->suite);
	cJSON *request = cli_job("profile", s->backend, suite, c->cache);
	char *dir = NULL;
	struct error err;
	int status = 0;

	free(suite);
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

/* The case on which all sides are compared: the one asked for, else where the newer side was recorded last. */
static void choose_case(struct counters *c)
{
	const struct profile *p = NULL;
	int side;

	for (side = c->sides; side > 0 && !p && !c->case_name; side--)
		p = state_profile(&c->run->state, c->run->names[side - 1], NULL);
	if (p && p->case_name[0])
		c->case_name = p->case_name;
}

/* False when the record holds none, or none that ran. */
static bool take_recorded(struct counters *c, int side)
{
	const struct profile *p = c->case_name ? state_profile(&c->run->state, c->run->names[side], c->case_name) : NULL;
	char *journal = cli_dot_path(c->run, "journal");

	if (p && !cli_flag(c->call, "again") && journal_fetch(&c->results[side], journal, p->ref, NULL) == AVO_OK)
		c->recorded[side] = !json_get(c->results[side], "verdict");
	if (!c->recorded[side]) {
		cJSON_Delete(c->results[side]);
		c->results[side] = NULL;
	}
	free(journal);
	return c->recorded[side];
}

static int measure(struct counters *c, int side)
{
	char *path = path_join(c->run->dir, "avo.conf");
	struct conf *conf = NULL;
	struct error err;
	int status = 0;

	if (conf_open(&conf, path, &err) == AVO_OK) {
		free(c->worker);
		c->worker = xstrdup(conf_str(conf, "score.worker", "{worker}"));
		status = profile_one(c, side);
		/* the other side must be of the same case */
		if (!status && !c->case_name)
			c->case_name = json_str(c->results[side], "case", NULL);
	} else {
		status = cli_fail(c->call, &err);
	}
	conf_free(conf);
	free(path);
	return status;
}

static int profile_all(struct counters *c)
{
	int status = 0, side;

	choose_case(c);
	c->cache = cli_dot_path(c->run, "cache");
	for (side = 0; !status && side < c->sides; side++)
		if (!take_recorded(c, side))
			status = measure(c, side);
	return status;
}

static int refuse(const struct cli_call *call, const char *why)
{
	struct error err = { 0 };

	error_set(&err, AVO_NEGATIVE, "%s", why);
	return cli_fail(call, &err);
}

static int run_counters(const struct cli_call *call)
{
	struct counters *c = xcalloc(1, sizeof(*c));
	struct cli_run run;
	const char *why;
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
	else if (!profile_possible(run.state.backend, &why))
		status = refuse(call, why);
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
	{ "case", 0, "NAME", "the case that is run (default: the one recorded last, else the suite's first)" },
	{ "again", 0, NULL, "measure now, whatever the journal holds" },
	{ NULL, 0, NULL, NULL },
};

const struct cli_command cmd_counters = {
	"counters", "vN|aN [vM|aM] [DIR]", "What the GPU's counters say about a version, or about two side by side",
	"Biggest movers first. What the journal holds is shown with the time and the device it was\n"
	"measured on; what it does not hold is measured now, in a process of its own, apart from every\n"
	"timing. - is a counter that this device or this user does not have.", counters_options, 1, 3, run_counters,
};
