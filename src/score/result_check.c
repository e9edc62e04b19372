#include "avo.h"
#include "score/result_check.h"

#include <math.h>
#include <stdarg.h>

#define SLACK 1e-6		/* relative: numbers travel as decimal text */
#define DEFAULT_TOLERANCE 0.005	/* the worker's, where the job names none */

struct claim {
	const cJSON *result;
	const struct result_terms *terms;
	enum verdict verdict;
	struct comparison comparison;
};

typedef bool rule_fn(char why[RESULT_WHY_SIZE], const struct claim *c);

AVO_PRINTF(2, 3) static bool refuse(char why[RESULT_WHY_SIZE], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, RESULT_WHY_SIZE, fmt, ap);
	va_end(ap);
	return false;
}

static bool positive(double value)
{
	return isfinite(value) && value > 0;
}

static bool about(double a, double b)
{
	return fabs(a - b) <= SLACK * fabs(b);
}

/* --- scores --------------------------------------------------------------------- */

static bool one_case(char why[RESULT_WHY_SIZE], const cJSON *item, const char *what)
{
	const char *name = json_str(item, "case", "");
	double value = json_num(item, "value", NAN), std = json_num(item, "std", NAN);

	if (!*name || strlen(name) >= SCORE_NAME_SIZE)
		return refuse(why, "%s has a score without the name of a case", what);
	if (!positive(value))
		return refuse(why, "%s has a score of %g in the case %s", what, value, name);
	if (!isfinite(std) || std < 0)
		return refuse(why, "%s has a deviation of %g in the case %s", what, std, name);
	return json_int(item, "n", 0) >= 1 || refuse(why, "%s has a score of no samples in the case %s", what, name);
}

static bool every_case_once(char why[RESULT_WHY_SIZE], const struct score *score, int listed, const struct suite *suite, const char *what)
{
	int i;

	if (listed != suite->count)
		return refuse(why, "%s has scores of %d cases; the suite %s has %d", what, listed, suite->name, suite->count);
	for (i = 0; i < suite->count; i++)
		if (!score_case(score, suite->cases[i].name))
			return refuse(why, "%s has no score of the case %s", what, suite->cases[i].name);
	return true;
}

/* A whole score vector: of the job's unit, every case of the suite and no other, the mean that of its cases. */
static bool whole_score(char why[RESULT_WHY_SIZE], const cJSON *obj, const struct result_terms *terms, const char *what)
{
	const cJSON *list = json_arr(obj, "scores"), *item;
	int listed = cJSON_GetArraySize(list);
	struct score score;
	double claimed;

	if (!listed || listed > SCORE_MAX_CASES)
		return refuse(why, "%s has scores of %d cases", what, listed);
	cJSON_ArrayForEach(item, list)
		if (!one_case(why, item, what))
			return false;
	score_from_json(&score, obj);
	if (terms->suite && strcmp(score.unit, terms->suite->unit) != 0)
		return refuse(why, "%s is in %s; the suite %s is scored in %s", what, *score.unit ? score.unit : "no unit", terms->suite->name,
			      terms->suite->unit);
	if (terms->suite && !every_case_once(why, &score, listed, terms->suite, what))
		return false;
	claimed = score.geomean;
	score_set_geomean(&score);
	return about(claimed, score.geomean) || refuse(why, "%s has a mean of %g over cases whose mean is %g", what, claimed, score.geomean);
}

/* --- evaluate ---------------------------------------------------------------------- */

static bool known_verdict(char why[RESULT_WHY_SIZE], const struct claim *c)
{
	return c->verdict != VERDICT_NONE || refuse(why, "the result has no verdict");
}

static bool only_what_passed_is_scored(char why[RESULT_WHY_SIZE], const struct claim *c)
{
	if (c->verdict == VERDICT_PASSED)
		return whole_score(why, c->result, c->terms, "the candidate");
	if (cJSON_GetArraySize(json_arr(c->result, "scores")))
		return refuse(why, "the candidate is %s and has a score", verdict_name(c->verdict));
	return !json_get(c->result, "decision") || refuse(why, "the candidate is %s and was compared", verdict_name(c->verdict));
}

static bool compared_where_asked(char why[RESULT_WHY_SIZE], const struct claim *c)
{
	bool asked = json_str(c->terms->request, "incumbent", NULL), compared = c->comparison.decision != DECISION_NONE;

	if (c->verdict != VERDICT_PASSED || asked == compared)
		return true;
	return refuse(why, asked ? "the candidate was not compared with the incumbent" : "the candidate was compared with nothing that the job names");
}

static bool interval_in_order(char why[RESULT_WHY_SIZE], const struct claim *c)
{
	const struct comparison *k = &c->comparison;

	if (k->decision == DECISION_NONE)
		return true;
	if (!positive(k->lo) || !isfinite(k->hi) || !(k->lo <= k->ratio && k->ratio <= k->hi))
		return refuse(why, "the ratio %g does not lie in its interval %g to %g", k->ratio, k->lo, k->hi);
	if (!(k->confidence > 0 && k->confidence < 1))
		return refuse(why, "the interval has a confidence of %g", k->confidence);
	return k->pairs >= 1 || refuse(why, "the comparison rests on %d pairs", k->pairs);
}

static bool as_confident_as_asked(char why[RESULT_WHY_SIZE], const struct claim *c)
{
	double asked = json_num(c->terms->request, "confidence", 0);

	if (c->comparison.decision == DECISION_NONE || !(asked > 0.5 && asked < 1) || c->comparison.confidence >= asked * (1 - SLACK))
		return true;
	return refuse(why, "the interval has a confidence of %g; %g was asked for", c->comparison.confidence, asked);
}

/* What the decision is called must follow from the interval (score/sequential.h). */
static bool decision_follows(char why[RESULT_WHY_SIZE], const struct claim *c)
{
	double tolerance = json_num(c->terms->request, "match_tolerance", DEFAULT_TOLERANCE) + SLACK;
	const struct comparison *k = &c->comparison;
	bool follows = true;

	switch (k->decision) {
	case DECISION_IMPROVED:
		follows = k->lo > 1;
		break;
	case DECISION_REGRESSED:
		follows = k->hi < 1;
		break;
	case DECISION_MATCHED:
		follows = k->lo <= 1 && k->lo > 1 / (1 + tolerance) && k->hi < 1 + tolerance;
		break;
	case DECISION_INCONCLUSIVE:
	case DECISION_NONE:
	case DECISION_COUNT:
		break;
	}
	return follows || refuse(why, "the candidate is said to be %s by an interval of %g to %g", decision_name(k->decision), k->lo, k->hi);
}

static bool ratio_is_that_of_its_pairs(char why[RESULT_WHY_SIZE], const struct claim *c)
{
	const cJSON *pairs = json_arr(c->result, "pair_ratios"), *pair;
	double sum = 0, mean;

	if (!pairs || c->comparison.decision == DECISION_NONE)
		return true;
	cJSON_ArrayForEach(pair, pairs)
		sum += cJSON_IsNumber(pair) && pair->valuedouble > 0 ? log(pair->valuedouble) : NAN;
	mean = exp(sum / cJSON_GetArraySize(pairs));
	return about(c->comparison.ratio, mean) || refuse(why, "the ratio %g is not that of its pairs, %g", c->comparison.ratio, mean);
}

static bool incumbent_beside_is_whole(char why[RESULT_WHY_SIZE], const struct claim *c)
{
	const cJSON *beside = json_obj(c->result, "incumbent_scores");

	return !beside || whole_score(why, beside, c->terms, "the incumbent");
}

/* --- peers ------------------------------------------------------------------------------ */

static bool peer_ratio_in_order(char why[RESULT_WHY_SIZE], const cJSON *peer)
{
	const cJSON *interval = json_arr(peer, "ratio_ci"), *lo = cJSON_GetArrayItem(interval, 0), *hi = cJSON_GetArrayItem(interval, 1);
	double ratio = json_num(peer, "ratio", NAN);

	if (!json_get(peer, "ratio"))
		return true;
	/* of a single round there is no interval */
	if (positive(ratio) && !cJSON_IsNumber(lo) && !cJSON_IsNumber(hi))
		return true;
	if (cJSON_IsNumber(lo) && cJSON_IsNumber(hi) && lo->valuedouble > 0 && lo->valuedouble <= ratio && ratio <= hi->valuedouble)
		return true;
	return refuse(why, "the ratio %g to the baseline %s does not lie in its interval", ratio, json_str(peer, "name", "?"));
}

static bool one_peer(char why[RESULT_WHY_SIZE], const cJSON *peer, const struct result_terms *terms)
{
	const char *name = json_str(peer, "name", "");
	char what[80];

	if (!*name)
		return refuse(why, "a baseline has no name");
	if (json_str(peer, "absent", NULL))
		return true;
	snprintf(what, sizeof(what), "the baseline %.60s", name);
	return whole_score(why, peer, terms, what) && peer_ratio_in_order(why, peer);
}

static bool peers_are_whole(char why[RESULT_WHY_SIZE], const struct claim *c)
{
	const cJSON *peer;

	cJSON_ArrayForEach(peer, json_arr(c->result, "peers"))
		if (!one_peer(why, peer, c->terms))
			return false;
	return true;
}

static bool peak_is_a_number(char why[RESULT_WHY_SIZE], const struct claim *c)
{
	const cJSON *peak = json_get(c->result, "peak");

	return !cJSON_IsNumber(peak) || positive(peak->valuedouble) || refuse(why, "the device's peak is %g", peak->valuedouble);
}

/* "unknown device" would stand in the record for the life of a run. */
static bool device_is_named(char why[RESULT_WHY_SIZE], const struct claim *c)
{
	const char *device = json_str(c->result, "device", json_str(c->terms->hello, "device", ""));

	return *device || refuse(why, "the worker names no device");
}

/* --- all ---------------------------------------------------------------------------------- */

static bool versions_are_ours(char why[RESULT_WHY_SIZE], const struct claim *c)
{
	static const char *const sides[] = { "engine", "worker" };
	const cJSON *said[] = { c->terms->request, c->terms->hello };
	size_t i;

	for (i = 0; i < ARRAY_LEN(sides); i++) {
		const char *echo = json_str(c->result, sides[i], NULL), *version = json_str(said[i], sides[i], NULL);

		if (echo && version && strcmp(echo, version) != 0)
			return refuse(why, "the result is for %s %s; this is %s", sides[i], echo, version);
	}
	return true;
}

static rule_fn *const evaluate_rules[] = {
	known_verdict, versions_are_ours, only_what_passed_is_scored, compared_where_asked, interval_in_order, as_confident_as_asked,
	decision_follows, ratio_is_that_of_its_pairs, incumbent_beside_is_whole, NULL,
};

static rule_fn *const peers_rules[] = { versions_are_ours, peers_are_whole, peak_is_a_number, device_is_named, NULL };

static rule_fn *const other_rules[] = { versions_are_ours, NULL };

static rule_fn *const *rules_of(const struct claim *c)
{
	const char *op = json_str(c->terms->request, "op", "");

	if (strcmp(op, "evaluate") == 0)
		return evaluate_rules;
	/* a verdict in place of the numbers: what is wrong stands in its reason */
	if (strcmp(op, "peers") == 0 && c->verdict == VERDICT_NONE)
		return peers_rules;
	return other_rules;
}

bool result_check(char why[RESULT_WHY_SIZE], const cJSON *result, const struct result_terms *terms)
{
	struct claim c = { .result = result, .terms = terms };
	rule_fn *const *rule;

	c.verdict = verdict_parse(json_str(result, "verdict", NULL));
	comparison_from_json(&c.comparison, result);
	for (rule = rules_of(&c); *rule; rule++)
		if (!(*rule)(why, &c))
			return false;
	return true;
}
