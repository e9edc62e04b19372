/* Events of the variation steps: steps, their actions, directions. */
#include "avo.h"
#include "base/mem.h"
#include "journal/internal.h"

#define ACTIONS_FORGOTTEN (STATE_MAX_ACTIONS / 8)	/* at once, when the window is full */

void apply_step_started(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	int id = event_id(event, "step", 's');
	struct step *st = mutable_step(s, id - 1);

	if (id != (int)s->step_count + 1)
		return;
	if (st && !st->ended_ms) {	/* one step runs at a time: the engine of this one was killed */
		st->ended_ms = t;
		free(st->outcome);
		st->outcome = xstrdup("stopped");
		abandon_unfinished(s, st->id, t);
	}
	s->steps = xgrow(s->steps, &s->step_cap, s->step_count + 1, sizeof(*st));
	st = memset(&s->steps[s->step_count++], 0, sizeof(*st));
	st->id = id;
	st->parent = event_id(event, "parent", 'v');
	st->version = -1;
	st->outcome = xstrdup("");
	event_set(&st->operator, event, "operator");
	st->started_ms = t;
}

void apply_step_ended(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	struct step *st = mutable_step(s, event_id(event, "step", 's'));

	if (!st)
		return;
	event_set(&st->outcome, event, "outcome");
	st->version = event_id(event, "version", 'v');
	st->ended_ms = t;
	abandon_unfinished(s, st->id, t);
}

void action_release(struct action *a)
{
	free(a->kind);
	free(a->text);
	free(a->result);
}

static void forget_oldest_actions(struct run_state *s)
{
	size_t i;

	for (i = 0; i < ACTIONS_FORGOTTEN; i++)
		action_release(&s->actions[i]);
	s->action_count -= ACTIONS_FORGOTTEN;
	memmove(s->actions, s->actions + ACTIONS_FORGOTTEN, s->action_count * sizeof(*s->actions));
}

void apply_action_started(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	int64_t id = json_int(event, "action", -1);
	int step = event_id(event, "step", 's');
	struct action *a;

	if (id < 0 || id > INT32_MAX || (s->action_count && id <= s->actions[s->action_count - 1].id))
		return;
	if (s->action_count == STATE_MAX_ACTIONS)
		forget_oldest_actions(s);
	s->actions = xgrow(s->actions, &s->action_cap, s->action_count + 1, sizeof(*a));
	a = memset(&s->actions[s->action_count++], 0, sizeof(*a));
	a->id = (int)id;
	a->step = step;
	a->attempt = -1;
	event_set(&a->kind, event, "kind");
	a->text = event_dup(event, "text");
	a->started_ms = t;
	s->actions_total++;
	if (mutable_step(s, step))
		mutable_step(s, step)->actions++;
}

struct action *mutable_action(struct run_state *s, int64_t id)
{
	size_t i;

	for (i = s->action_count; i > 0 && s->actions[i - 1].id >= id; i--)
		if (s->actions[i - 1].id == id)
			return &s->actions[i - 1];
	return NULL;
}

void apply_action_ended(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	struct action *a = mutable_action(s, json_int(event, "action", -1));

	if (!a)
		return;
	a->ok = json_bool(event, "ok", false);
	free(a->result);
	a->result = event_dup(event, "result");
	if (!a->result)
		a->result = xstrdup(a->ok ? "done" : "failed");
	a->call = strtoull(json_str(json_obj(event, "detail"), "call", "0"), NULL, 16);
	if (event_id(event, "attempt", 'a') >= 0)
		a->attempt = event_id(event, "attempt", 'a');
	a->ended_ms = t;
	a->ended = ref;
}

void apply_direction_opened(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	int id = event_id(event, "direction", 'd');
	struct direction *d;

	if (id != (int)s->direction_count + 1)
		return;
	s->directions = xgrow(s->directions, &s->direction_cap, s->direction_count + 1, sizeof(*d));
	d = memset(&s->directions[s->direction_count++], 0, sizeof(*d));
	d->id = id;
	d->step = event_id(event, "step", 's');
	d->parent = event_id(event, "parent", 'v');
	d->title = event_dup(event, "title");
	d->hypothesis = event_dup(event, "hypothesis");
	d->expected = event_dup(event, "expected");
	d->opened_ms = t;
}

void apply_direction_closed(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	struct direction *d = mutable_direction(s, event_id(event, "direction", 'd'));

	if (!d)
		return;
	d->state = direction_state_parse(json_str(event, "state", NULL));
	free(d->outcome);
	d->outcome = event_dup(event, "outcome");
	d->closed_ms = d->state == DIRECTION_OPEN ? 0 : t;
}

static void abandon_actions(struct run_state *s, int step, int64_t t)
{
	size_t i;

	for (i = s->action_count; i > 0 && (step < 0 || s->actions[i - 1].step >= step); i--) {
		struct action *a = &s->actions[i - 1];

		if (a->result || (step >= 0 && a->step != step))
			continue;
		a->result = xstrdup("interrupted");
		a->ended_ms = t;
	}
}

void abandon_unfinished(struct run_state *s, int step, int64_t t)
{
	size_t i;

	abandon_actions(s, step, t);
	for (i = s->attempt_count; i > 0 && (step < 0 || s->attempts[i - 1].step >= step); i--) {
		struct attempt *a = &s->attempts[i - 1];

		if (a->stage != ATTEMPT_STARTED || (step >= 0 && a->step != step))
			continue;
		a->stage = ATTEMPT_DROPPED;
		a->ended_ms = t;
	}
}
