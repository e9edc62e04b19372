/*
 * Is the challenger faster than the incumbent? A group-sequential test on
 * paired log ratios, two a round (the halves A B and B A of an ABBA block over
 * all cases; positive when the challenger is faster). What the order does to a
 * half cancels in the mean and widens the interval.
 *
 * The interval of the mean is looked at a few times, not after every round:
 * after 2 rounds only to stop a challenger that is clearly slower (by more than
 * match_tolerance), then
 * from min_pairs on at rounds that grow by about 1.4 up to max_pairs. The error
 * allowed, (1 - confidence) / 2 on each side, is split evenly over the looks,
 * so by the union bound the whole procedure calls a challenger that equals the
 * incumbent `improved` with a probability below (1 - confidence) / 2, however
 * early it stops. Intervals are Student's t; rounds that are noisier than
 * normal make them wider, not wrong.
 */
#ifndef AVO_SCORE_SEQUENTIAL_H
#define AVO_SCORE_SEQUENTIAL_H

#include "task/score.h"

#define SEQUENTIAL_MAX_PAIRS 256
#define SEQUENTIAL_MAX_LOOKS 24

struct sequential_plan {
	int min_pairs;			/* rounds before `improved` or `matched` can be decided, at least 2 */
	int max_pairs;			/* rounds after which the answer is `inconclusive` */
	double confidence;		/* over all looks together */
	double match_tolerance;		/* 0.005: an interval within 0.5 % of equal is `matched` */
};

#define SEQUENTIAL_PLAN_DEFAULT { .min_pairs = 3, .max_pairs = 14, .confidence = 0.95, .match_tolerance = 0.005 }

struct sequential {
	struct sequential_plan plan;
	int looks[SEQUENTIAL_MAX_LOOKS];	/* ascending numbers of rounds */
	int look_count;
	double alpha;				/* a side and a look */
	double logs[2 * SEQUENTIAL_MAX_PAIRS];
	int count;				/* rounds: half as many as logs */
	enum decision decision;
};

/* Values outside their ranges are moved to the nearest allowed. */
void sequential_init(struct sequential *s, const struct sequential_plan *plan);
/* Adds a round by its halves. DECISION_NONE: measure another one; anything else is final. */
enum decision sequential_add(struct sequential *s, double first, double second);
/* The time for it is used up: `inconclusive`, unless something was decided. */
void sequential_give_up(struct sequential *s);
/* The ratio and its interval over the rounds so far, as at a look. */
void sequential_comparison(struct comparison *out, const struct sequential *s);

#endif
