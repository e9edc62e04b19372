/* Is the candidate right? Hidden shapes, and the suite's own cases with every kind of values; before and after the measurement. */
#include "avo.h"
#include "worker/deck.h"
#include "worker/evaluation.h"
#include "worker/shapes.h"

static void widen(struct extents *x, const struct task_case *c)
{
	size_t q = case_q_elements(c), kv = case_kv_elements(c);

	x->q_elements = q > x->q_elements ? q : x->q_elements;
	x->kv_elements = kv > x->kv_elements ? kv : x->kv_elements;
}

/* Room for the suite's cases and for the largest hidden shape. */
struct extents evaluation_extents(const struct suite *s)
{
	struct extents x = { 0 };
	int i;

	shapes_extents(&x.q_elements, &x.kv_elements, s);
	for (i = 0; i < s->count; i++)
		widen(&x, &s->cases[i]);
	return x;
}

/* One of the two lists of checks on its way. */
struct progress {
	int done, total;
};

static void name_place(struct evaluation *e, const struct run_spec *spec, const char *values, const char *how)
{
	evaluation_at(e, "%s:%s:%s", strcmp(spec->c->name, "hidden") == 0 ? "hidden" : "suite", values, how);
}

static enum avo_status check_once(struct evaluation *e, struct run_outcome *out, const struct run_spec *spec, const char *how,
				  struct progress *p, struct error *err)
{
	bool hidden = strcmp(spec->c->name, "hidden") == 0;
	const char *values = fill_deal_name(&spec->deal);
	enum avo_status st;
	char kind[48];

	name_place(e, spec, values, how);
	st = e->ops->run(out, e->b, &e->candidate[CHALLENGER], 1, spec, err);
	if (st != AVO_OK)
		return st;
	e->calls++;
	if (out->verdict == VERDICT_INCORRECT) {
		values = fill_name(out->fill);
		name_place(e, spec, values, how);
	}
	/* the suite's cases get all kinds, in as many runs as that takes: one line where all is well */
	snprintf(kind, sizeof(kind), "%s %s", hidden || out->verdict == VERDICT_INCORRECT ? values : "all values", how);
	evaluation_report_check(e, spec, kind, out);
	if (out->verdict != VERDICT_PASSED)
		e->fault = *out;
	job_progress(e->progress, "check", ++p->done, p->total);
	return AVO_OK;
}

static void judge_repeated(struct evaluation *e, const struct run_spec *spec, uint64_t first, uint64_t second)
{
	struct run_outcome *fault = &e->fault;

	if (!evaluation_going(e) || first == second)
		return;
	fault->verdict = VERDICT_INCORRECT;
	snprintf(fault->check, sizeof(fault->check), "repeat");
	snprintf(fault->reason, sizeof(fault->reason),
		 "two runs on the same values differ in their bits (%s, %d x %d, head_dim %d): a race, or memory read before it was written",
		 spec->c->name, spec->c->q_len, spec->c->kv_len, spec->c->head_dim);
}

static enum avo_status check_hidden(struct evaluation *e, const struct check *list, int count, struct progress *p, struct error *err)
{
	struct run_outcome out, first = { 0 };
	enum avo_status st = AVO_OK;
	uint64_t seed = 0;
	int i;

	for (i = 0; st == AVO_OK && evaluation_going(e) && i < count; i++) {
		struct run_spec spec = { .c = &list[i].c, .deal = list[i].deal, .rows = list[i].rows,
					 .changed = list[i].kind == CHECK_CHANGED };

		if (list[i].kind == CHECK_FRESH)
			seed = random_seed(&e->job->seeds);
		spec.seed = seed;
		st = check_once(e, &out, &spec, check_kind_name(list[i].kind), p, err);
		if (st == AVO_OK && list[i].kind == CHECK_FRESH)
			first = out;
		if (st == AVO_OK && list[i].kind == CHECK_AGAIN)
			judge_repeated(e, &spec, first.digest, out.digest);
	}
	return st;
}

/* A case of the suite with the next kinds of the deck; twice, where its bits must be the same. */
static enum avo_status check_case(struct evaluation *e, int index, struct deck *deck, bool twice, struct progress *p, struct error *err)
{
	const struct task_case *c = &e->job->suite.cases[index];
	struct run_spec spec = { .c = c, .deal = deck_deal(deck, c), .seed = random_seed(&e->job->seeds) };
	struct run_outcome first, second;
	enum avo_status st;

	spec.rows = CHECKS_ROWS_KIND * spec.deal.count;
	st = check_once(e, &first, &spec, "sampled", p, err);
	if (st != AVO_OK || !twice || !evaluation_going(e))
		return st;
	st = check_once(e, &second, &spec, "again", p, err);
	if (st == AVO_OK)
		judge_repeated(e, &spec, first.digest, second.digest);
	return st;
}

/* Which case is run twice on the same values. */
static int secret_case(struct evaluation *e)
{
	return (int)random_below(random_seed(&e->job->seeds), (uint64_t)e->job->suite.count);
}

/* Every case with every kind of values. */
static enum avo_status check_kinds(struct evaluation *e, struct progress *p, struct error *err)
{
	int twice = secret_case(e), i;
	enum avo_status st = AVO_OK;
	struct deck deck;

	for (i = 0; i < e->job->suite.count; i++) {
		deck_shuffle(&deck, &e->job->seeds);
		while (st == AVO_OK && evaluation_going(e) && !deck_done(&deck))
			st = check_case(e, i, &deck, i == twice && deck.dealt == 0, p, err);
	}
	return st;
}

/*
 * Every case again, and among them every kind of values. All kinds on every case where the cases have room for them in one
 * run, as on a GPU; where they have not, a second look at all of both would take as long as the measurement.
 */
static enum avo_status check_kinds_again(struct evaluation *e, struct progress *p, struct error *err)
{
	int count = e->job->suite.count, twice = secret_case(e), i;
	enum avo_status st = AVO_OK;
	struct deck deck;

	deck_shuffle(&deck, &e->job->seeds);
	for (i = 0; st == AVO_OK && evaluation_going(e) && (i < count || !deck_done(&deck)); i++)
		st = check_case(e, i % count, &deck, i == twice, p, err);
	return st;
}

/* The rows of normal values that are still due, because the measurement was short. */
static enum avo_status check_rows_due(struct evaluation *e, struct progress *p, struct error *err)
{
	int count = e->job->suite.count, i;
	long due = CHECKS_ROWS - e->rows;
	enum avo_status st = AVO_OK;
	struct run_outcome out;

	for (i = 0; due > 0 && st == AVO_OK && evaluation_going(e) && i < count; i++) {
		struct run_spec spec = { .c = &e->job->suite.cases[i], .deal = fill_deal_one(FILL_NORMAL),
					 .seed = random_seed(&e->job->seeds), .rows = (int)(due / count) + 1 };

		st = check_once(e, &out, &spec, "sampled", p, err);
		e->rows += spec.rows;
	}
	return st;
}

static int kind_runs(const struct task_case *c)
{
	int pairs = c->batch * c->kv_heads;

	return pairs >= FILL_COUNT ? 1 : (FILL_COUNT + pairs - 1) / pairs;
}

enum avo_status evaluation_check_before(struct evaluation *e, struct error *err)
{
	const struct suite *s = &e->job->suite;
	struct check list[CHECKS_MAX];
	int count = checks_draw(list, s, &e->job->seeds, false), i;
	struct progress p = { 0, count + 1 };
	enum avo_status st;

	for (i = 0; i < s->count; i++)
		p.total += kind_runs(&s->cases[i]);
	st = check_hidden(e, list, count, &p, err);
	return st == AVO_OK ? check_kinds(e, &p, err) : st;
}

enum avo_status evaluation_check_after(struct evaluation *e, struct error *err)
{
	struct check list[CHECKS_MAX];
	int count = checks_draw(list, &e->job->suite, &e->job->seeds, true);
	struct progress p = { 0, count + 1 + 2 * e->job->suite.count };
	enum avo_status st = check_hidden(e, list, count, &p, err);

	if (st == AVO_OK)
		st = check_kinds_again(e, &p, err);
	return st == AVO_OK ? check_rows_due(e, &p, err) : st;
}
