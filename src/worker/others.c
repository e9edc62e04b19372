/*
 * Other values than normal ones among the timed runs, in secret, so that nobody
 * can tell a run whose speed counts from one where only the answer does. How
 * slow the candidate is on them is worth knowing, and kept apart.
 */
#include "avo.h"
#include "score/stats.h"
#include "worker/evaluation.h"

#include <math.h>

enum avo_status evaluation_run_timed(struct run_outcome *out, struct evaluation *e, const struct run_spec *spec, const enum side *order,
				     int count, struct error *err)
{
	enum avo_status st;

	evaluation_at(e, "timed:%s", fill_deal_name(&spec->deal));
	st = evaluation_run_sides(out, e, spec, order, count, err);
	if (st == AVO_OK && e->fault.verdict == VERDICT_INCORRECT)
		evaluation_at(e, "timed:%s", fill_name(e->fault.fill));
	e->calls++;
	return st;
}

enum avo_status evaluation_time_others(struct evaluation *e, int index, const enum side *order, int count, struct error *err)
{
	struct other_sample *s = &e->others[e->other_count];
	struct run_spec spec = { .c = &e->job->suite.cases[index], .rows = ROWS_FEW };
	struct run_outcome out[SIDES];
	enum avo_status st;
	int i;

	if (random_below(random_seed(&e->job->seeds), OTHERS_EVERY) || e->other_count == MAX_OTHERS)
		return AVO_OK;
	*s = (struct other_sample){ .index = index, .fill = 1 + (enum fill)random_below(random_seed(&e->job->seeds), FILL_COUNT - 1) };
	s->seconds[CHALLENGER] = s->seconds[INCUMBENT] = NAN;
	spec.deal = fill_deal_one(s->fill);
	spec.seed = random_seed(&e->job->seeds);
	st = evaluation_run_timed(out, e, &spec, order, count, err);
	if (st != AVO_OK || !evaluation_going(e))
		return st;
	for (i = 0; i < count; i++)
		s->seconds[order[i]] = out[i].seconds;
	e->other_count++;
	return AVO_OK;
}

/* The side's throughput on these values over its median on normal ones; NAN where it was not measured. */
static double relative(const struct evaluation *e, const struct other_sample *s, enum side side)
{
	const struct samples *normal = &e->samples[side];

	if (!normal->count || isnan(s->seconds[side]))
		return NAN;
	return evaluation_throughput(e, &e->job->suite.cases[s->index], s->seconds[side]) /
	       stats_median(normal->value[s->index], normal->count);
}

static int slowest(const struct evaluation *e, enum side side)
{
	int worst = -1, i;

	for (i = 0; i < e->other_count; i++) {
		double r = relative(e, &e->others[i], side);

		if (!isnan(r) && (worst < 0 || r < relative(e, &e->others[worst], side)))
			worst = i;
	}
	return worst;
}

void evaluation_report_others(struct evaluation *e)
{
	int worst = slowest(e, CHALLENGER), beside = slowest(e, INCUMBENT);
	cJSON *o;

	if (worst < 0)
		return;
	o = cJSON_CreateObject();
	json_set_num(o, "ratio", relative(e, &e->others[worst], CHALLENGER));
	json_set_str(o, "case", e->job->suite.cases[e->others[worst].index].name);
	json_set_str(o, "values", fill_name(e->others[worst].fill));
	json_set_int(o, "runs", e->other_count);
	if (beside >= 0)
		json_set_num(o, "incumbent_ratio", relative(e, &e->others[beside], INCUMBENT));
	json_set(e->result, "worst_case", o);
}

void evaluation_report_sampled(struct evaluation *e)
{
	cJSON *o = cJSON_CreateObject();

	json_set_int(o, "rows", e->rows);
	json_set_int(o, "calls", e->calls);
	json_set(e->result, "sampled", o);
}
