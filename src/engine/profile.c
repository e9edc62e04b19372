/*
 * Profiles: what the hardware counts while a version runs. They are measured
 * on the engine's own worker, whose queue keeps them apart from every timing, and
 * recorded whatever came of them: without permission, without counters, without a
 * launch the event holds the reason, and the run goes on.
 */
#include "avo.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/internal.h"
#include "journal/profile.h"
#include "journal/record.h"

#define DEADLINE_MS 120000		/* a finished run that nobody watches ends behind its last profile */

static void on_own_done(void *arg, const cJSON *result);
static void on_asked_done(void *arg, const cJSON *result);

void engine_profile_init(struct engine *e)
{
	e->own_profile.engine = e->asked_profile.engine = e;
}

void engine_cancel_profiles(struct engine *e)
{
	if (e->own_profile.evaluation)
		evaluator_cancel(e->own_profile.evaluation);
	if (e->asked_profile.evaluation)
		evaluator_cancel(e->asked_profile.evaluation);
}

static void submit(struct profiling *p, const char *what, const char *dir, const char *case_name, bool own)
{
	static const struct evaluation_callbacks callbacks[] = { { NULL, on_asked_done }, { NULL, on_own_done } };
	struct engine *e = p->engine;
	cJSON *request = engine_request(e, "profile");
	int64_t deadline = e->settings.deadline_ms > 0 && e->settings.deadline_ms < DEADLINE_MS ? e->settings.deadline_ms : DEADLINE_MS;

	snprintf(p->what, sizeof(p->what), "%.31s", what);
	snprintf(p->case_name, sizeof(p->case_name), "%s", case_name ? case_name : "");
	json_set_str(request, "candidate", dir);
	json_set_str(request, "case", case_name);
	engine_pack_stop(e);
	p->evaluation = evaluator_submit(e->evaluator, request, deadline, &callbacks[own], p);
}

static const char *commit_of(const struct engine *e, const char *what)
{
	const struct version *v = state_version(&e->state, (int)str_to_id(what, 'v'));
	const struct attempt *a = state_attempt(&e->state, (int)str_to_id(what, 'a'));

	return v ? v->commit : a ? a->commit : NULL;
}

/* Journals what came of it; the event is the caller's. */
static cJSON *record(struct profiling *p, const cJSON *result, const char *by)
{
	struct engine *e = p->engine;
	cJSON *event = profile_event(result, &e->state, p->what, p->case_name, by);

	record_set_id(event, "step", 's', e->step ? e->step : -1);
	engine_record(e, cJSON_Duplicate(event, true), JOURNAL_LAZY);
	return event;
}

static bool cancelled(const cJSON *result)
{
	return strcmp(json_str(result, "verdict", ""), "cancelled") == 0;
}

/* --- the engine's own --------------------------------------------------------------- */

static void on_own_done(void *arg, const cJSON *result)
{
	struct profiling *p = arg;
	struct engine *e = p->engine;

	p->evaluation = NULL;
	if (!cancelled(result))
		cJSON_Delete(record(p, result, "engine"));
	engine_end_when_idle(e);
	engine_kick(e);
}

/* What waits for a person comes first; then the incumbent it stands beside. Each once a life. False when all is there. */
static bool find_due(char out[16], struct engine *e)
{
	const struct attempt *pending = state_pending(&e->state);
	const struct version *best = state_incumbent(&e->state);

	if (pending && e->profile_tried[0] != pending->id) {
		snprintf(out, 16, "a%d", pending->id);
		e->profile_tried[0] = pending->id;
		if (!state_profile(&e->state, out, NULL))
			return true;
	}
	if (!best->score.count || e->profile_tried[1] == best->id + 1)
		return false;
	snprintf(out, 16, "v%d", best->id);
	e->profile_tried[1] = best->id + 1;
	return !state_profile(&e->state, out, NULL);
}

/* In a pause only what came to be in this life: a run that is started paused leaves the machine alone. */
static bool may_measure(const struct engine *e)
{
	const char *why;

	if (!e->settings.profile || e->trouble.on || e->stopping || !profile_possible(e->settings.backend, &why))
		return false;
	return engine_active(e) || e->state.state == ENGINE_AWAITING || e->profile_owed;
}

bool engine_profile_look(struct engine *e)
{
	char what[16], tree[COMMIT_ID_SIZE], *dir = NULL;

	if (e->own_profile.evaluation)
		return true;
	if (e->state.state == ENGINE_FAILED || !may_measure(e))
		return false;
	if (!find_due(what, e)) {
		e->profile_owed = false;
		return false;
	}
	if (cache_export(&dir, tree, e, commit_of(e, what), NULL) == AVO_OK)
		submit(&e->own_profile, what, dir, e->settings.profile_case[0] ? e->settings.profile_case : NULL, true);
	free(dir);
	return e->own_profile.evaluation != NULL;
}

/* --- the operator's ------------------------------------------------------------------ */

static void on_asked_done(void *arg, const cJSON *result)
{
	struct profiling *p = arg;
	struct engine *e = p->engine;
	cJSON *event;

	p->evaluation = NULL;
	event = cancelled(result) ? cJSON_CreateObject() : record(p, result, e->ops->name);
	if (e->ops->profiled)
		e->ops->profiled(e->op, event);
	cJSON_Delete(event);
	engine_kick(e);
}

bool engine_profile_for_operator(struct engine *e, const char *what, const char *dir, const char *case_name, const char **why)
{
	const char *commit = commit_of(e, what);
	char tree[COMMIT_ID_SIZE], *exported = NULL;

	*why = "a profile is being measured already";
	if (e->asked_profile.evaluation || !profile_possible(e->settings.backend, why))
		return false;
	*why = "there is no such version or attempt; name v3, a17 or work";
	if (!dir && (!commit || cache_export(&exported, tree, e, commit, NULL) != AVO_OK))
		return false;
	submit(&e->asked_profile, what, dir ? dir : exported, case_name, false);
	free(exported);
	return true;
}
