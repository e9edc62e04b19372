/* What a former life of the run left behind, and how this one goes on from it. */
#include "avo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/internal.h"
#include "journal/record.h"

/* Members of events that only a resuming engine needs. */
static void note_state(struct resume *r, const struct run_state *s, const cJSON *event)
{
	r->state = engine_state_parse(json_str(event, "state", NULL));
	r->then = engine_state_parse(json_str(event, "then", NULL));
	if (json_get(event, "left")) {
		r->in_action_unit = strcmp(json_str(event, "unit", "step"), "action") == 0;
		r->left = json_int(event, "left", 1);
		r->steps_at_stepping = (int)s->step_count;
	}
}

static void note_event(struct engine *e, struct resume *r, const cJSON *event)
{
	const char *type = json_str(event, "type", "");

	if (strcmp(type, "state") == 0)
		note_state(r, &e->state, event);
	else if (strcmp(type, "engine-started") == 0)
		r->killed = true;
	else if (strcmp(type, "engine-stopped") == 0)
		r->killed = false;
	else if (strcmp(type, "approved") == 0)
		r->approved = (int)str_to_id(json_str(event, "attempt", ""), 'a');
	else if (strcmp(type, "version") == 0 || strcmp(type, "rejected") == 0)
		r->approved = 0;
	else if (strcmp(type, "step-started") == 0)
		buf_clear(&e->guidance);
	else if (strcmp(type, "hint") == 0)
		buf_printf(&e->guidance, "%s%s: %s", e->guidance.len ? "\n" : "", json_str(event, "by", "user"),
			   json_str(event, "text", ""));
	if (json_str(event, "conf", NULL)) {
		free(r->conf);
		r->conf = xstrdup(json_str(event, "conf", ""));
	}
	if (json_str(event, "suite_text", NULL)) {
		free(r->suite_text);
		r->suite_text = xstrdup(json_str(event, "suite_text", ""));
		r->suite_known = true;
	}
	/* steps done while stepping no longer count */
	if (strcmp(type, "step-ended") == 0 && r->left > 0 && !r->in_action_unit &&
	    strcmp(json_str(event, "outcome", ""), "stopped") != 0)
		r->left--;
}

enum avo_status engine_load(struct engine *e, struct resume *r, struct error *err)
{
	char *dir = path_join(e->run_dir, ".avo/journal");
	struct journal_reader *reader = NULL;
	enum avo_status st = journal_reader_open(&reader, dir, err);
	struct journal_ref ref;
	const char *line;
	size_t len;

	while (st == AVO_OK && (st = journal_reader_next(reader, &line, &len, &ref, err)) == AVO_OK) {
		cJSON *event;

		if (json_parse(&event, line, len, NULL) != AVO_OK)
			continue;
		state_apply(&e->state, event, ref);
		note_event(e, r, event);
		cJSON_Delete(event);
	}
	journal_reader_close(reader);
	free(dir);
	if (st != AVO_NEGATIVE && st != AVO_OK)
		return st;
	if (!e->state.version_count)
		return error_set(err, AVO_CORRUPT, "the journal of %s holds no version v0; it is not a whole run", e->run_dir);
	return AVO_OK;
}

static void close_attempt(struct engine *e, const struct attempt *a)
{
	cJSON *event = engine_event("attempt-scored");

	record_set_id(event, "attempt", 'a', a->id);
	json_set_str(event, "verdict", verdict_name(VERDICT_CANCELLED));
	json_set_str(event, "reason", "the engine ended while it was being evaluated");
	engine_record(e, event, JOURNAL_NOW);
}

/* The journal's last word on an attempt is its score: what follows from that was not written down. */
static const struct attempt *undecided(const struct engine *e)
{
	const struct attempt *a = state_attempt(&e->state, (int)e->state.attempt_count);

	return a && a->stage == ATTEMPT_SCORED && engine_qualifies(e, a) && state_incumbent(&e->state)->id == a->incumbent ? a : NULL;
}

static enum avo_status complete_promotion(struct engine *e, const struct resume *r, struct error *err)
{
	const struct attempt *approved = state_attempt(&e->state, r->approved), *a = undecided(e);
	const struct attempt *pending = state_pending(&e->state);
	cJSON *event;

	e->approved = approved && approved->stage == ATTEMPT_PENDING ? approved->id : 0;
	if (e->approved)
		return engine_promote(e, e->approved, NULL, NULL, err);
	/* decided, and held by what the engine then died in */
	if (pending && e->state.gate == GATE_AUTO)
		return engine_promote(e, pending->id, NULL, NULL, err);
	if (!a || !r->killed)
		return AVO_OK;
	if (e->state.gate == GATE_AUTO)
		return engine_promote(e, a->id, NULL, NULL, err);
	event = engine_event("pending");
	record_set_id(event, "attempt", 'a', a->id);
	engine_record(e, event, JOURNAL_NOW);
	return AVO_OK;
}

/* A step that nobody runs any more ends, unless a decision about its attempt is still to come. */
static void close_step(struct engine *e)
{
	const struct step *step = state_step(&e->state, (int)e->state.step_count);
	const struct attempt *pending = state_pending(&e->state);
	const struct version *best = state_newest(&e->state);
	const struct attempt *made = state_attempt(&e->state, best->attempt);

	if (!step || step->ended_ms)
		return;
	e->step = step->id;
	e->orphan = true;
	if (pending && pending->step == step->id)
		return;
	if (made && made->step == step->id)
		engine_end_step(e, "committed", best->id, NULL);
	else
		engine_end_step(e, "stopped", -1, "the engine ended");
}

enum avo_status engine_recover(struct engine *e, const struct resume *r, struct error *err)
{
	const struct version *best, *before;
	enum avo_status st;
	bool dirty = false;
	size_t i;

	for (i = e->state.attempt_count; i > 0 && i + 4 > e->state.attempt_count; i--)
		if (e->state.attempts[i - 1].verdict == VERDICT_NONE)
			close_attempt(e, &e->state.attempts[i - 1]);
	st = complete_promotion(e, r, err);
	close_step(e);
	best = state_newest(&e->state);
	if (st == AVO_OK)
		st = lineage_check_tip(e->lineage, best->commit, err);
	if (st != AVO_OK)
		return st;
	/* the tree of the last version may not have been written any more */
	before = state_version(&e->state, best->parent);
	if (before && lineage_checkout(&dirty, e->lineage, before->commit, best->commit, NULL) == AVO_OK)
		e->tree_edited = dirty;
	return AVO_OK;
}

static enum engine_state natural_state(const struct engine *e, const struct resume *r)
{
	const struct engine_options *o = &e->options;
	bool told_to_run = o->steps || o->attempts || o->time_ms;
	/* what stood in the way of it (an approval, a worker, a full disk) is found again if it is still there */
	enum engine_state was = r->then != ENGINE_NONE ? r->then : r->state;

	if (o->start_paused)
		return ENGINE_PAUSED;
	if (!r->killed || told_to_run)
		return ENGINE_RUNNING;
	if (was == ENGINE_STEPPING)
		return r->left > 0 ? ENGINE_STEPPING : ENGINE_PAUSED;
	return was == ENGINE_PAUSED ? ENGINE_PAUSED : ENGINE_RUNNING;
}

void engine_first_state(struct engine *e, const struct resume *r, const char *conflict)
{
	enum engine_state state = natural_state(e, r);
	const char *reason = r->killed ? "goes on after its engine had died" : NULL;

	e->in_action_unit = r->in_action_unit;
	e->left = r->left;
	/* whatever the journal says last, this engine's state is news: its time starts to count here */
	e->state.state = ENGINE_NONE;
	if (conflict) {
		engine_warn(e, "%s", conflict);
		engine_set_state(e, ENGINE_PAUSED, conflict);
	} else if (state_pending(&e->state) && e->state.gate == GATE_MANUAL && budget_check(e) < 0) {
		const struct attempt *a = state_pending(&e->state);
		char text[160];

		e->then = state;
		snprintf(text, sizeof(text), "a%d is %s, x%.3f: approve or reject it", a->id,
			 decision_name(a->comparison.decision), a->comparison.ratio);
		engine_set_state(e, ENGINE_AWAITING, text);
	} else {
		engine_set_state(e, state, reason);
	}
	engine_kick(e);
}
