#include "avo.h"
#include "base/child.h"
#include "sandbox/plan.h"

#include <string.h>

static enum avo_status explain(const struct plan *plan, enum avo_status st, struct error *err)
{
	if (plan->report->step[0])
		error_prefix(err, st, "the sandbox failed at \"%s\"", plan->report->step);
	return st;
}

static struct child_spec confined(const struct child_spec *spec, struct plan *plan)
{
	struct child_spec inner = *spec;

	inner.cwd = NULL;		/* entered inside */
	inner.foreground = false;
	inner.die_with_parent = true;
	inner.enter = sandbox_enter;
	inner.enter_arg = plan;
	return inner;
}

enum avo_status spawn_with(pid_t *out, const struct child_spec *spec, const struct sandbox_policy *policy,
			   unsigned layers, struct error *err)
{
	struct child_spec inner;
	struct plan plan;
	struct error own;
	enum avo_status st;

	err = err ? err : &own;
	st = plan_init(&plan, spec, policy, layers, err);
	if (st == AVO_OK && layers & SANDBOX_BWRAP)
		st = bwrap_prepare(&plan, err);
	if (st == AVO_OK) {
		inner = confined(spec, &plan);
		st = child_spawn(out, &inner, err);
		st = st == AVO_OK ? st : explain(&plan, st, err);
	}
	plan_release(&plan);
	return st;
}

static enum avo_status run(struct child_result *result, struct buf *out, const struct child_spec *spec,
			   struct plan *plan, int64_t deadline_ms, struct error *err)
{
	struct child_spec inner = confined(spec, plan);
	enum avo_status st = plan->layers & SANDBOX_BWRAP ? bwrap_prepare(plan, err) : AVO_OK;

	if (st != AVO_OK)
		return st;
	st = child_run(result, out, &inner, deadline_ms, err);
	return st == AVO_OK ? st : explain(plan, st, err);
}

enum avo_status run_with(struct child_result *result, struct buf *out, struct child_spec *spec,
			 const struct sandbox_policy *policy, unsigned layers, int64_t deadline_ms, struct error *err)
{
	struct plan plan;
	struct error own;
	enum avo_status st;

	err = err ? err : &own;
	st = plan_init(&plan, spec, policy, layers, err);
	if (st == AVO_OK)
		st = run(result, out, spec, &plan, deadline_ms, err);
	plan_release(&plan);
	return st;
}

enum avo_status try_with(struct child_result *result, struct child_spec *spec, const struct sandbox_policy *policy,
			 unsigned layers, int (*probe)(const struct plan *plan), struct error *err)
{
	struct buf out = BUF_INIT;
	struct plan plan;
	enum avo_status st = plan_init(&plan, spec, policy, layers, err);

	plan.probe = probe;
	if (st == AVO_OK)
		st = run(result, &out, spec, &plan, 5000, err);
	plan_release(&plan);
	buf_release(&out);
	return st;
}

enum avo_status sandbox_spawn(pid_t *out, const struct child_spec *spec, const struct sandbox_policy *policy,
			      struct error *err)
{
	return spawn_with(out, spec, policy, layers_found(), err);
}

enum avo_status sandbox_run(struct child_result *result, struct buf *out, struct child_spec *spec,
			    const struct sandbox_policy *policy, int64_t deadline_ms, struct error *err)
{
	return run_with(result, out, spec, policy, layers_found(), deadline_ms, err);
}
