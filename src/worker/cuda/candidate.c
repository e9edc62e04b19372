#include "avo.h"
#include "base/mem.h"
#include "worker/cuda/candidate.h"
#include "worker/cuda/planner.h"

enum avo_status gpu_candidate_new(struct candidate **out, struct gpu_slots *slots, enum runner_op kind, struct error *err)
{
	struct candidate *c;
	int i;

	for (i = 0; i < RUNNER_SLOTS && slots->taken[i]; i++)
		;
	if (i == RUNNER_SLOTS)
		return error_set(err, AVO_USAGE, "more than %d candidates at once", RUNNER_SLOTS);
	c = xcalloc(1, sizeof(*c));
	c->slots = slots;
	c->slot = i;
	c->kind = kind;
	*out = slots->taken[i] = c;
	return AVO_OK;
}

void gpu_candidate_free(struct candidate *c)
{
	if (!c)
		return;
	c->slots->taken[c->slot] = NULL;
	free(c->object);
	free(c->planner);
	free(c);
}

enum avo_status gpu_candidate_load(struct run_outcome *outcome, struct candidate *c, struct error *err)
{
	struct runner_request q = { .op = c->kind, .slots = { (uint32_t)c->slot } };
	const struct runner_reply *reply;
	enum avo_status st = gpu_keeper_start(c->slots->keeper, err);
	int blame;

	outcome->verdict = VERDICT_PASSED;
	if (st != AVO_OK || c->generation == gpu_keeper_generation(c->slots->keeper))
		return st;
	snprintf(q.path, sizeof(q.path), "%s", c->object ? c->object : "");
	q.device = c->slots->facts->device;
	st = gpu_keeper_call(&reply, &blame, c->slots->keeper, &q, NULL, 0, GPU_CALL_MS, err);
	if (st != AVO_OK)
		return st;
	*outcome = reply->outcomes[0];
	if (outcome->verdict == VERDICT_PASSED)
		c->generation = gpu_keeper_generation(c->slots->keeper);
	return AVO_OK;
}

static struct planned *new_plan(struct candidate *c, const struct task_case *want)
{
	struct planned *p = &c->plans[c->plan_next];

	c->plan_next = (c->plan_next + 1) % PLANS_KEPT;
	if (c->plan_count < PLANS_KEPT)
		c->plan_count++;
	memset(p, 0, sizeof(*p));
	p->c = *want;
	return p;
}

/* Asks the planner; what it refuses, and what is wrong with its answer, stays with the plan. */
static enum avo_status ask_planner(struct planned *p, const struct candidate *c, struct error *err)
{
	struct avo_problem problem;
	enum avo_status st;

	planner_problem(&problem, &p->c, &c->slots->facts->device);
	st = planner_run(&p->plan, c->planner, &problem, err);
	if (st == AVO_OK)
		st = plan_validate(&p->plan, &problem, err);
	if (st != AVO_NEGATIVE)
		return st;
	snprintf(p->refusal, sizeof(p->refusal), "%.250s", err->text);
	return AVO_OK;
}

/* The suite's cases stay longest. */
enum avo_status gpu_candidate_plan(const struct planned **out, struct candidate *c, const struct task_case *want, struct error *err)
{
	struct planned *p;
	enum avo_status st;
	int i;

	for (i = 0; i < c->plan_count; i++)
		if (planner_same_problem(&c->plans[i].c, want)) {
			*out = &c->plans[i];
			return AVO_OK;
		}
	p = new_plan(c, want);
	st = c->planner ? ask_planner(p, c, err) : AVO_OK;
	if (st != AVO_OK)
		c->plan_count = c->plan_next = 0;
	*out = p;
	return st;
}
