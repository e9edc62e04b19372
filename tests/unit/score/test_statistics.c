/* The statistics of paired measurements: quantiles against tables, and what the sequential test promises under noise. */
#include "avo.h"
#include "score/sequential.h"
#include "score/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <math.h>

static void close_to(double got, double want, double tolerance)
{
	if (!(fabs(got - want) <= tolerance))
		fail_msg("got %.10g, wanted %.10g", got, want);
}

static void quantiles_agree_with_the_tables(void **state)
{
	/* upper 97.5 % and 99.5 % points of Student's t, as printed in any table */
	close_to(stats_t_quantile(0.975, 1), 12.7062, 1e-4);
	close_to(stats_t_quantile(0.975, 2), 4.30265, 1e-5);
	close_to(stats_t_quantile(0.975, 9), 2.26216, 1e-5);
	close_to(stats_t_quantile(0.995, 4), 4.60409, 1e-5);
	close_to(stats_t_quantile(0.995, 19), 2.86093, 1e-5);
	close_to(stats_t_quantile(0.975, 1e6), 1.95997, 1e-4);
	close_to(stats_t_quantile(0.025, 9), -2.26216, 1e-5);
	close_to(stats_t_cdf(0, 7), 0.5, 1e-12);
	close_to(stats_t_cdf(stats_t_quantile(0.9964, 5), 5), 0.9964, 1e-10);
}

static void moments_and_median(void **state)
{
	static const double v[] = { 4, 1, 3, 2 };

	close_to(stats_mean(v, 4), 2.5, 0);
	close_to(stats_std(v, 4), 1.2909944487, 1e-9);
	close_to(stats_median(v, 4), 2.5, 0);
	close_to(stats_median(v, 3), 3, 0);
	assert_true(isnan(stats_mean(v, 0)) && isnan(stats_median(v, 0)));
	close_to(stats_std(v, 1), 0, 0);
	close_to(v[0], 4, 0);
}

static uint64_t seed = 1;

static double uniform(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return ((double)(seed >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* Mostly quiet, one round in ten ten times as noisy: another process on the machine. */
static double noisy(void)
{
	return normal() * (uniform() < 0.1 ? 10 : 1);
}

/* Skewed: most rounds a little below, a few far above; mean 0. */
static double skewed(void)
{
	return -log(uniform()) - 1;
}

/* The second of two runs is always faster, by ten times the noise. */
static double ordered(void)
{
	static int half;

	half = !half;
	return normal() + (half ? 10 : -10);
}

struct tally {
	int decisions[DECISION_COUNT];
	int pairs;
};

static struct tally simulate(int trials, double effect, double sigma, double (*noise)(void))
{
	struct sequential_plan plan = SEQUENTIAL_PLAN_DEFAULT;
	struct tally t = { { 0 } };
	struct sequential s;
	int i;

	for (i = 0; i < trials; i++) {
		sequential_init(&s, &plan);
		while (sequential_add(&s, effect + sigma * noise(), effect + sigma * noise()) == DECISION_NONE)
			;
		t.decisions[s.decision]++;
		t.pairs += s.count;
	}
	return t;
}

/* 10,000 trials of equal kernels: the promise is 2.5 %; 275 is three standard deviations above it. */
static void equal_kernels_are_seldom_called_improved(void **state)
{
	assert_true(simulate(10000, 0, 0.003, normal).decisions[DECISION_IMPROVED] <= 275);
	assert_true(simulate(10000, 0, 0.02, normal).decisions[DECISION_IMPROVED] <= 275);
	assert_true(simulate(10000, 0, 0.10, normal).decisions[DECISION_IMPROVED] <= 275);
	assert_true(simulate(10000, 0, 0.01, noisy).decisions[DECISION_IMPROVED] <= 275);
	assert_true(simulate(10000, 0, 0.01, skewed).decisions[DECISION_IMPROVED] <= 275);
	/* the order of the two matters, the kernels do not */
	assert_true(simulate(10000, 0, 0.003, ordered).decisions[DECISION_IMPROVED] <= 275);
}

static void equal_kernels_end_as_matched_or_inconclusive(void **state)
{
	struct tally quiet = simulate(2000, 0, 0.001, normal), loud = simulate(2000, 0, 0.05, normal);

	assert_true(quiet.decisions[DECISION_MATCHED] > 1900);
	assert_true(loud.decisions[DECISION_INCONCLUSIVE] > 1800);
}

static void a_real_gain_is_found(void **state)
{
	/* 2 % faster under 0.5 % of noise, 30 % under 3 % */
	assert_true(simulate(2000, log(1.02), 0.005, normal).decisions[DECISION_IMPROVED] > 1900);
	assert_true(simulate(2000, log(1.30), 0.03, normal).decisions[DECISION_IMPROVED] > 1960);
}

static void a_slow_challenger_is_given_up_early(void **state)
{
	struct tally t = simulate(2000, log(0.5), 0.01, normal);

	assert_int_equal(t.decisions[DECISION_REGRESSED], 2000);
	assert_true(t.pairs <= 3 * 2000);
}

static void no_gain_is_decided_before_min_pairs(void **state)
{
	struct sequential_plan plan = SEQUENTIAL_PLAN_DEFAULT;
	struct sequential s;
	int i;

	sequential_init(&s, &plan);
	for (i = 1; i < plan.min_pairs; i++)
		assert_int_equal(sequential_add(&s, 1 + 1e-6 * i, 1), DECISION_NONE);
	assert_int_equal(sequential_add(&s, 1, 1), DECISION_IMPROVED);
	/* final: later rounds change nothing */
	assert_int_equal(sequential_add(&s, -9, -9), DECISION_IMPROVED);
	assert_int_equal(s.count, plan.min_pairs);
}

/* Two calm rounds that happen to lie a hair below 1 are no regression yet. */
static void what_may_match_is_not_given_up_early(void **state)
{
	struct sequential_plan plan = SEQUENTIAL_PLAN_DEFAULT;
	struct sequential s;
	int i;

	sequential_init(&s, &plan);
	assert_int_equal(sequential_add(&s, -0.0002, -0.00021), DECISION_NONE);
	assert_int_equal(sequential_add(&s, -0.0002, -0.00021), DECISION_NONE);
	for (i = 2; i < plan.min_pairs; i++)
		sequential_add(&s, -0.0002, -0.00021);
	assert_int_equal(s.decision, DECISION_MATCHED);
}

/* One wild round must widen the interval, not make a gain. */
static void an_outlier_does_not_make_a_gain(void **state)
{
	struct sequential_plan plan = SEQUENTIAL_PLAN_DEFAULT;
	struct comparison c;
	struct sequential s;
	int i;

	sequential_init(&s, &plan);
	for (i = 0; s.decision == DECISION_NONE; i++)
		sequential_add(&s, i == 1 ? 0.7 : 0.0005 * (i % 3 - 1), 0);
	assert_int_equal(s.decision, DECISION_INCONCLUSIVE);
	sequential_comparison(&c, &s);
	assert_true(c.lo < 1 && c.hi > 1);
	assert_int_equal(c.pairs, plan.max_pairs);
}

static void the_interval_covers_the_ratio(void **state)
{
	struct sequential_plan plan = { .min_pairs = 10, .max_pairs = 10, .confidence = 0.9 };
	int covered = 0, i, j;
	struct comparison c;
	struct sequential s;

	for (i = 0; i < 4000; i++) {
		sequential_init(&s, &plan);
		for (j = 0; j < 10; j++)
			sequential_add(&s, 0.01 + 0.02 * normal(), 0.01 + 0.02 * normal());
		sequential_comparison(&c, &s);
		covered += c.lo < exp(0.01) && exp(0.01) < c.hi;
	}
	assert_true(covered >= 0.9 * 4000);
}

static void odd_plans_are_put_right(void **state)
{
	struct sequential_plan plan = { .min_pairs = -3, .max_pairs = 1 << 30, .confidence = NAN, .match_tolerance = -1 };
	struct sequential s;
	int i;

	sequential_init(&s, &plan);
	assert_int_equal(s.plan.min_pairs, 2);
	assert_int_equal(s.plan.max_pairs, SEQUENTIAL_MAX_PAIRS);
	close_to(s.plan.confidence, 0.95, 0);
	for (i = 0; i < 2 * SEQUENTIAL_MAX_PAIRS && s.decision == DECISION_NONE; i++)
		sequential_add(&s, 1, -1);
	assert_int_equal(s.decision, DECISION_INCONCLUSIVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantiles_agree_with_the_tables),
		cmocka_unit_test(moments_and_median),
		cmocka_unit_test(equal_kernels_are_seldom_called_improved),
		cmocka_unit_test(equal_kernels_end_as_matched_or_inconclusive),
		cmocka_unit_test(a_real_gain_is_found),
		cmocka_unit_test(a_slow_challenger_is_given_up_early),
		cmocka_unit_test(what_may_match_is_not_given_up_early),
		cmocka_unit_test(no_gain_is_decided_before_min_pairs),
		cmocka_unit_test(an_outlier_does_not_make_a_gain),
		cmocka_unit_test(the_interval_covers_the_ratio),
		cmocka_unit_test(odd_plans_are_put_right),
	};

	return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
