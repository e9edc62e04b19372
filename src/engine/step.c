/* Steps, and the host that an operator sees. */
#include "avo.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "journal/record.h"

static struct engine *engine_of(struct operator_host *host)
{
	return (struct engine *)host;
}

void engine_begin_step(struct engine *e)
{
	const struct version *parent = state_incumbent(&e->state);
	int id = (int)e->state.step_count + 1;
	cJSON *event = engine_event("step-started");
	char *guidance = buf_detach(&e->guidance);
	struct step_begin begin = { .step = id, .parent = parent->id, .guidance = guidance && *guidance ? guidance : NULL };

	record_set_id(event, "step", 's', id);
	record_set_id(event, "parent", 'v', parent->id);
	json_set_str(event, "operator", e->ops->name);
	engine_record(e, event, JOURNAL_LAZY);
	e->step = id;
	e->orphan = false;
	e->asked = false;
	e->ops->begin(e->op, &begin);
	free(guidance);
}

static void close_directions(struct engine *e, int step, const char *outcome)
{
	size_t i;

	if (e->ops->keeps_directions)
		return;
	for (i = e->state.direction_count; i > 0 && e->state.directions[i - 1].step >= step; i--) {
		const struct direction *d = &e->state.directions[i - 1];
		cJSON *event;

		if (d->step != step || d->state != DIRECTION_OPEN || d->closed_ms)
			continue;
		event = engine_event("direction-closed");
		record_set_id(event, "direction", 'd', d->id);
		json_set_str(event, "state", direction_state_name(DIRECTION_DROPPED));
		json_set_str(event, "outcome", outcome);
		engine_record(e, event, JOURNAL_LAZY);
	}
}

/* Stepping counts steps that came to an end of their own. */
static void count_step(struct engine *e, const char *outcome)
{
	enum engine_state state = e->state.state == ENGINE_AWAITING ? e->then : e->state.state;

	if (state != ENGINE_STEPPING || e->in_action_unit || strcmp(outcome, "stopped") == 0)
		return;
	if (--e->left > 0)
		return;
	if (e->state.state == ENGINE_AWAITING)
		e->then = ENGINE_PAUSED;
	else
		engine_set_state(e, ENGINE_PAUSED, "the step is done");
}

void engine_end_step(struct engine *e, const char *outcome, int version, const char *text)
{
	cJSON *event = engine_event("step-ended");
	int step = e->step;

	close_directions(e, step, outcome);
	record_set_id(event, "step", 's', step);
	json_set_str(event, "outcome", outcome);
	record_set_id(event, "version", 'v', version);
	json_set_str(event, "text", text);
	e->step = 0;
	e->orphan = e->asked = false;
	engine_record(e, event, JOURNAL_LAZY);
	count_step(e, outcome);
}

static int version_of_step(const struct engine *e, int step)
{
	const struct version *best = state_newest(&e->state);
	const struct attempt *a = best ? state_attempt(&e->state, best->attempt) : NULL;

	return a && a->step == step ? best->id : -1;
}

void engine_cancel_step(struct engine *e, const char *outcome, const char *reason)
{
	e->cancel_outcome = outcome;
	free(e->cancel_reason);
	e->cancel_reason = xstrdup(reason ? reason : "");
	engine_kick(e);
}

void engine_cancel_now(struct engine *e)
{
	if (e->step && !e->orphan)
		e->ops->cancel(e->op);
	if (e->step)
		engine_end_step(e, e->cancel_outcome, version_of_step(e, e->step), e->cancel_reason);
	e->cancel_outcome = NULL;
	engine_kick(e);
}

/* --- the host ---------------------------------------------------------------- */

static void host_action_ask(struct operator_host *host)
{
	struct engine *e = engine_of(host);

	e->asked = true;
	engine_kick(e);
}

static int host_action_start(struct operator_host *host, const char *kind, const char *text)
{
	struct engine *e = engine_of(host);
	cJSON *event = engine_event("action-started");
	int id = (int)e->state.actions_total + 1;

	json_set_int(event, "action", id);
	record_set_id(event, "step", 's', e->step ? e->step : -1);
	json_set_str(event, "kind", kind);
	json_set_str(event, "text", text);
	engine_record(e, event, JOURNAL_LAZY);
	return id;
}

static void host_action_done(struct operator_host *host, int action, bool ok, const char *result, const cJSON *detail)
{
	cJSON *event = engine_event("action-ended");

	json_set_int(event, "action", action);
	json_set_bool(event, "ok", ok);
	json_set_str(event, "result", result);
	if (detail)
		json_set(event, "detail", cJSON_Duplicate(detail, true));
	engine_record(engine_of(host), event, JOURNAL_LAZY);
}

static int host_evaluate(struct operator_host *host, const struct candidate *candidate)
{
	return engine_evaluate(engine_of(host), candidate);
}

static bool host_profile(struct operator_host *host, const char *what, const char *dir, const char *case_name, const char **why)
{
	return engine_profile_for_operator(engine_of(host), what, dir, case_name, why);
}

static void host_profile_cancel(struct operator_host *host)
{
	struct engine *e = engine_of(host);

	if (e->asked_profile.evaluation)
		evaluator_cancel(e->asked_profile.evaluation);
}

static int host_direction_open(struct operator_host *host, const char *title, const char *hypothesis, const char *expected)
{
	struct engine *e = engine_of(host);
	const struct step *step = state_step(&e->state, e->step);
	cJSON *event = engine_event("direction-opened");
	int id = (int)e->state.direction_count + 1;

	record_set_id(event, "direction", 'd', id);
	record_set_id(event, "step", 's', e->step ? e->step : -1);
	record_set_id(event, "parent", 'v', step ? step->parent : -1);
	json_set_str(event, "title", title);
	json_set_str(event, "hypothesis", hypothesis);
	json_set_str(event, "expected", expected);
	engine_record(e, event, JOURNAL_LAZY);
	return id;
}

static void host_direction_close(struct operator_host *host, int direction, enum direction_state state, const char *outcome)
{
	cJSON *event = engine_event("direction-closed");

	record_set_id(event, "direction", 'd', direction);
	json_set_str(event, "state", direction_state_name(state));
	json_set_str(event, "outcome", outcome);
	engine_record(engine_of(host), event, JOURNAL_LAZY);
}

static void host_record(struct operator_host *host, cJSON *event)
{
	struct engine *e = engine_of(host);
	bool money = strcmp(json_str(event, "type", ""), "usage") == 0;

	engine_record(e, event, JOURNAL_LAZY);
	if (money && budget_check(e) >= 0)
		engine_kick(e);
}

static void host_live(struct operator_host *host, const char *kind, const char *text)
{
	struct engine *e = engine_of(host);
	cJSON *live = cJSON_CreateObject();

	json_set_str(live, "kind", kind);
	record_set_id(live, "step", 's', e->step ? e->step : -1);
	json_set_str(live, "text", text);
	control_server_live(e->server, live);
	cJSON_Delete(live);
}

static void host_step_done(struct operator_host *host, enum step_outcome outcome, const char *text)
{
	struct engine *e = engine_of(host);
	struct error err = { 0 };
	const char *name = e->cancel_outcome ? e->cancel_outcome : step_outcome_name(outcome);

	if (!e->step)
		return;
	engine_end_step(e, name, version_of_step(e, e->step), e->cancel_outcome ? e->cancel_reason : text);
	if (outcome == STEP_EXHAUSTED && !e->cancel_outcome)
		engine_finish(e, text);
	/* a file system that is out of order for a moment is no end of the search */
	if (outcome == STEP_UNREADABLE) {
		error_set(&err, AVO_ENVIRONMENT, "%s", text);
		engine_trouble(e, TROUBLE_READING, &err);
	}
	engine_kick(e);
}

void engine_host_init(struct engine *e)
{
	e->host = (struct operator_host){
		.loop = e->loop,
		.state = &e->state,
		.lineage = e->lineage,
		.run_dir = e->run_dir,
		.scratch_dir = e->scratch_dir,
		.conf = e->conf,
		.action_ask = host_action_ask,
		.action_start = host_action_start,
		.action_done = host_action_done,
		.evaluate = host_evaluate,
		.profile = host_profile,
		.profile_cancel = host_profile_cancel,
		.direction_open = host_direction_open,
		.direction_close = host_direction_close,
		.record = host_record,
		.live = host_live,
		.step_done = host_step_done,
	};
}
