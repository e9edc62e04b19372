/*
 * The incumbent fails beside the challenger: whose doing is that? It has passed all of this before. So it is run alone,
 * on the same values, where nothing is left of the challenger: a backend that has both in one process starts a new one
 * when one of a pair has failed. What fails there as well is the incumbent's own. What is right there, each time, and
 * fails again as soon as the same challenger is beside it was spoiled by that one: two may share a device, but neither
 * may change what is not its own. An incumbent that fails once in a while, and not again, is nobody's fault here.
 */
#include "avo.h"
#include "worker/evaluation.h"

#define ALONE 3			/* times that the incumbent must be right by itself */
#define BESIDE 2		/* times in a row that it must have failed beside the challenger */

static void blame_challenger(struct run_outcome *fault, const struct run_outcome *incumbent)
{
	memset(fault, 0, sizeof(*fault));
	fault->verdict = VERDICT_INCORRECT;
	snprintf(fault->check, sizeof(fault->check), "neighbour");
	snprintf(fault->reason, sizeof(fault->reason),
		 "beside it the incumbent fails, which is right by itself: it changes memory that is not its own (%.120s)", incumbent->reason);
}

/* Sets the fault when the incumbent fails by itself. */
static enum avo_status try_alone(struct evaluation *e, const struct run_spec *spec, struct error *err)
{
	struct run_outcome alone;
	int i;

	for (i = 0; i < ALONE; i++) {
		enum avo_status st = e->ops->run(&alone, e->b, &e->candidate[INCUMBENT], 1, spec, err);

		if (st != AVO_OK)
			return st;
		if (alone.verdict == VERDICT_PASSED)
			continue;
		evaluation_blame_incumbent(&e->fault, alone.reason);
		return AVO_OK;
	}
	return AVO_OK;
}

static const struct run_outcome *failed(const struct run_outcome *out, const enum side *order, int count, enum side side)
{
	int i;

	for (i = 0; i < count; i++)
		if (order[i] == side && out[i].verdict != VERDICT_PASSED)
			return &out[i];
	return NULL;
}

/* What the challenger did wrong comes first, whoever ran first. Where nobody is to blame yet, both run once more. */
enum avo_status evaluation_run_sides(struct run_outcome *out, struct evaluation *e, const struct run_spec *spec, const enum side *order,
				     int count, struct error *err)
{
	const struct run_outcome *bad;
	struct candidate *who[SIDES];
	enum avo_status st;
	int i, beside;

	for (i = 0; i < count; i++)
		who[i] = e->candidate[order[i]];
	for (beside = 1;; beside++) {
		st = e->ops->run(out, e->b, who, count, spec, err);
		if (st != AVO_OK)
			return st;
		bad = failed(out, order, count, CHALLENGER);
		if (bad)
			e->fault = *bad;
		bad = failed(out, order, count, INCUMBENT);
		if (!bad || !evaluation_going(e))
			return AVO_OK;
		st = try_alone(e, spec, err);
		if (st != AVO_OK || !evaluation_going(e))
			return st;
		if (beside == BESIDE) {
			blame_challenger(&e->fault, bad);
			return AVO_OK;
		}
	}
}
