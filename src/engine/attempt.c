/* Evaluations: an attempt's way to the worker and back, and what is measured once a run. */
#include "avo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "engine/internal.h"
#include "journal/record.h"
#include "score/baselines.h"

#include <math.h>

#define MAX_FAULTS 3		/* evaluator faults in a row after which the run fails */
#define LOOK_EVERY 16		/* evaluations between two looks at whether packing is due */
#define LOG_IN_JOURNAL 32768	/* a longer build log goes into .avo/blobs */

/* --- requests -------------------------------------------------------------- */

cJSON *engine_request(const struct engine *e, const char *op)
{
	cJSON *request = cJSON_CreateObject();
	char *cache = path_join(e->run_dir, ".avo/cache/build");

	json_set_str(request, "op", op);
	json_set_str(request, "backend", e->state.backend);
	json_set_str(request, "suite", e->suite_path);
	json_set_str(request, "cache", cache);
	free(cache);
	return request;
}

static void add_measuring(cJSON *request, const struct settings *s)
{
	if (s->deadline_ms)
		json_set_num(request, "deadline_s", (double)s->deadline_ms / 1000);
	if (s->min_pairs)
		json_set_int(request, "min_pairs", s->min_pairs);
	if (s->max_pairs)
		json_set_int(request, "max_pairs", s->max_pairs);
	if (s->confidence > 0)
		json_set_num(request, "confidence", s->confidence);
	if (s->max_seconds > 0)
		json_set_num(request, "max_seconds", s->max_seconds);
	if (s->match_tolerance > 0)
		json_set_num(request, "match_tolerance", s->match_tolerance);
}

static void on_progress(void *arg, const char *stage, int done, int total);
static void on_done(void *arg, const cJSON *result);

static void fly(struct engine *e, enum flight_kind kind, cJSON *request)
{
	static const struct evaluation_callbacks callbacks = { on_progress, on_done };
	unsigned serial = ++e->flight.serial;
	struct evaluation *evaluation;

	e->flight.kind = kind;
	e->flight.evaluation = NULL;
	engine_pack_stop(e);
	evaluation = evaluator_submit(e->evaluator, request, e->settings.deadline_ms, &callbacks, e);
	/* it may have ended already, and something else have begun */
	if (e->flight.serial == serial && e->flight.kind != FLIGHT_NONE)
		e->flight.evaluation = evaluation;
}

static void on_settled(void *arg)
{
	struct engine *e = arg;
	cJSON *result = e->flight.known;

	e->flight.settle = NULL;
	e->flight.known = NULL;
	on_done(e, result);
	cJSON_Delete(result);
}

/* A flight whose end is known: it takes the way of all others, but no worker. Takes ownership. */
static void flight_settle(struct engine *e, enum flight_kind kind, cJSON *result)
{
	e->flight.serial++;
	e->flight.kind = kind;
	e->flight.evaluation = NULL;
	e->flight.known = result;
	e->flight.settle = loop_add_timer(e->loop, 0, on_settled, e);
}

void engine_flight_release(struct engine *e)
{
	if (e->flight.settle)
		loop_remove_timer(e->loop, e->flight.settle);
	cJSON_Delete(e->flight.known);
	e->flight.settle = NULL;
	e->flight.known = NULL;
}

void engine_cancel_flight(struct engine *e)
{
	if (e->flight.kind != FLIGHT_NONE && e->flight.evaluation)
		evaluator_cancel(e->flight.evaluation);
}

static void on_progress(void *arg, const char *stage, int done, int total)
{
	struct engine *e = arg;
	cJSON *live = cJSON_CreateObject();

	json_set_str(live, "kind", "progress");
	if (e->flight.kind == FLIGHT_ATTEMPT)
		record_set_id(live, "attempt", 'a', e->flight.attempt);
	else
		json_set_str(live, "version", e->flight.kind == FLIGHT_SEED ? "v0" : NULL);
	json_set_str(live, "stage", stage);
	json_set_int(live, "done", done);
	json_set_int(live, "total", total);
	control_server_live(e->server, live);
	cJSON_Delete(live);
}

/* --- results --------------------------------------------------------------- */

/* The compiler may have said megabytes: the journal keeps the beginning, a blob the whole. */
static void shorten_log(struct engine *e, cJSON *event, const char *name)
{
	cJSON *build = cJSON_GetObjectItemCaseSensitive(event, "build");
	const char *log = json_str(build, "log", NULL);
	char *blob, *path, *head;

	if (!log || strlen(log) <= LOG_IN_JOURNAL)
		return;
	blob = xasprintf("%s-build.log", name);
	path = xasprintf("%s/.avo/blobs/%s", e->run_dir, blob);
	head = xstrndup(log, LOG_IN_JOURNAL);
	if (path_write_atomic(path, log, strlen(log), 0600, NULL) == AVO_OK)
		json_set_str(build, "blob", blob);
	json_set_str(build, "log", head);
	free(head);
	free(path);
	free(blob);
}

/* The worker's result as an event: everything but the protocol's own members. */
static cJSON *result_event(struct engine *e, const char *type, const cJSON *result, const char *name)
{
	static const char *const protocol[] = { "id", "event", "op", "type", "seq", "t", "judge", "same_as" };
	cJSON *event = engine_event(type);
	const cJSON *member;
	size_t i;

	cJSON_ArrayForEach(member, result) {
		for (i = 0; i < ARRAY_LEN(protocol); i++)
			if (strcmp(member->string, protocol[i]) == 0)
				break;
		if (i == ARRAY_LEN(protocol))
			json_set(event, member->string, cJSON_Duplicate(member, true));
	}
	shorten_log(e, event, name);
	return event;
}

static void describe_result(char *out, size_t size, const struct attempt *a)
{
	if (a->verdict != VERDICT_PASSED)
		snprintf(out, size, "%s%s%s", verdict_name(a->verdict), a->reason ? ": " : "", a->reason ? a->reason : "");
	else if (a->comparison.decision == DECISION_NONE)
		snprintf(out, size, "passed, %.4g %s", a->score.geomean, a->score.unit);
	else
		snprintf(out, size, "%s, %.4g %s, x%.3f [%.3f, %.3f]", decision_name(a->comparison.decision), a->score.geomean,
			 a->score.unit, a->comparison.ratio, a->comparison.lo, a->comparison.hi);
}

static void end_action(struct engine *e, const struct attempt *a)
{
	cJSON *event = engine_event("action-ended");
	char text[256];

	describe_result(text, sizeof(text), a);
	json_set_int(event, "action", a->action);
	json_set_bool(event, "ok", a->verdict == VERDICT_PASSED);
	json_set_str(event, "result", text);
	record_set_id(event, "attempt", 'a', a->id);
	engine_record(e, event, JOURNAL_LAZY);
}

/* True when the evaluator itself has failed so often that going on makes no sense. */
static bool too_many_faults(struct engine *e, enum verdict verdict, const char *reason)
{
	char *text;

	if (verdict != VERDICT_EVALUATOR_FAULT) {
		e->faults = 0;
		return false;
	}
	if (++e->faults < MAX_FAULTS)
		return false;
	e->faults = 0;
	text = xasprintf("the evaluator failed %d times in a row: %s", MAX_FAULTS, reason);
	engine_cancel_step(e, "stopped", text);
	engine_fail(e, text);
	free(text);
	return true;
}

static void attempt_scored(struct engine *e, const cJSON *result)
{
	int id = e->flight.attempt;
	char name[16], judge[JUDGE_SIZE];
	cJSON *event;
	const struct attempt *a = state_attempt(&e->state, id);
	const struct step *step = a ? state_step(&e->state, a->step) : NULL;

	snprintf(name, sizeof(name), "a%d", id);
	event = result_event(e, "attempt-scored", result, name);
	json_set_str(event, "attempt", name);
	record_set_id(event, "incumbent", 'v', step ? step->parent : -1);
	if (step && engine_is_unchanged(e, a, step->parent))
		record_set_id(event, "same_as", 'v', step->parent);
	engine_judge(judge, e);
	json_set_str(event, "judge", *judge ? judge : NULL);
	engine_record(e, event, JOURNAL_NOW);
	a = state_attempt(&e->state, id);
	end_action(e, a);
	cJSON_Delete(e->result);
	e->result = cJSON_Duplicate(result, true);
	too_many_faults(e, a->verdict, a->reason ? a->reason : "no reason was given");
	engine_decide(e, id);
}

static void seed_scored(struct engine *e, const cJSON *result)
{
	enum verdict verdict = verdict_parse(json_str(result, "verdict", NULL));
	const char *reason = json_str(result, "reason", "no reason was given");
	cJSON *event;
	char *text;

	if (verdict == VERDICT_CANCELLED)
		return;
	if (verdict == VERDICT_EVALUATOR_FAULT && ++e->seed_faults < MAX_FAULTS) {
		engine_warn(e, "measuring the seed failed: %s; it is tried again", reason);
		return;
	}
	event = result_event(e, "version-scored", result, "v0");
	json_set_str(event, "version", "v0");
	engine_record(e, event, JOURNAL_NOW);
	e->profile_owed = true;
	if (verdict == VERDICT_PASSED)
		return;
	e->seed_faults = 0;
	text = xasprintf("the seed v0 is %s: %s", verdict_name(verdict), reason);
	engine_fail(e, text);
	free(text);
}

/* They are no reason to stand still: asked for again after some attempts, each time later. */
static void peers_failed(struct engine *e, const cJSON *result)
{
	int shift = e->peers_faults < 6 ? e->peers_faults : 6;

	e->peers_faults++;
	e->peers_after = e->state.attempt_count + ((size_t)1 << shift);
	engine_warn(e, "the baselines were not measured: %s; they are tried again later", json_str(result, "reason", "no reason was given"));
}

static void peers_measured(struct engine *e, const cJSON *result)
{
	const cJSON *hello = evaluator_hello(e->evaluator), *peer;
	const char *device = json_str(result, "device", json_str(hello, "device", NULL));
	cJSON *event = engine_event("device");

	json_set_str(event, "device", device);
	if (isfinite(json_num(result, "peak", NAN)))
		json_set_num(event, "peak", json_num(result, "peak", NAN));
	json_set_str(event, "sandbox", json_str(hello, "sandbox", NULL));
	engine_record(e, event, JOURNAL_LAZY);
	cJSON_ArrayForEach(peer, json_arr(result, "peers")) {
		const char *absent = json_str(peer, "absent", NULL);

		if (absent) {
			engine_warn(e, "the peer %s cannot be measured here: %.180s", json_str(peer, "name", "?"), absent);
			continue;
		}
		event = cJSON_Duplicate(peer, true);
		json_set_str(event, "type", "peer");
		engine_record(e, event, JOURNAL_LAZY);
	}
}

static void on_done(void *arg, const cJSON *result)
{
	struct engine *e = arg;
	enum flight_kind kind = e->flight.kind;

	e->flight.kind = FLIGHT_NONE;
	e->flight.evaluation = NULL;
	e->packing.look = e->packing.look || e->flight.serial % LOOK_EVERY == 0;
	if (!e->own_profile.evaluation && !e->asked_profile.evaluation)
		cache_keep_bound(e);
	if (kind == FLIGHT_ATTEMPT)
		attempt_scored(e, result);
	else if (kind == FLIGHT_SEED)
		seed_scored(e, result);
	else if (kind == FLIGHT_PEERS && !json_get(result, "verdict"))
		peers_measured(e, result);
	else if (kind == FLIGHT_PEERS && strcmp(json_str(result, "verdict", ""), "cancelled") != 0)
		peers_failed(e, result);
	engine_kick(e);
}

/* --- an attempt ------------------------------------------------------------- */

struct submission {
	char commit[COMMIT_ID_SIZE], tree[COMMIT_ID_SIZE], incumbent_tree[COMMIT_ID_SIZE];
	char *dir, *incumbent_dir;	/* owned */
	struct diff_stat stat;
};

static enum avo_status commit_and_export(struct submission *sub, struct engine *e, const struct candidate *c, int id,
					 const struct version *incumbent, struct error *err)
{
	struct buf message = BUF_INIT, diff = BUF_INIT;
	enum avo_status st;

	buf_printf(&message, "a%d: %s\n", id, c->title);
	if (c->why)
		buf_printf(&message, "\n%s\n", c->why);
	st = lineage_commit_attempt(sub->commit, e->lineage, id, incumbent->commit, c->files, c->file_count, e->ops->name,
				    buf_cstr(&message), err);
	if (st == AVO_OK)
		st = cache_export(&sub->dir, sub->tree, e, sub->commit, err);
	if (st == AVO_OK)
		st = cache_export(&sub->incumbent_dir, sub->incumbent_tree, e, incumbent->commit, err);
	if (st == AVO_OK)
		st = lineage_diff(&diff, &sub->stat, e->lineage, incumbent->commit, sub->commit, 0, err);
	buf_release(&message);
	buf_release(&diff);
	return st;
}

static cJSON *started_event(const struct engine *e, const struct candidate *c, const struct submission *sub, int id, int action)
{
	cJSON *event = engine_event("attempt-started");

	record_set_id(event, "attempt", 'a', id);
	record_set_id(event, "step", 's', e->step);
	json_set_int(event, "action", action);
	record_set_id(event, "parent", 'v', state_incumbent(&e->state)->id);
	record_set_id(event, "direction", 'd', c->direction);
	json_set_str(event, "commit", sub->commit[0] ? sub->commit : NULL);
	json_set_str(event, "tree", sub->tree[0] ? sub->tree : NULL);
	json_set_str(event, "author", e->ops->name);
	json_set_str(event, "title", c->title);
	json_set_str(event, "why", c->why);
	json_set_int(event, "added", sub->stat.added);
	json_set_int(event, "removed", sub->stat.removed);
	if (c->origin)
		json_set(event, "origin", cJSON_Duplicate(c->origin, true));
	return event;
}

static void journal_start(struct engine *e, const struct candidate *c, const struct submission *sub, int id)
{
	char *title = xasprintf("a%d: %s", id, c->title);

	e->flight.attempt = id;
	e->flight.action = e->host.action_start(&e->host, "evaluate", title);
	free(title);
	engine_record(e, started_event(e, c, sub, id, e->flight.action), JOURNAL_NOW);
	free(e->why);
	e->why = c->why ? xstrdup(c->why) : NULL;
}

static void start_attempt(struct engine *e, const struct candidate *c, const struct submission *sub, int id)
{
	cJSON *request = engine_request(e, "evaluate");

	journal_start(e, c, sub, id);
	json_set_str(request, "candidate", sub->dir);
	json_set_str(request, "incumbent", sub->incumbent_dir);
	add_measuring(request, &e->settings);
	fly(e, FLIGHT_ATTEMPT, request);
}

/* What cannot be a candidate is not kept: the attempt has no commit, and is build-failed with the rule that it breaks. */
static void refuse_attempt(struct engine *e, const struct candidate *c, const char *reason, int id)
{
	const struct submission none = { 0 };
	cJSON *result = cJSON_CreateObject();

	journal_start(e, c, &none, id);
	json_set_str(result, "verdict", verdict_name(VERDICT_BUILD_FAILED));
	json_set_str(result, "reason", reason);
	flight_settle(e, FLIGHT_ATTEMPT, result);
}

/* The action is in the record, where the supervisor counts it; an attempt is not: nothing was tried that was not tried before. */
static void answer_known(struct engine *e, const struct candidate *c)
{
	int action = e->host.action_start(&e->host, "evaluate", c->title);
	cJSON *detail = cJSON_CreateObject();
	char digest[20];

	snprintf(digest, sizeof(digest), "%016llx", (unsigned long long)e->known_digest);
	json_set_str(detail, "call", digest);
	e->host.action_done(&e->host, action, true, e->known, detail);
	cJSON_Delete(detail);
}

static bool may_evaluate(struct engine *e)
{
	const struct limit *limit = &e->limits[LIMIT_ATTEMPTS];

	if (e->flight.kind != FLIGHT_NONE || !e->step || e->cancel_outcome || e->trouble.on || presence_lost(e))
		return false;
	return limit->limit <= 0 || budget_used(e, LIMIT_ATTEMPTS) < limit->limit;
}

int engine_evaluate(struct engine *e, const struct candidate *c)
{
	int id = (int)e->state.attempt_count + 1;
	struct submission sub = { 0 };
	struct error err = { 0 };
	enum avo_status st;

	if (!may_evaluate(e))
		return -1;
	if (c->refused || source_check(c->files, c->file_count, &err) != AVO_OK) {
		refuse_attempt(e, c, c->refused ? c->refused : err.text, id);
		return id;
	}
	if (!c->again && engine_is_known(e, c->files, c->file_count)) {
		answer_known(e, c);
		return 0;
	}
	st = commit_and_export(&sub, e, c, id, state_incumbent(&e->state), &err);
	if (st == AVO_OK)
		start_attempt(e, c, &sub, id);
	else
		engine_trouble(e, TROUBLE_ATTEMPT, &err);
	free(sub.dir);
	free(sub.incumbent_dir);
	return st == AVO_OK ? id : -1;
}

/* --- once a run --------------------------------------------------------------- */

static bool score_seed(struct engine *e)
{
	const struct version *seed = state_version(&e->state, 0);
	cJSON *request;
	char tree[COMMIT_ID_SIZE], *dir = NULL;
	struct error err = { 0 };

	if (seed->score.count)
		return false;
	if (cache_export(&dir, tree, e, seed->commit, &err) != AVO_OK) {
		engine_trouble(e, TROUBLE_ATTEMPT, &err);
		return true;
	}
	request = engine_request(e, "evaluate");
	json_set_str(request, "candidate", dir);
	add_measuring(request, &e->settings);
	free(dir);
	fly(e, FLIGHT_SEED, request);
	return true;
}

bool engine_prepare(struct engine *e)
{
	if (e->settings.peers && !e->state.device[0] && e->state.attempt_count >= e->peers_after) {
		cJSON *request = engine_request(e, "peers");

		json_set(request, "baselines", baselines_of_conf(e->conf, e->run_dir));
		fly(e, FLIGHT_PEERS, request);
		return true;
	}
	return score_seed(e);
}

/* --- afterwards ----------------------------------------------------------------- */

void engine_deliver(struct engine *e, int attempt, bool committed)
{
	const struct attempt *a = state_attempt(&e->state, attempt);
	cJSON *result = e->result;

	e->result = NULL;
	engine_supervise(e);
	if (e->step && e->orphan)
		engine_end_step(e, committed ? "committed" : "rejected", committed ? a->version : -1, NULL);
	else if (e->step && !e->cancel_outcome)
		e->ops->evaluated(e->op, a, committed, result);
	cJSON_Delete(result);
	engine_kick(e);
}
