#include "avo.h"
#include "base/clock.h"
#include "journal/record.h"

#include <math.h>

void record_set_id(cJSON *obj, const char *key, char letter, int id)
{
	char text[16];

	if (id < 0)
		return;
	snprintf(text, sizeof(text), "%c%d", letter, id);
	json_set_str(obj, key, text);
}

static void set_time(cJSON *obj, const char *key, int64_t ms)
{
	char stamp[CLOCK_STAMP_SIZE];

	if (ms > 0)
		json_set_str(obj, key, clock_format(stamp, ms));
}

static void set_direction(cJSON *obj, const struct run_state *s, int id)
{
	const struct direction *d = state_direction(s, id);

	record_set_id(obj, "direction", 'd', id);
	if (d)
		json_set_str(obj, "direction_title", d->title);
}

cJSON *record_version(const struct run_state *s, const struct version *v)
{
	cJSON *obj = cJSON_CreateObject();

	record_set_id(obj, "version", 'v', v->id);
	json_set_str(obj, "commit", v->commit);
	record_set_id(obj, "parent", 'v', v->parent);
	record_set_id(obj, "attempt", 'a', v->attempt);
	json_set_str(obj, "title", v->title);
	if (v->score.count)
		score_to_json(obj, &v->score);
	comparison_to_json(obj, &v->comparison);
	set_direction(obj, s, v->direction);
	json_set_str(obj, "author", v->author);
	set_time(obj, "time", v->time_ms);
	return obj;
}

static const char *stage_name(enum attempt_stage stage)
{
	static const char *const names[] = {
		[ATTEMPT_STARTED] = "evaluating", [ATTEMPT_SCORED] = "scored", [ATTEMPT_PENDING] = "pending",
		[ATTEMPT_COMMITTED] = "committed", [ATTEMPT_REJECTED] = "rejected", [ATTEMPT_DROPPED] = "dropped",
	};

	return names[stage];
}

cJSON *record_attempt(const struct run_state *s, const struct attempt *a)
{
	cJSON *obj = cJSON_CreateObject();

	record_set_id(obj, "attempt", 'a', a->id);
	json_set_str(obj, "stage", stage_name(a->stage));
	record_set_id(obj, "step", 's', a->step);
	json_set_str(obj, "commit", a->commit);
	record_set_id(obj, "parent", 'v', a->parent);
	json_set_str(obj, "title", a->title);
	json_set_int(obj, "added", a->added);
	json_set_int(obj, "removed", a->removed);
	if (a->verdict != VERDICT_NONE)
		json_set_str(obj, "verdict", verdict_name(a->verdict));
	json_set_str(obj, "reason", a->reason);
	if (a->score.count)
		score_to_json(obj, &a->score);
	comparison_to_json(obj, &a->comparison);
	if (a->comparison.decision != DECISION_NONE)
		record_set_id(obj, "incumbent", 'v', a->incumbent);
	record_set_id(obj, "version", 'v', a->version);
	set_direction(obj, s, a->direction);
	json_set_str(obj, "author", a->author);
	set_time(obj, "time", a->started_ms);
	if (a->ended_ms)
		json_set_num(obj, "seconds", (double)(a->ended_ms - a->started_ms) / 1000);
	return obj;
}

cJSON *record_direction(const struct run_state *s, const struct direction *d)
{
	cJSON *obj = cJSON_CreateObject();

	record_set_id(obj, "direction", 'd', d->id);
	json_set_str(obj, "state", direction_state_name(d->state));
	json_set_str(obj, "title", d->title);
	json_set_str(obj, "hypothesis", d->hypothesis);
	json_set_str(obj, "expected", d->expected);
	json_set_str(obj, "outcome", d->outcome);
	json_set_int(obj, "attempts", d->attempts);
	record_set_id(obj, "step", 's', d->step);
	record_set_id(obj, "parent", 'v', d->parent);
	set_time(obj, "opened", d->opened_ms);
	set_time(obj, "closed", d->closed_ms);
	return obj;
}

cJSON *record_step(const struct run_state *s, const struct step *step)
{
	cJSON *obj = cJSON_CreateObject();

	record_set_id(obj, "step", 's', step->id);
	record_set_id(obj, "parent", 'v', step->parent);
	json_set_str(obj, "operator", step->operator);
	json_set_str(obj, "outcome", step->outcome[0] ? step->outcome : "running");
	record_set_id(obj, "version", 'v', step->version);
	json_set_int(obj, "attempts", step->attempts);
	json_set_int(obj, "actions", step->actions);
	set_time(obj, "started", step->started_ms);
	set_time(obj, "ended", step->ended_ms);
	return obj;
}

static cJSON *pending_list(const struct run_state *s)
{
	cJSON *list = cJSON_CreateArray();
	size_t i;

	for (i = 0; i < s->attempt_count; i++) {
		char id[16];

		if (s->attempts[i].stage != ATTEMPT_PENDING)
			continue;
		snprintf(id, sizeof(id), "a%d", s->attempts[i].id);
		json_push(list, cJSON_CreateString(id));
	}
	return list;
}

static cJSON *peer_list(const struct run_state *s)
{
	cJSON *list = cJSON_CreateArray();
	size_t i;

	for (i = 0; i < s->peer_count; i++) {
		cJSON *peer = cJSON_CreateObject();

		json_set_str(peer, "name", s->peers[i].name);
		score_to_json(peer, &s->peers[i].score);
		json_push(list, peer);
	}
	return list;
}

cJSON *record_status(const struct run_state *s)
{
	const struct version *best = state_champion(s);
	cJSON *obj = cJSON_CreateObject();

	json_set_str(obj, "run", s->name);
	json_set_str(obj, "state", engine_state_name(s->state));
	if (s->state_reason[0])
		json_set_str(obj, "reason", s->state_reason);
	json_set_str(obj, "backend", s->backend);
	json_set_str(obj, "suite", s->suite);
	json_set_str(obj, "operator", s->operator);
	json_set_str(obj, "gate", gate_name(s->gate));
	json_set_str(obj, "device", s->device[0] ? s->device : NULL);
	record_set_id(obj, "step", 's', s->step_count ? (int)s->step_count : -1);
	json_set(obj, "pending", pending_list(s));
	json_set_int(obj, "versions", (int64_t)s->version_count);
	json_set_int(obj, "attempts", (int64_t)s->attempt_count);
	json_set_int(obj, "directions", (int64_t)s->direction_count);
	if (best)
		json_set(obj, "best", record_version(s, best));
	json_set(obj, "peers", peer_list(s));
	if (isfinite(s->peak))
		json_set_num(obj, "peak", s->peak);
	json_set_num(obj, "active_s", (double)state_active_ms(s, clock_wall_ms()) / 1000);
	if (s->cost_usd > 0)
		json_set_num(obj, "cost_usd", s->cost_usd);
	json_set_int(obj, "seq", (int64_t)s->seq);
	return obj;
}

bool record_worst_element(struct buf *out, const cJSON *check)
{
	if (!json_get(check, "row") || !json_get(check, "expected"))
		return false;
	buf_printf(out, "batch %lld, head %lld, row %lld", (long long)json_int(check, "batch", 0), (long long)json_int(check, "head", 0),
		   (long long)json_int(check, "row", 0));
	if (json_get(check, "element"))
		buf_printf(out, ", element %lld", (long long)json_int(check, "element", 0));
	buf_printf(out, ": expected %.6g, got %.6g", json_num(check, "expected", NAN), json_num(check, "got", NAN));
	return true;
}
