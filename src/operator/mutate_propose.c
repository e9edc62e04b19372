/* Where proposals come from: mutation, crossover, restart, and when chance finds nothing new, enumeration. */
#include "avo.h"
#include "base/mem.h"
#include "operator/mutate_propose.h"

#include <math.h>

#define CHANCES 64			/* random proposals before enumerating */
#define UNTRIED_WEIGHT 2.0		/* of a value nothing is known of */
#define GAIN_SLOPE 4.0			/* how fast a bad record lowers a value's weight */
#define ENUMERATE_MAX ((uint64_t)1 << 22)

const char *proposal_op_name(enum proposal_op op)
{
	static const char *const names[] = { "mutation", "crossover", "restart" };

	return names[op];
}

/*
 * What changing a parameter to a value has brought so far: the gain of each
 * trial is shared among the parameters that it changed.
 */
struct record {
	double gain[PARAMETER_MAX][PARAMETER_MAX_VALUES];
	double count[PARAMETER_MAX][PARAMETER_MAX_VALUES];
};

static void read_record(struct record *rec, const struct parameter_set *set, const struct mutate_trials *p)
{
	size_t t;
	int i;

	memset(rec, 0, sizeof(*rec));
	for (t = 0; t < p->count; t++) {
		const struct mutate_trial *trial = &p->trials[t];
		int changed = 0;

		for (i = 0; i < set->count; i++)
			changed += trial->genome.values[i] != trial->against.values[i];
		for (i = 0; i < set->count; i++) {
			int v = trial->genome.values[i];

			if (v == trial->against.values[i])
				continue;
			rec->gain[i][v] += trial->gain / changed;
			rec->count[i][v] += 1.0 / changed;
		}
	}
}

static double value_weight(const struct record *rec, int i, int v)
{
	double n = rec->count[i][v];

	if (n <= 0)
		return UNTRIED_WEIGHT;
	return fmax(0.02, exp(GAIN_SLOPE * fmin(rec->gain[i][v] / n, 0.25)) / (1 + n));
}

/* Draws an index in proportion to its weight; -1 when all are 0. */
static int draw(const double *weights, int n, struct rng *r)
{
	double total = 0, at;
	int i, last = -1;

	for (i = 0; i < n; i++)
		total += weights[i];
	at = rng_unit(r) * total;
	for (i = 0; i < n; i++) {
		if (weights[i] <= 0)
			continue;
		last = i;
		at -= weights[i];
		if (at < 0)
			break;
	}
	return last;
}

/* Changes one parameter that `done` does not name; false when there is none left. */
static bool mutate_one(struct genome *g, bool *done, const struct parameter_set *set, const struct record *rec, struct rng *r)
{
	double by_parameter[PARAMETER_MAX] = { 0 }, by_value[PARAMETER_MAX_VALUES] = { 0 };
	int i, v;

	for (i = 0; i < set->count; i++)
		for (v = 0; v < set->list[i].count && !done[i]; v++)
			if (v != g->values[i])
				by_parameter[i] += value_weight(rec, i, v);
	i = draw(by_parameter, set->count, r);
	if (i < 0)
		return false;
	for (v = 0; v < set->list[i].count; v++)
		by_value[v] = v == g->values[i] ? 0 : value_weight(rec, i, v);
	g->values[i] = draw(by_value, set->list[i].count, r);
	return done[i] = true;
}

static void mutate(struct genome *g, const struct parameter_set *set, const struct record *rec,
		   const struct search_settings *s, struct rng *r)
{
	bool done[PARAMETER_MAX] = { false };
	int changes = 0;

	while (mutate_one(g, done, set, rec, r)) {
		changes++;
		if (changes >= s->least && rng_unit(r) >= s->more)
			break;
	}
}

/* Passing trials, the best first, so that parents can be drawn by rank. */
struct ranking {
	const struct mutate_trial **list;	/* owned; the trials are the caller's */
	int count;
	double total;			/* of the weights 1, 1/2, 1/3, ... */
};

static int better_first(const void *a, const void *b)
{
	const struct mutate_trial *x = *(const struct mutate_trial *const *)a, *y = *(const struct mutate_trial *const *)b;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return x->attempt - y->attempt;
}

static void rank(struct ranking *out, const struct mutate_trials *p)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	out->list = xcalloc(p->count + 1, sizeof(*out->list));
	for (i = 0; i < p->count; i++) {
		if (!p->trials[i].passed)
			continue;
		out->list[out->count++] = &p->trials[i];
		out->total += 1.0 / out->count;
	}
	qsort(out->list, (size_t)out->count, sizeof(*out->list), better_first);
}

/* The k-th best has weight 1/k. NULL when nothing passed. */
static const struct mutate_trial *draw_parent(const struct ranking *ranks, struct rng *r)
{
	double at = rng_unit(r) * ranks->total;
	int i;

	for (i = 0; i < ranks->count; i++)
		if ((at -= 1.0 / (i + 1)) < 0)
			break;
	return i < ranks->count ? ranks->list[i] : NULL;
}

static void from_mutation(struct proposal *out, const struct parameter_set *set, const struct genome *incumbent,
			  const struct ranking *ranks, const struct record *rec, const struct search_settings *s, struct rng *r)
{
	const struct mutate_trial *other = rng_unit(r) < s->other_parent ? draw_parent(ranks, r) : NULL;

	out->op = PROPOSAL_MUTATION;
	out->genome = other ? other->genome : *incumbent;
	out->parents[0] = other ? other->attempt : 0;
	out->parent_count = 1;
	mutate(&out->genome, set, rec, s, r);
}

static bool from_crossover(struct proposal *out, const struct parameter_set *set, const struct ranking *ranks, struct rng *r)
{
	const struct mutate_trial *a = draw_parent(ranks, r), *b = draw_parent(ranks, r);
	int i;

	if (!a || !b || a == b)
		return false;
	out->op = PROPOSAL_CROSSOVER;
	out->parents[0] = a->attempt;
	out->parents[1] = b->attempt;
	out->parent_count = 2;
	for (i = 0; i < set->count; i++)
		out->genome.values[i] = (rng_next(r) >> 40 & 1 ? a : b)->genome.values[i];
	return true;
}

static void from_nowhere(struct proposal *out, const struct parameter_set *set, struct rng *r)
{
	int i;

	out->op = PROPOSAL_RESTART;
	out->parent_count = 0;
	for (i = 0; i < set->count; i++)
		out->genome.values[i] = rng_below(r, set->list[i].count);
}

/* Every genome that differs from the incumbent in one parameter, from a random one on. */
static bool nearest_untried(struct proposal *out, const struct parameter_set *set, const struct genome *incumbent,
			    const struct mutate_trials *p, struct rng *r)
{
	int start = rng_below(r, set->count), i, v;

	out->op = PROPOSAL_MUTATION;
	out->parents[0] = 0;
	out->parent_count = 1;
	for (i = 0; i < set->count; i++) {
		int at = (start + i) % set->count;

		for (v = 0; v < set->list[at].count; v++) {
			out->genome = *incumbent;
			out->genome.values[at] = v;
			if (!mutate_trials_tried(p, set, &out->genome))
				return true;
		}
	}
	return false;
}

static void decode(struct genome *g, const struct parameter_set *set, uint64_t number)
{
	int i;

	for (i = 0; i < set->count; i++) {
		g->values[i] = (int)(number % (uint64_t)set->list[i].count);
		number /= (uint64_t)set->list[i].count;
	}
}

/*
 * The rest of the space in order. Never more than what was tried plus one
 * genome is looked at before an untried one turns up, so only a space that is
 * small is ever walked to its end.
 */
static bool any_untried(struct proposal *out, const struct parameter_set *set, const struct mutate_trials *p, struct rng *r)
{
	uint64_t space = parameter_space(set), start, n;

	if (space > ENUMERATE_MAX)
		space = ENUMERATE_MAX;
	start = rng_next(r) % space;
	out->op = PROPOSAL_RESTART;
	out->parent_count = 0;
	for (n = 0; n < space; n++) {
		decode(&out->genome, set, (start + n) % space);
		if (!mutate_trials_tried(p, set, &out->genome))
			return true;
	}
	return false;
}

static bool by_chance(struct proposal *out, const struct parameter_set *set, const struct genome *incumbent,
		      const struct mutate_trials *p, const struct search_settings *s, struct rng *r)
{
	struct ranking ranks;
	struct record rec;
	bool found = false;
	int i;

	read_record(&rec, set, p);
	rank(&ranks, p);
	for (i = 0; i < CHANCES && !found; i++) {
		if (s->restart)
			from_nowhere(out, set, r);
		else if (rng_unit(r) >= s->crossover || !from_crossover(out, set, &ranks, r))
			from_mutation(out, set, incumbent, &ranks, &rec, s, r);
		found = !mutate_trials_tried(p, set, &out->genome);
	}
	free(ranks.list);
	return found;
}

bool mutate_propose(struct proposal *out, const struct parameter_set *set, const struct genome *incumbent,
		    const struct mutate_trials *p, const struct search_settings *s, struct rng *r)
{
	return set->count && (by_chance(out, set, incumbent, p, s, r) || nearest_untried(out, set, incumbent, p, r) ||
			      any_untried(out, set, p, r));
}
