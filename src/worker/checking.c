/* Is the candidate right? Hidden shapes, adversarial values, the suite's own cases; before and after the measurement. */
#include "avo.h"
#include "worker/evaluation.h"

static void widen(struct extents *x, const struct task_case *c)
{
	size_t q = case_q_elements(c), kv = case_kv_elements(c);

	x->q_elements = q > x->q_elements ? q : x->q_elements;
	x->kv_elements = kv > x->kv_elements ? kv : x->kv_elements;
}

/* Room for the suite's cases and for the largest hidden shape. */
struct extents evaluation_extents(const struct suite *s)
{
	int longest = checks_max_length(s) * 3 / 2, i;
	struct task_case hidden = { .batch = 2, .q_len = longest, .kv_len = longest, .q_heads = 8, .kv_heads = 2, .head_dim = 256 };
	struct extents x = { 0 };

	widen(&x, &hidden);
	for (i = 0; i < s->count; i++)
		widen(&x, &s->cases[i]);
	return x;
}

static enum avo_status check_once(struct evaluation *e, struct run_outcome *out, const struct run_spec *spec,
				  const char *kind, struct error *err)
{
	enum avo_status st;

	evaluation_at(e, "%s:%s", strcmp(spec->c->name, "hidden") == 0 ? "hidden" : "suite", kind);
	st = e->ops->run(out, e->b, &e->candidate[CHALLENGER], 1, spec, err);
	if (st != AVO_OK)
		return st;
	evaluation_report_check(e, spec, kind, out);
	if (out->verdict != VERDICT_PASSED)
		e->fault = *out;
	return AVO_OK;
}

static void blame_difference(struct run_outcome *fault, const struct run_spec *spec)
{
	fault->verdict = VERDICT_INCORRECT;
	snprintf(fault->check, sizeof(fault->check), "repeat");
	snprintf(fault->reason, sizeof(fault->reason),
		 "two runs on the same values differ in their bits (%d x %d, head_dim %d): a race, or memory read before it was written",
		 spec->c->q_len, spec->c->kv_len, spec->c->head_dim);
}

static enum avo_status check_hidden(struct evaluation *e, bool few, int *done, int total, struct error *err)
{
	struct check list[CHECKS_MAX];
	int n = checks_draw(list, &e->job->suite, &e->job->seeds, few), i;
	struct run_outcome out, first = { 0 };
	enum avo_status st = AVO_OK;
	uint64_t seed = 0;

	for (i = 0; st == AVO_OK && evaluation_going(e) && i < n; i++) {
		struct run_spec spec = { .c = &list[i].c, .fill = list[i].fill, .changed = list[i].kind == CHECK_CHANGED };
		char kind[48];

		if (list[i].kind == CHECK_FRESH)
			seed = random_seed(&e->job->seeds);
		spec.seed = seed;
		snprintf(kind, sizeof(kind), "%s %s", fill_name(spec.fill), check_kind_name(list[i].kind));
		st = check_once(e, &out, &spec, kind, err);
		if (st == AVO_OK && list[i].kind == CHECK_FRESH)
			first = out;
		if (st == AVO_OK && evaluation_going(e) && list[i].kind == CHECK_AGAIN && out.digest != first.digest)
			blame_difference(&e->fault, &spec);
		job_progress(e->progress, "check", ++*done, total);
	}
	return st;
}

static enum avo_status check_suite(struct evaluation *e, int rows, int *done, int total, struct error *err)
{
	const struct suite *s = &e->job->suite;
	enum avo_status st = AVO_OK;
	struct run_outcome out;
	int i;

	for (i = 0; st == AVO_OK && evaluation_going(e) && i < s->count; i++) {
		struct run_spec spec = { .c = &s->cases[i], .seed = random_seed(&e->job->seeds), .rows = rows };

		st = check_once(e, &out, &spec, "normal sampled", err);
		if (st == AVO_OK)
			e->rows += out.rows;
		job_progress(e->progress, "check", ++*done, total);
	}
	return st;
}

enum avo_status evaluation_check_before(struct evaluation *e, struct error *err)
{
	int done = 0, total = CHECKS_MAX + e->job->suite.count;
	enum avo_status st = check_hidden(e, false, &done, total, err);

	if (st == AVO_OK && evaluation_going(e))
		st = check_suite(e, 4 * ROWS_FEW, &done, total, err);
	return st;
}

/* New hidden shapes, and as many rows of the suite's cases as are still due. */
enum avo_status evaluation_check_after(struct evaluation *e, struct error *err)
{
	long due = CHECKS_ROWS - e->rows;
	int count = e->job->suite.count, done = 0, total = 4 + count;
	enum avo_status st = check_hidden(e, true, &done, total, err);

	if (st == AVO_OK && evaluation_going(e))
		st = check_suite(e, due > 0 ? (int)(due / count) + 1 : ROWS_FEW, &done, total, err);
	return st;
}
