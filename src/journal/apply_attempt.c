/* Events of attempts and of the versions that some of them become. */
#include "avo.h"
#include "base/mem.h"
#include "journal/internal.h"

#include <math.h>

static int count_member(const cJSON *event, const char *key)
{
	int64_t n = json_int(event, key, 0);

	return n < 0 || n > INT32_MAX ? 0 : (int)n;
}

static void count_attempt(struct run_state *s, const struct attempt *a)
{
	struct step *st = mutable_step(s, a->step);
	struct direction *d = mutable_direction(s, a->direction);
	struct action *act = mutable_action(s, a->action);

	if (st)
		st->attempts++;
	if (d)
		d->attempts++;
	if (act)
		act->attempt = a->id;
}

static void no_score(struct score *score, struct comparison *comparison)
{
	score_from_json(score, NULL);
	comparison_from_json(comparison, NULL);
}

void apply_attempt_started(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	int id = event_id(event, "attempt", 'a');
	int64_t action = json_int(event, "action", -1);
	struct attempt *a;

	if (id != (int)s->attempt_count + 1)
		return;
	s->attempts = xgrow(s->attempts, &s->attempt_cap, s->attempt_count + 1, sizeof(*a));
	a = memset(&s->attempts[s->attempt_count++], 0, sizeof(*a));
	a->id = id;
	a->step = event_id(event, "step", 's');
	a->action = action < 0 || action > INT32_MAX ? -1 : (int)action;
	a->parent = event_id(event, "parent", 'v');
	a->direction = event_id(event, "direction", 'd');
	event_object_id(a->commit, event, "commit");
	event_object_id(a->tree, event, "tree");
	event_set(&a->author, event, "author");
	a->title = event_dup(event, "title");
	a->added = count_member(event, "added");
	a->removed = count_member(event, "removed");
	a->incumbent = a->version = -1;
	a->started_ms = t;
	no_score(&a->score, &a->comparison);
	count_attempt(s, a);
}

void apply_attempt_scored(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	struct attempt *a = mutable_attempt(s, event_id(event, "attempt", 'a'));

	if (!a || a->stage == ATTEMPT_COMMITTED)
		return;
	a->stage = ATTEMPT_SCORED;
	a->verdict = verdict_parse(json_str(event, "verdict", NULL));
	free(a->reason);
	a->reason = event_dup(event, "reason");
	no_score(&a->score, &a->comparison);
	if (a->verdict == VERDICT_PASSED) {
		score_from_json(&a->score, event);
		comparison_from_json(&a->comparison, event);
	}
	a->incumbent = event_id(event, "incumbent", 'v');
	snprintf(a->judge, sizeof(a->judge), "%.32s", json_str(event, "judge", ""));
	a->ended_ms = t;
	a->scored = ref;
}

void apply_pending(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	struct attempt *a = mutable_attempt(s, event_id(event, "attempt", 'a'));

	if (a && a->stage == ATTEMPT_SCORED)
		a->stage = ATTEMPT_PENDING;
}

void apply_rejected(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	struct attempt *a = mutable_attempt(s, event_id(event, "attempt", 'a'));

	if (!a || a->stage == ATTEMPT_COMMITTED)
		return;
	a->stage = ATTEMPT_REJECTED;
	if (json_str(event, "reason", NULL)) {
		free(a->reason);
		a->reason = event_dup(event, "reason");
	}
}

/* The event's own score, else the one its attempt was committed with. */
static void version_score(struct version *v, const cJSON *event, const struct attempt *a)
{
	score_from_json(&v->score, event);
	comparison_from_json(&v->comparison, event);
	if (a && !v->score.count)
		v->score = a->score;
	if (a && v->comparison.decision == DECISION_NONE)
		v->comparison = a->comparison;
}

static void version_origin(struct version *v, const cJSON *event, const struct attempt *a)
{
	v->parent = event_id(event, "parent", 'v');
	v->direction = event_id(event, "direction", 'd');
	if (v->parent < 0 && v->id > 0)
		v->parent = v->id - 1;
	if (v->direction < 0 && a)
		v->direction = a->direction;
}

void apply_version(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	int id = event_id(event, "version", 'v');
	struct attempt *a = mutable_attempt(s, event_id(event, "attempt", 'a'));
	struct version *v;

	if (id < 0 || id != (int)s->version_count)
		return;
	s->versions = xgrow(s->versions, &s->version_cap, s->version_count + 1, sizeof(*v));
	v = memset(&s->versions[s->version_count++], 0, sizeof(*v));
	v->id = id;
	v->attempt = a ? a->id : -1;
	event_object_id(v->commit, event, "commit");
	event_set(&v->author, event, "author");
	v->title = event_dup(event, "title");
	v->time_ms = t;
	v->ref = ref;
	version_origin(v, event, a);
	version_score(v, event, a);
	if (a) {
		a->stage = ATTEMPT_COMMITTED;
		a->version = id;
	}
	state_spent(&s->mark, s);
}

/* The seed is committed before anything measured it. */
void apply_version_scored(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	int id = event_id(event, "version", 'v');

	if (!state_version(s, id) || verdict_parse(json_str(event, "verdict", NULL)) != VERDICT_PASSED)
		return;
	score_from_json(&s->versions[id].score, event);
	s->versions[id].ref = ref;
}
