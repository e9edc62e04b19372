#include "avo.h"
#include "task/score.h"

#include <math.h>

static const char *const verdict_names[VERDICT_COUNT] = {
	[VERDICT_NONE] = "none",
	[VERDICT_PASSED] = "passed",
	[VERDICT_INCORRECT] = "incorrect",
	[VERDICT_BUILD_FAILED] = "build-failed",
	[VERDICT_CRASHED] = "crashed",
	[VERDICT_TIMED_OUT] = "timed-out",
	[VERDICT_CHEATED] = "cheated",
	[VERDICT_EVALUATOR_FAULT] = "evaluator-fault",
	[VERDICT_CANCELLED] = "cancelled",
};

static const char *const decision_names[DECISION_COUNT] = {
	[DECISION_NONE] = "none",
	[DECISION_IMPROVED] = "improved",
	[DECISION_MATCHED] = "matched",
	[DECISION_REGRESSED] = "regressed",
	[DECISION_INCONCLUSIVE] = "inconclusive",
};

static int find_name(const char *const *names, int count, const char *name)
{
	int i;

	for (i = 0; name && i < count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return 0;
}

const char *verdict_name(enum verdict v)
{
	return verdict_names[v];
}

enum verdict verdict_parse(const char *name)
{
	return (enum verdict)find_name(verdict_names, VERDICT_COUNT, name);
}

const char *decision_name(enum decision d)
{
	return decision_names[d];
}

enum decision decision_parse(const char *name)
{
	return (enum decision)find_name(decision_names, DECISION_COUNT, name);
}

void score_set_geomean(struct score *score)
{
	double sum = 0;
	int i;

	for (i = 0; i < score->count; i++)
		sum += score->cases[i].value > 0 ? log(score->cases[i].value) : NAN;
	score->geomean = score->count ? exp(sum / score->count) : NAN;
}

const struct case_score *score_case(const struct score *score, const char *name)
{
	int i;

	for (i = 0; i < score->count; i++)
		if (strcmp(score->cases[i].name, name) == 0)
			return &score->cases[i];
	return NULL;
}

void score_to_json(cJSON *obj, const struct score *score)
{
	cJSON *list = cJSON_CreateArray();
	int i;

	for (i = 0; i < score->count; i++) {
		const struct case_score *c = &score->cases[i];
		cJSON *item = cJSON_CreateObject();

		json_set_str(item, "case", c->name);
		json_set_num(item, "value", c->value);
		json_set_num(item, "std", c->std);
		json_set_int(item, "n", c->n);
		json_push(list, item);
	}
	json_set_str(obj, "unit", score->unit);
	json_set_num(obj, "geomean", score->geomean);
	json_set(obj, "scores", list);
}

void score_from_json(struct score *out, const cJSON *obj)
{
	const cJSON *item;

	memset(out, 0, sizeof(*out));
	out->geomean = NAN;
	snprintf(out->unit, sizeof(out->unit), "%s", json_str(obj, "unit", ""));
	cJSON_ArrayForEach(item, json_arr(obj, "scores")) {
		struct case_score *c = &out->cases[out->count];

		if (out->count == SCORE_MAX_CASES)
			break;
		snprintf(c->name, sizeof(c->name), "%s", json_str(item, "case", ""));
		c->value = json_num(item, "value", NAN);
		c->std = json_num(item, "std", NAN);
		c->n = (int)json_int(item, "n", 0);
		out->count++;
	}
	if (out->count)
		out->geomean = json_num(obj, "geomean", NAN);
}

void comparison_to_json(cJSON *obj, const struct comparison *c)
{
	cJSON *interval;

	if (c->decision == DECISION_NONE)
		return;
	interval = cJSON_CreateArray();
	json_push(interval, cJSON_CreateNumber(c->lo));
	json_push(interval, cJSON_CreateNumber(c->hi));
	json_set_str(obj, "decision", decision_name(c->decision));
	json_set_num(obj, "ratio", c->ratio);
	json_set(obj, "ratio_ci", interval);
	json_set_num(obj, "confidence", c->confidence);
	json_set_int(obj, "pairs", c->pairs);
}

void comparison_from_json(struct comparison *out, const cJSON *obj)
{
	const cJSON *interval = json_arr(obj, "ratio_ci");
	const cJSON *lo = cJSON_GetArrayItem(interval, 0), *hi = cJSON_GetArrayItem(interval, 1);

	memset(out, 0, sizeof(*out));
	out->decision = decision_parse(json_str(obj, "decision", NULL));
	out->ratio = json_num(obj, "ratio", NAN);
	out->lo = cJSON_IsNumber(lo) ? lo->valuedouble : NAN;
	out->hi = cJSON_IsNumber(hi) ? hi->valuedouble : NAN;
	out->confidence = json_num(obj, "confidence", NAN);
	out->pairs = (int)json_int(obj, "pairs", 0);
}
