/* What viewers may say: the commands of the control protocol. */
#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/internal.h"
#include "journal/record.h"
#include "candidate/source.h"

#include <unistd.h>

static const char *by_whom(const cJSON *request)
{
	return json_str(request, "by", "user");
}

static enum avo_status cmd_status(struct engine *e, const cJSON *request, cJSON *answer, struct error *err)
{
	cJSON *status = record_status(&e->state), *member;

	while ((member = status->child)) {
		cJSON_DetachItemViaPointer(status, member);
		json_set(answer, member->string, member);
	}
	cJSON_Delete(status);
	engine_describe_wait(e, answer);
	json_set_int(answer, "pid", getpid());
	json_set_int(answer, "viewers", control_server_viewers(e->server));
	return AVO_OK;
}

static enum avo_status cmd_pause(struct engine *e, const cJSON *request, cJSON *answer, struct error *err)
{
	if (e->state.state == ENGINE_AWAITING)
		e->then = ENGINE_PAUSED;
	else if (e->trouble.told)
		e->then = ENGINE_PAUSED;
	else if (engine_active(e) || e->state.state == ENGINE_WAITING)
		engine_set_state(e, ENGINE_PAUSED, "paused by the user");
	else if (e->state.state != ENGINE_PAUSED)
		return error_set(err, AVO_NEGATIVE, "the run is %s: there is nothing to pause", engine_state_name(e->state.state));
	return AVO_OK;
}

/* Limits and thresholds may have been edited while the run stood still. */
static enum avo_status reread_settings(struct engine *e, struct error *err)
{
	enum avo_status st = terms_reread(e, err);

	if (st != AVO_OK)
		return st;
	e->options.steps = e->options.attempts = e->options.time_ms = 0;
	budget_init(e);
	return AVO_OK;
}

/* From any state that stands still to one that moves. */
static enum avo_status start_moving(struct engine *e, enum engine_state state, struct error *err)
{
	const char *reason = NULL;

	if (e->stopping)
		return error_set(err, AVO_NEGATIVE, "the engine is ending");
	if (e->state.state == ENGINE_FINISHED || e->state.state == ENGINE_FAILED) {
		enum avo_status st = reread_settings(e, err);
		int kind;
		char text[128];

		if (st != AVO_OK)
			return st;
		kind = budget_check(e);
		if (kind >= 0) {
			budget_describe(text, sizeof(text), e, (enum limit_kind)kind);
			return error_set(err, AVO_NEGATIVE, "%s; raise it in avo.conf, then resume", text);
		}
	}
	if (e->trouble.on) {
		enum avo_status st = engine_retry_trouble(e, err);

		e->then = state;
		if (st != AVO_OK)
			return st;
	}
	if (e->state.state == ENGINE_AWAITING) {
		e->then = state;
		return AVO_OK;
	}
	engine_set_state(e, state, reason);
	/* a worker that is away is tried at once */
	evaluator_retry(e->evaluator);
	engine_kick(e);
	return AVO_OK;
}

static enum avo_status cmd_resume(struct engine *e, const cJSON *request, cJSON *answer, struct error *err)
{
	return start_moving(e, ENGINE_RUNNING, err);
}

static enum avo_status cmd_stop(struct engine *e, const cJSON *request, cJSON *answer, struct error *err)
{
	char *reason = xasprintf("stopped by %s", by_whom(request));

	engine_end(e, reason, json_bool(request, "now", false));
	free(reason);
	return AVO_OK;
}

static enum avo_status cmd_step(struct engine *e, const cJSON *request, cJSON *answer, struct error *err)
{
	const char *unit = json_str(request, "unit", "step");
	int64_t count = json_int(request, "count", 1);
	bool action = strcmp(unit, "action") == 0, was_action = e->in_action_unit;
	int64_t had = e->left;
	enum avo_status st;

	if (!action && strcmp(unit, "step") != 0)
		return error_set(err, AVO_USAGE, "a unit is \"step\" or \"action\", not \"%.40s\"", unit);
	if (count < 1 || count > 1000000)
		return error_set(err, AVO_USAGE, "the number of %ss must be between 1 and 1000000", unit);
	if (e->state.state == ENGINE_AWAITING)
		return error_set(err, AVO_NEGATIVE, "a%d waits for approval; approve or reject it first", state_pending(&e->state)->id);
	e->in_action_unit = action;
	e->left = count;
	st = start_moving(e, ENGINE_STEPPING, err);
	if (st != AVO_OK) {
		e->in_action_unit = was_action;
		e->left = had;
	}
	return st;
}

/* No attempt named: the one that waits longest. */
static enum avo_status named_attempt(int *out, const cJSON *request, struct error *err)
{
	const char *name = json_str(request, "attempt", NULL);

	*out = name ? (int)str_to_id(name, 'a') : 0;
	if (*out < 0)
		return error_set(err, AVO_USAGE, "%.40s is no attempt; attempts are called a1, a2, ...", name);
	return AVO_OK;
}

static enum avo_status cmd_approve(struct engine *e, const cJSON *request, cJSON *answer, struct error *err)
{
	const struct version *best;
	int attempt;
	enum avo_status st = named_attempt(&attempt, request, err);

	if (st == AVO_OK)
		st = engine_approve(e, attempt, by_whom(request), json_str(request, "message", NULL), err);
	if (st != AVO_OK)
		return st;
	best = state_newest(&e->state);
	record_set_id(answer, "version", 'v', best->id);
	json_set_str(answer, "commit", best->commit);
	return AVO_OK;
}

static enum avo_status cmd_reject(struct engine *e, const cJSON *request, cJSON *answer, struct error *err)
{
	int attempt;
	enum avo_status st = named_attempt(&attempt, request, err);

	return st == AVO_OK ? engine_reject(e, attempt, by_whom(request), json_str(request, "reason", NULL), err) : st;
}

static enum avo_status cmd_hint(struct engine *e, const cJSON *request, cJSON *answer, struct error *err)
{
	const char *text = json_str(request, "text", NULL);
	cJSON *event;

	if (!text || !*text)
		return error_set(err, AVO_USAGE, "a hint needs text");
	if (!e->ops->message)
		return error_set(err, AVO_NEGATIVE, "the operator %s reads no messages; run.operator = agent does", e->ops->name);
	event = engine_event("hint");
	json_set_str(event, "text", text);
	json_set_str(event, "by", by_whom(request));
	engine_record(e, event, JOURNAL_NOW);
	if (e->step && !e->orphan && e->ops->message)
		e->ops->message(e->op, by_whom(request), text);
	else
		buf_printf(&e->guidance, "%s%s: %s", e->guidance.len ? "\n" : "", by_whom(request), text);
	return AVO_OK;
}

static enum avo_status cmd_gate(struct engine *e, const cJSON *request, cJSON *answer, struct error *err)
{
	const char *gate = json_str(request, "gate", "");

	if (strcmp(gate, "auto") != 0 && strcmp(gate, "manual") != 0)
		return error_set(err, AVO_USAGE, "the gate is auto or manual, not \"%.40s\"", gate);
	return engine_set_gate(e, strcmp(gate, "auto") == 0 ? GATE_AUTO : GATE_MANUAL, by_whom(request), err);
}

static enum avo_status read_submission(struct engine *e, const char *dir, struct error *err)
{
	enum avo_status st = source_from_dir(&e->submission, dir, SOURCE_CANDIDATE, err);

	if (st == AVO_OK && !e->submission.count)
		st = error_set(err, AVO_USAGE, "there are no source files in %s", dir);
	return st;
}

int engine_try_submission(struct engine *e)
{
	struct candidate candidate = { .title = e->submission_title, .direction = -1, .again = e->submission_again };
	int attempt;

	if (!e->submission.count || !e->step || e->orphan || e->flight.kind != FLIGHT_NONE || !engine_active(e))
		return -1;
	candidate.files = e->submission.files;
	candidate.file_count = e->submission.count;
	attempt = e->ops->submit(e->op, &candidate);
	if (attempt == 0)
		engine_warn(e, "%s", e->known);
	else if (attempt < 0)
		engine_warn(e, "the candidate \"%s\" was not evaluated; submit it again", e->submission_title);
	source_release(&e->submission);
	free(e->submission_title);
	e->submission_title = NULL;
	return attempt;
}

static enum avo_status cmd_submit(struct engine *e, const cJSON *request, cJSON *answer, struct error *err)
{
	const char *dir = json_str(request, "dir", e->run_dir), *title = json_str(request, "title", NULL);
	enum avo_status st;
	int attempt;

	if (!e->ops->submit)
		return error_set(err, AVO_USAGE, "the operator %s takes no submissions; run.operator = manual does", e->ops->name);
	if (!engine_active(e))
		return error_set(err, AVO_BUSY, "the run is %s and takes no candidate now; resume it (avo resume) or take a step (avo step)",
				 engine_state_name(e->state.state));
	if (e->submission.count || e->flight.kind == FLIGHT_ATTEMPT)
		return error_set(err, AVO_BUSY, "another candidate is being evaluated; submit this one when its verdict is in");
	if (dir[0] != '/')
		return error_set(err, AVO_USAGE, "the directory of a submission must be an absolute path");
	st = read_submission(e, dir, err);
	if (st != AVO_OK)
		return st;
	e->submission_again = json_bool(request, "again", false);
	if (!e->submission_again && engine_is_known(e, e->submission.files, e->submission.count)) {
		source_release(&e->submission);
		return error_set(err, AVO_NEGATIVE, "%s (submit it with --again to measure it all the same)", e->known);
	}
	/* a step that has not begun yet, or a seed that is being scored, is no reason to lose it */
	e->submission_title = xstrdup(title && *title ? title : "edited by hand");
	attempt = engine_try_submission(e);
	record_set_id(answer, "attempt", 'a', attempt > 0 ? attempt : -1);
	engine_kick(e);
	return AVO_OK;
}

static const struct {
	const char *name;
	enum avo_status (*fn)(struct engine *e, const cJSON *request, cJSON *answer, struct error *err);
} commands[] = {
	{ "status", cmd_status },
	{ "pause", cmd_pause },
	{ "resume", cmd_resume },
	{ "stop", cmd_stop },
	{ "step", cmd_step },
	{ "approve", cmd_approve },
	{ "reject", cmd_reject },
	{ "hint", cmd_hint },
	{ "gate", cmd_gate },
	{ "submit", cmd_submit },
};

static enum avo_status on_command(void *arg, const char *name, const cJSON *request, cJSON *answer, struct error *err)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].fn(arg, request, answer, err);
	return error_set(err, AVO_USAGE, "there is no command \"%.40s\"", name);
}

static void on_greet(void *arg, cJSON *answer)
{
	const struct engine *e = arg;

	json_set_str(answer, "run", e->state.name);
	json_set_str(answer, "state", engine_state_name(e->state.state));
	record_set_id(answer, "step", 's', e->step ? e->step : -1);
	json_set_int(answer, "seq", (int64_t)e->state.seq);
	json_set_str(answer, "version", PACKAGE_VERSION);
	json_set_int(answer, "pid", getpid());
	json_set_bool(answer, "messages", e->ops->message != NULL);
}

static uint64_t on_last_seq(void *arg)
{
	const struct engine *e = arg;

	return e->state.seq;
}

const struct control_handlers engine_handlers = { on_command, on_greet, on_last_seq };
