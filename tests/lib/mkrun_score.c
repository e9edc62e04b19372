#include "mkrun.h"

#include <math.h>

static const struct {
	const char *name;
	double gflops;
} cases[MKRUN_CASES] = {
	{ "full-512", 12.42 }, { "full-1k", 12.91 }, { "causal-512", 10.63 }, { "causal-1k", 11.38 }, { "gqa-512", 10.97 }, { "gqa-768", 12.74 },
};

double noise(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (double)(int32_t)*seed / 2147483648.0;
}

/* Three decimals: what is printed is what is compared. */
static double rounded(double x)
{
	return round(x * 1000) / 1000;
}

void score_of_peer(struct score *out, double factor)
{
	int i;

	memset(out, 0, sizeof(*out));
	snprintf(out->unit, sizeof(out->unit), "GFLOPS");
	out->count = MKRUN_CASES;
	for (i = 0; i < MKRUN_CASES; i++) {
		struct case_score *c = &out->cases[i];

		snprintf(c->name, sizeof(c->name), "%s", cases[i].name);
		c->value = rounded(cases[i].gflops * factor);
		c->std = rounded(c->value * 0.004);
		c->n = 12;
	}
	score_set_geomean(out);
	out->geomean = rounded(out->geomean);
}

void score_of_seed(struct score *out)
{
	score_of_peer(out, 1);
}

void score_scaled(struct score *out, const struct score *base, double ratio, uint32_t *seed)
{
	int i;

	*out = *base;
	for (i = 0; i < out->count; i++) {
		out->cases[i].value = rounded(base->cases[i].value * ratio * (1 + 0.006 * noise(seed)));
		out->cases[i].std = rounded(out->cases[i].value * (0.004 + 0.002 * noise(seed)));
	}
	score_set_geomean(out);
	out->geomean = rounded(out->geomean);
}

static void put_build(cJSON *event, const struct outcome *o)
{
	static const char broken[] =
		"kernel.c: In function 'attend_row':\n"
		"kernel.c:43:25: error: 'prefetch' undeclared (first use in this function)\n"
		"   43 |                         prefetch(k + 64);\n"
		"      |                         ^~~~~~~~\n";
	cJSON *build = cJSON_CreateObject();
	bool failed = o->verdict == VERDICT_BUILD_FAILED;

	json_set_int(build, "ms", failed ? 96 : 412);
	json_set_bool(build, "cached", false);
	json_set_str(build, "log", failed ? broken : "");
	if (failed)
		json_set_str(build, "error", "kernel.c:43:25: 'prefetch' undeclared (first use in this function)");
	json_set(event, "build", build);
}

static cJSON *check(const char *name, const char *kind, bool ok, double error, double tolerance)
{
	cJSON *c = cJSON_CreateObject();

	json_set_str(c, "case", name);
	json_set_str(c, "kind", kind);
	json_set_bool(c, "ok", ok);
	json_set_num(c, "max_error", error);
	json_set_num(c, "tolerance", tolerance);
	return c;
}

static void put_checks(cJSON *event, const struct outcome *o)
{
	static const char *const kinds[] = { "random", "large-scores", "late-maximum", "constant-v", "odd-lengths" };
	cJSON *list = cJSON_CreateArray(), *bad;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++)
		json_push(list, check(cases[i % MKRUN_CASES].name, kinds[i], true, 2.1e-7 * (double)(i + 1), 4.4e-6));
	if (o->verdict == VERDICT_INCORRECT) {
		bad = check("causal-512", "random", false, 0.3127, 4.4e-6);
		json_set_int(bad, "batch", 0);
		json_set_int(bad, "head", 3);
		json_set_int(bad, "row", 511);
		json_set_num(bad, "expected", 0.04183);
		json_set_num(bad, "got", 0.35453);
		json_push(list, bad);
	}
	json_set(event, "checks", list);
}

static void put_pairs(cJSON *event, const struct outcome *o, uint32_t *seed)
{
	cJSON *list = cJSON_CreateArray();
	int i;

	for (i = 0; i < o->pairs; i++)
		json_push(list, cJSON_CreateNumber(round(1e4 * (o->ratio + 1.6 * o->half_width * noise(seed))) / 1e4));
	json_set(event, "pair_ratios", list);
}

static void put_measured(cJSON *event, const struct outcome *o, const struct score *incumbent, struct score *score, uint32_t *seed)
{
	struct comparison c = { .decision = o->decision, .confidence = 0.95, .pairs = o->pairs };
	cJSON *of = cJSON_CreateObject(), *telemetry = cJSON_CreateObject();

	score_scaled(score, incumbent, o->ratio, seed);
	score_to_json(event, score);
	c.ratio = o->ratio;
	c.lo = rounded(o->ratio - o->half_width);
	c.hi = rounded(o->ratio + o->half_width);
	comparison_to_json(event, &c);
	put_pairs(event, o, seed);
	score_to_json(of, incumbent);
	json_set(event, "incumbent_scores", of);
	json_set_num(event, "peak_fraction", rounded(score->geomean / 96.4));
	json_set_int(telemetry, "clock_mhz_min", 2594);
	json_set_int(telemetry, "clock_mhz_max", 2601);
	json_set(event, "telemetry", telemetry);
}

void outcome_to_json(cJSON *event, const struct outcome *o, const struct score *incumbent, struct score *score, uint32_t *seed)
{
	cJSON *ms = cJSON_CreateObject();

	json_set_str(event, "verdict", verdict_name(o->verdict));
	json_set_str(event, "reason", o->reason);
	put_build(event, o);
	if (o->verdict != VERDICT_BUILD_FAILED && o->verdict != VERDICT_EVALUATOR_FAULT && o->verdict != VERDICT_CANCELLED)
		put_checks(event, o);
	if (o->verdict == VERDICT_PASSED)
		put_measured(event, o, incumbent, score, seed);
	if (o->verdict == VERDICT_CHEATED) {
		json_set_str(event, "rule", "physics-floor");
		json_set_str(event, "evidence", "full-1k ran in 0.8 us; its FLOPs at the measured peak take 5.6 ms");
	}
	json_set_int(ms, "build", o->verdict == VERDICT_BUILD_FAILED ? 96 : 412);
	json_set_int(ms, "check", 640);
	json_set_int(ms, "time", 1180);
	json_set_int(ms, "compare", o->pairs * 92);
	json_set(event, "ms", ms);
	json_set_str(event, "device", "x86-64, AVX-512, 1 core");
}
