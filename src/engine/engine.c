/* The engine's state machine: what may happen next, and the end of it. */
#include "avo.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"

#define CANCEL_GRACE_MS 5000	/* a worker that was told to cancel has this long */

bool engine_active(const struct engine *e)
{
	return e->state.state == ENGINE_RUNNING || e->state.state == ENGINE_STEPPING;
}

static cJSON *state_event(const struct engine *e, enum engine_state state, const char *reason)
{
	bool held = state == ENGINE_AWAITING || state == ENGINE_WAITING || (state == ENGINE_PAUSED && e->trouble.told);
	cJSON *event = engine_event("state");

	json_set_str(event, "state", engine_state_name(state));
	if (reason && *reason)
		json_set_str(event, "reason", reason);
	/* what a later life needs to go on in the same way */
	if (held)
		json_set_str(event, "then", engine_state_name(e->then));
	if (state == ENGINE_STEPPING || (held && e->then == ENGINE_STEPPING)) {
		json_set_str(event, "unit", e->in_action_unit ? "action" : "step");
		json_set_int(event, "left", e->left);
	}
	return event;
}

void engine_set_state(struct engine *e, enum engine_state state, const char *reason)
{
	if (state == e->state.state && strcmp(reason ? reason : "", e->state.state_reason) == 0)
		return;
	engine_record(e, state_event(e, state, reason), JOURNAL_NOW);
	budget_watch_time(e);
}

/* --- what happens next ---------------------------------------------------- */

static void on_retired(void *arg, bool killed)
{
	struct engine *e = arg;

	if (killed)
		engine_warn(e, "the worker (%s) did not end when it was told to, and was killed; what it started on a node may still run there",
			    evaluator_command(e->evaluator));
	loop_stop(e->loop);
}

/* The worker goes first, in good order: a scheduler's client needs a moment to take its job with it. */
static void end_now(void *arg)
{
	struct engine *e = arg;

	loop_remove_timer(e->loop, e->end_timer);
	e->end_timer = NULL;
	if (e->retiring)
		return;
	e->retiring = true;
	evaluator_retire(e->evaluator, on_retired, e);
}

static void on_end_timer(void *arg)
{
	struct engine *e = arg;

	e->end_timer = NULL;
	end_now(e);
}

/* The next action of the step may start, unless that is what stepping was waiting for. */
static void let_go(struct engine *e)
{
	if (e->state.state == ENGINE_STEPPING && e->in_action_unit) {
		if (e->left <= 0) {
			engine_set_state(e, ENGINE_PAUSED, "the action is done");
			return;
		}
		e->left--;
	}
	e->asked = false;
	e->ops->go(e->op);
}

static void advance(struct engine *e)
{
	if (e->flight.kind != FLIGHT_NONE)
		return;
	if (e->cancel_outcome) {
		engine_cancel_now(e);
		return;
	}
	if (e->stopping) {
		end_now(e);
		return;
	}
	if (e->trouble.on || !engine_active(e) || !engine_settle(e))
		return;
	if (budget_enforce(e) || engine_pack_look(e) || engine_prepare(e))
		return;
	engine_supervise(e);
	if (!e->step)
		engine_begin_step(e);
	else if (e->asked)
		let_go(e);
	engine_try_submission(e);
}

static void kicked(void *arg)
{
	struct engine *e = arg;

	e->kick = NULL;
	if (!e->stopping)
		engine_profile_look(e);
	advance(e);
}

void engine_kick(struct engine *e)
{
	if (!e->kick)
		e->kick = loop_add_timer(e->loop, 0, kicked, e);
}

/* --- ends ------------------------------------------------------------------- */

void engine_end_when_idle(struct engine *e)
{
	bool over = e->state.state == ENGINE_FINISHED || e->state.state == ENGINE_FAILED;

	if (over && e->options.exit_when_idle && !e->stopping && !engine_profile_look(e))
		engine_end(e, engine_state_name(e->state.state), false);
}

void engine_finish(struct engine *e, const char *reason)
{
	if (presence_lost(e))	/* whatever went wrong, it went wrong because of that */
		return;
	engine_set_state(e, ENGINE_FINISHED, reason);
	engine_end_when_idle(e);
}

void engine_fail(struct engine *e, const char *reason)
{
	if (presence_lost(e))
		return;
	log_error("failed: %s", reason);
	error_set(&e->failure, AVO_ENVIRONMENT, "%s", reason);
	engine_set_state(e, ENGINE_FAILED, reason);
	engine_end_when_idle(e);
}

void engine_end(struct engine *e, const char *reason, bool now)
{
	if (!e->end_reason)
		e->end_reason = xstrdup(reason);
	e->stopping = true;
	if (e->step && !e->cancel_outcome)
		engine_cancel_step(e, "stopped", reason);
	engine_cancel_flight(e);
	engine_cancel_profiles(e);
	if (!e->end_timer && !e->retiring)
		e->end_timer = loop_add_timer(e->loop, now ? 0 : CANCEL_GRACE_MS, on_end_timer, e);
	engine_kick(e);
}
