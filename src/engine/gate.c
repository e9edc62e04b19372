/* The gate: who turns an attempt that qualifies into a version, and how that is made durable. */
#include "avo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "engine/internal.h"
#include "journal/record.h"

bool engine_qualifies(const struct engine *e, const struct attempt *a)
{
	if (a->verdict != VERDICT_PASSED || engine_is_unchanged(e, a, a->incumbent))
		return false;
	return a->comparison.decision == DECISION_IMPROVED ||
	       (a->comparison.decision == DECISION_MATCHED && e->settings.accept_matched);
}

static cJSON *count_checks(const cJSON *checks)
{
	cJSON *counts = cJSON_CreateObject();
	const cJSON *check;
	int passed = 0;

	cJSON_ArrayForEach(check, checks)
		passed += json_bool(check, "ok", false);
	json_set_int(counts, "passed", passed);
	json_set_int(counts, "failed", cJSON_GetArraySize(checks) - passed);
	return counts;
}

/* What was measured, without what only the journal needs: every check, and what the compiler said. */
static cJSON *shorten(const cJSON *scored)
{
	static const char *const kept[] = {
		"attempt", "verdict", "unit", "geomean", "scores", "decision", "ratio", "ratio_ci", "confidence", "pairs",
		"pair_ratios", "incumbent_scores", "peak_fraction", "sampled", "worst_case", "build", "telemetry", "device", "ms",
	};
	cJSON *note = cJSON_CreateObject();
	size_t i;

	for (i = 0; i < ARRAY_LEN(kept); i++)
		if (json_get(scored, kept[i]))
			json_set(note, kept[i], cJSON_Duplicate(json_get(scored, kept[i]), true));
	cJSON_DeleteItemFromObjectCaseSensitive(cJSON_GetObjectItemCaseSensitive(note, "build"), "log");
	if (json_arr(scored, "checks"))
		json_set(note, "checks", count_checks(json_arr(scored, "checks")));
	return note;
}

/* The line for machines in the version's note. */
static char *note_of(const struct engine *e, const struct attempt *a)
{
	char *dir = path_join(e->run_dir, ".avo/journal"), *text = NULL;
	cJSON *event = NULL, *note;

	if (a->scored.segment && journal_fetch(&event, dir, a->scored, NULL) == AVO_OK) {
		note = shorten(event);
		text = json_print_new(note);
		cJSON_Delete(note);
	}
	cJSON_Delete(event);
	free(dir);
	return text ? text : xstrdup("{}");
}

static cJSON *version_event(const struct engine *e, const struct attempt *a, int version, const char *commit)
{
	cJSON *event = engine_event("version");

	record_set_id(event, "version", 'v', version);
	json_set_str(event, "commit", commit);
	record_set_id(event, "parent", 'v', version - 1);
	record_set_id(event, "attempt", 'a', a->id);
	record_set_id(event, "direction", 'd', a->direction);
	json_set_str(event, "author", a->author);
	json_set_str(event, "title", a->title);
	score_to_json(event, &a->score);
	comparison_to_json(event, &a->comparison);
	return event;
}

/* The tree belongs to the user: it follows the branch only while it is unedited. */
static void follow_branch(struct engine *e, const char *from, const char *to)
{
	struct error err = { 0 };
	bool dirty = false;

	if (lineage_checkout(&dirty, e->lineage, from, to, &err) != AVO_OK)
		engine_warn(e, "the working tree was not brought up to date: %s", err.text);
	else if (dirty && !e->tree_edited)
		engine_warn(e, "the working tree holds edits of yours and stays as it is; the newest version is on the branch lineage");
	e->tree_edited = dirty;
}

/* The seed's note says where its scores are; every other version's is what its attempt was measured as. */
enum avo_status engine_write_note(struct engine *e, const struct version *v, struct error *err)
{
	const struct attempt *a = state_attempt(&e->state, v->attempt);
	struct promotion p = { .version = v->id, .attempt = v->attempt, .author = v->author, .score = &v->score, .comparison = &v->comparison };
	char *json = a ? note_of(e, a) : NULL;
	enum avo_status st;

	p.note_json = json;
	st = lineage_write_note(e->lineage, v->commit, &p, err);
	free(json);
	return st;
}

static enum avo_status promote_attempt(char commit[COMMIT_ID_SIZE], struct engine *e, const struct attempt *a,
				       const struct version *last, const char *message, struct error *err)
{
	char *note = note_of(e, a);
	struct promotion p = {
		.version = last->id + 1,
		.attempt = a->id,
		.expected_tip = last->commit,
		.attempt_commit = a->commit,
		.title = a->title,
		.body = message && *message ? message : e->why,
		.author = a->author,
		.suite = e->state.suite,
		.backend = e->state.backend,
		.score = &a->score,
		.comparison = &a->comparison,
		.note_json = note,
	};
	enum avo_status st = lineage_promote(commit, e->lineage, &p, err);

	free(note);
	return st;
}

enum avo_status engine_promote(struct engine *e, int attempt, const char *by, const char *message, struct error *err)
{
	const struct attempt *a = state_attempt(&e->state, attempt);
	const struct version *last = state_newest(&e->state);
	char commit[COMMIT_ID_SIZE], from[COMMIT_ID_SIZE];
	enum avo_status st = promote_attempt(commit, e, a, last, message, err);

	if (st != AVO_OK)
		return st;
	memcpy(from, last->commit, sizeof(from));
	e->approved = 0;
	e->profile_owed = true;
	engine_record(e, version_event(e, a, last->id + 1, commit), JOURNAL_NOW);
	follow_branch(e, from, commit);
	return AVO_OK;
}

static void make_pending(struct engine *e, int attempt)
{
	cJSON *event;

	if (state_attempt(&e->state, attempt)->stage == ATTEMPT_PENDING)
		return;
	e->profile_owed = true;
	event = engine_event("pending");
	record_set_id(event, "attempt", 'a', attempt);
	engine_record(e, event, JOURNAL_NOW);
}

/* A promotion that cannot be made waits; what stands in its way is for the user to see to. */
static void hold_promotion(struct engine *e, int attempt, const struct error *err)
{
	make_pending(e, attempt);
	if (err->status == AVO_CONFLICT) {
		engine_warn(e, "%s", err->text);
		engine_set_state(e, ENGINE_PAUSED, err->text);
	} else {
		engine_trouble(e, TROUBLE_PROMOTION, err);
	}
}

/* Nobody is waited for once the budget is used up: the run ends, and the attempt stays pending. */
static void await(struct engine *e, int attempt)
{
	const struct attempt *a = state_attempt(&e->state, attempt);
	char reason[160];

	if (e->state.state == ENGINE_AWAITING || budget_enforce(e))
		return;
	e->then = e->state.state;
	snprintf(reason, sizeof(reason), "a%d is %s, x%.3f: approve or reject it", a->id,
		 decision_name(a->comparison.decision), a->comparison.ratio);
	engine_set_state(e, ENGINE_AWAITING, reason);
}

static bool promote_or_hold(struct engine *e, int attempt)
{
	struct error err = { 0 };

	if (engine_promote(e, attempt, NULL, NULL, &err) == AVO_OK) {
		engine_deliver(e, attempt, true);
		return true;
	}
	hold_promotion(e, attempt, &err);
	return false;
}

enum avo_status engine_promote_held(struct engine *e, int *attempt, struct error *err)
{
	const struct attempt *a = state_pending(&e->state);
	enum avo_status st;
	int id;

	*attempt = 0;
	if (!a || (e->state.gate == GATE_MANUAL && e->approved != a->id))
		return AVO_OK;
	id = a->id;
	st = engine_promote(e, id, NULL, NULL, err);
	if (st == AVO_OK)
		*attempt = id;
	return st;
}

void engine_decide(struct engine *e, int attempt)
{
	const struct attempt *a = state_attempt(&e->state, attempt);

	if (!engine_qualifies(e, a)) {
		engine_deliver(e, attempt, false);
		return;
	}
	/* a result that is not on disk yet is not built upon: settled once the disk takes it */
	if (e->state.gate == GATE_MANUAL || e->trouble.on) {
		make_pending(e, attempt);
		if (!e->trouble.on && !e->stopping)
			await(e, attempt);
		return;
	}
	promote_or_hold(e, attempt);
}

bool engine_settle(struct engine *e)
{
	const struct attempt *a = state_pending(&e->state);

	if (!a)
		return true;
	if (e->state.gate == GATE_AUTO || e->approved == a->id)
		promote_or_hold(e, a->id);
	else
		await(e, a->id);
	return false;
}

static enum avo_status find_pending(const struct attempt **out, struct engine *e, int attempt, struct error *err)
{
	const struct attempt *a = attempt > 0 ? state_attempt(&e->state, attempt) : state_pending(&e->state);

	if (!a && attempt > 0)
		return error_set(err, AVO_NEGATIVE, "there is no attempt a%d", attempt);
	if (!a)
		return error_set(err, AVO_NEGATIVE, "no attempt waits for approval");
	if (a->stage == ATTEMPT_COMMITTED)
		return error_set(err, AVO_NEGATIVE, "a%d is v%d already", a->id, a->version);
	if (a->stage != ATTEMPT_PENDING)
		return error_set(err, AVO_NEGATIVE, "a%d does not wait for approval", a->id);
	*out = a;
	return AVO_OK;
}

/* What awaiting was in the way of goes on. */
static void go_on(struct engine *e, const char *reason)
{
	if (e->state.state == ENGINE_AWAITING)
		engine_set_state(e, e->then, reason);
}

static void record_word(struct engine *e, const char *type, int attempt, const char *by, const char *key, const char *text)
{
	cJSON *event = engine_event(type);

	record_set_id(event, "attempt", 'a', attempt);
	json_set_str(event, "by", by);
	json_set_str(event, key, text);
	engine_record(e, event, JOURNAL_NOW);
}

enum avo_status engine_approve(struct engine *e, int attempt, const char *by, const char *message, struct error *err)
{
	const struct attempt *a = NULL;
	enum avo_status st = find_pending(&a, e, attempt, err);
	int id;

	if (st != AVO_OK)
		return st;
	id = a->id;
	record_word(e, "approved", id, by, "message", message);
	e->approved = id;
	st = engine_promote(e, id, by, message, err);
	if (st != AVO_OK) {
		hold_promotion(e, id, err);
		return st;
	}
	go_on(e, NULL);
	engine_deliver(e, id, true);
	return AVO_OK;
}

enum avo_status engine_reject(struct engine *e, int attempt, const char *by, const char *reason, struct error *err)
{
	const struct attempt *a = NULL;
	enum avo_status st = find_pending(&a, e, attempt, err);
	char *text;
	int id;

	if (st != AVO_OK)
		return st;
	id = a->id;
	e->approved = 0;
	record_word(e, "rejected", id, by, "reason", reason);
	go_on(e, NULL);
	text = xasprintf("a%d was rejected%s%s", id, reason && *reason ? ": " : "", reason ? reason : "");
	if (e->step && !e->orphan && e->ops->message)
		e->ops->message(e->op, by, text);
	free(text);
	engine_deliver(e, id, false);
	return AVO_OK;
}

enum avo_status engine_set_gate(struct engine *e, enum gate gate, const char *by, struct error *err)
{
	cJSON *event;
	struct error ignored = { 0 };

	if (gate != e->state.gate) {
		event = engine_event("gate");
		json_set_str(event, "gate", gate_name(gate));
		json_set_str(event, "by", by);
		engine_record(e, event, JOURNAL_NOW);
		if (conf_set(e->conf, "run.gate", gate_name(gate), &ignored) != AVO_OK)
			engine_warn(e, "avo.conf was not changed: %s", ignored.text);
	}
	/* what waited only for the gate goes through it */
	if (gate == GATE_AUTO && e->state.state == ENGINE_AWAITING) {
		go_on(e, NULL);
		engine_settle(e);
	}
	return AVO_OK;
}
