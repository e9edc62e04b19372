/* What the supervisor found is journaled, and told to the operator. */
#include "avo.h"
#include "engine/internal.h"

void engine_supervise(struct engine *e)
{
	const struct settings *s = &e->settings;
	const struct supervisor_limits limits = {
		.stall = (int)s->stall, .repeats = (int)s->repeats, .same_errors = (int)s->same_errors,
		.cycle = (int)s->cycle, .idle_steps = (int)s->idle_steps, .tool_cycle = (int)s->tool_cycle,
		.stall_ms = s->stall_ms, .burn = s->burn, .cost_usd = s->budget_cost, .tokens = (double)s->budget_tokens,
		.cooldown = (int)s->cooldown,
	};
	struct redirection r;
	struct finding f;
	cJSON *event;

	if (!s->supervisor || !supervisor_look(&f, &e->state, &limits))
		return;
	event = engine_event("intervention");
	json_set_str(event, "trigger", f.trigger);
	json_set_str(event, "reason", f.reason);
	json_set_str(event, "act", f.act);
	json_set_int(event, "level", f.level);
	engine_record(e, event, JOURNAL_NOW);
	r = (struct redirection){ .trigger = f.trigger, .reason = f.reason, .act = f.act, .level = f.level };
	if (e->ops->redirect && e->op)
		e->ops->redirect(e->op, &r);
}
