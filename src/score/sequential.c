#include "avo.h"
#include "score/sequential.h"
#include "score/stats.h"

#include <math.h>

/* Rounds at which a challenger that is clearly slower is given up. */
static const int early_looks[] = { 2 };

static int clamp(int v, int lo, int hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

void sequential_init(struct sequential *s, const struct sequential_plan *plan)
{
	size_t i;
	int n;

	memset(s, 0, sizeof(*s));
	s->plan = *plan;
	s->plan.min_pairs = clamp(plan->min_pairs, 2, SEQUENTIAL_MAX_PAIRS);
	s->plan.max_pairs = clamp(plan->max_pairs, s->plan.min_pairs, SEQUENTIAL_MAX_PAIRS);
	if (!(plan->confidence > 0.5 && plan->confidence < 1))
		s->plan.confidence = 0.95;
	if (!(plan->match_tolerance >= 0))
		s->plan.match_tolerance = 0;
	for (i = 0; i < ARRAY_LEN(early_looks); i++)
		if (early_looks[i] < s->plan.min_pairs)
			s->looks[s->look_count++] = early_looks[i];
	for (n = s->plan.min_pairs; n < s->plan.max_pairs; n = (7 * n + 4) / 5)
		s->looks[s->look_count++] = n;
	s->looks[s->look_count++] = s->plan.max_pairs;
	s->alpha = (1 - s->plan.confidence) / 2 / s->look_count;
}

static void interval(double *mean, double *lo, double *hi, const struct sequential *s)
{
	int n = 2 * s->count;
	double half = stats_half_width(s->logs, n, s->alpha);

	*mean = stats_mean(s->logs, n);
	*lo = *mean - half;
	*hi = *mean + half;
}

static enum decision look(const struct sequential *s)
{
	double tolerance = log1p(s->plan.match_tolerance), mean, lo, hi;

	interval(&mean, &lo, &hi, s);
	if (s->count >= s->plan.min_pairs) {
		if (lo > 0)
			return DECISION_IMPROVED;
		if (lo > -tolerance && hi < tolerance)
			return DECISION_MATCHED;
	}
	/* early, only what is clearly slower: what may still turn out to match deserves its rounds */
	if (hi < (s->count < s->plan.min_pairs ? -tolerance : 0))
		return DECISION_REGRESSED;
	return s->count >= s->plan.max_pairs ? DECISION_INCONCLUSIVE : DECISION_NONE;
}

enum decision sequential_add(struct sequential *s, double first, double second)
{
	int i;

	if (s->decision != DECISION_NONE || s->count == s->plan.max_pairs)
		return s->decision;
	s->logs[2 * s->count] = first;
	s->logs[2 * s->count + 1] = second;
	s->count++;
	for (i = 0; i < s->look_count; i++)
		if (s->looks[i] == s->count)
			s->decision = look(s);
	return s->decision;
}

void sequential_give_up(struct sequential *s)
{
	if (s->decision == DECISION_NONE)
		s->decision = DECISION_INCONCLUSIVE;
}

void sequential_comparison(struct comparison *out, const struct sequential *s)
{
	double mean, lo, hi;

	interval(&mean, &lo, &hi, s);
	memset(out, 0, sizeof(*out));
	out->decision = s->decision;
	out->ratio = s->count ? exp(mean) : NAN;
	out->lo = s->count ? exp(lo) : NAN;
	out->hi = s->count ? exp(hi) : NAN;
	out->confidence = s->plan.confidence;
	out->pairs = s->count;
}
