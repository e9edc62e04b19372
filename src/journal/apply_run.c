/* Events of the run as a whole: its settings, the engine's lives, money. */
#include "avo.h"
#include "base/mem.h"
#include "journal/internal.h"

#include <math.h>

#define MAX_PEERS 256

static enum gate parse_gate(const cJSON *event, enum gate fallback)
{
	const char *name = json_str(event, "gate", "");

	if (strcmp(name, gate_name(GATE_AUTO)) == 0)
		return GATE_AUTO;
	return strcmp(name, gate_name(GATE_MANUAL)) == 0 ? GATE_MANUAL : fallback;
}

void apply_run_created(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	event_set(&s->name, event, "name");
	event_set(&s->suite, event, "suite");
	event_set(&s->backend, event, "backend");
	event_set(&s->operator, event, "operator");
	event_set(&s->unit, event, "unit");
	s->gate = parse_gate(event, s->gate);
}

/* Only what a run may change of what it was created with counts here; the gate has an event of its own. */
void apply_settings(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, json_arr(event, "changed")) {
		const char *key = json_str(one, "key", "");

		if (strcmp(key, "run.operator") == 0 && json_str(one, "new", NULL))
			event_set(&s->operator, one, "new");
		else if (strcmp(key, "run.name") == 0 && json_str(one, "new", NULL))
			event_set(&s->name, one, "new");
	}
}

void apply_engine_started(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	s->active = false;
	abandon_unfinished(s, -1, s->last_ms);
	s->engine_pid = (int)json_int(event, "pid", 0);
}

void apply_engine_stopped(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	s->active = false;
	abandon_unfinished(s, -1, t);
	s->engine_pid = 0;
	if (s->state == ENGINE_FINISHED || s->state == ENGINE_FAILED)
		return;
	s->state = ENGINE_STOPPED;
	event_set(&s->state_reason, event, "reason");
}

void apply_device(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	double peak = json_num(event, "peak", NAN);

	event_set(&s->device, event, "device");
	if (peak > 0)
		s->peak = peak;
}

static struct peer *peer_slot(struct run_state *s, const char *name)
{
	struct peer *p;
	size_t i;

	for (i = 0; i < s->peer_count; i++)
		if (strcmp(s->peers[i].name, name) == 0)
			return &s->peers[i];
	if (s->peer_count == MAX_PEERS)
		return NULL;
	s->peers = xgrow(s->peers, &s->peer_cap, s->peer_count + 1, sizeof(*s->peers));
	p = memset(&s->peers[s->peer_count++], 0, sizeof(*p));
	p->name = xstrdup(name);
	return p;
}

void apply_peer(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	const char *name = json_str(event, "name", "");
	struct peer *p = *name ? peer_slot(s, name) : NULL;

	if (p)
		score_from_json(&p->score, event);
}

void apply_state(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	enum engine_state state = engine_state_parse(json_str(event, "state", NULL));

	if (state == ENGINE_NONE)
		return;
	s->active = state == ENGINE_RUNNING || state == ENGINE_STEPPING;
	s->state = state;
	event_set(&s->state_reason, event, "reason");
}

void apply_gate(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	s->gate = parse_gate(event, s->gate);
}

void apply_intervention(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	struct intervention *i;

	s->interventions = xgrow(s->interventions, &s->intervention_cap, s->intervention_count + 1, sizeof(*i));
	i = memset(&s->interventions[s->intervention_count++], 0, sizeof(*i));
	event_set(&i->trigger, event, "trigger");
	i->reason = event_dup(event, "reason");
	i->act = event_dup(event, "act");
	i->attempt = (int)s->attempt_count;
	i->level = (int)json_int(event, "level", 1);
	i->time_ms = t;
	state_spent(&s->mark, s);
}

static double at_least_zero(const cJSON *event, const char *key)
{
	double value = json_num(event, key, 0);

	return value > 0 && isfinite(value) ? value : 0;
}

void apply_usage(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	s->cost_usd += at_least_zero(event, "cost_usd");
	s->tokens_in += at_least_zero(event, "tokens_in");
	s->tokens_out += at_least_zero(event, "tokens_out");
}

/* A further case of the candidate: in front of those that are there. */
static struct profile *add_profile(struct run_state *s, int *head)
{
	struct profile *p;

	s->profiles = xgrow(s->profiles, &s->profile_cap, s->profile_count + 1, sizeof(*p));
	p = memset(&s->profiles[s->profile_count++], 0, sizeof(*p));
	p->older = *head;
	*head = (int)s->profile_count;
	return p;
}

void apply_profile(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref)
{
	const char *what = json_str(event, "what", ""), *case_name = json_str(event, "case", "");
	struct profile *p = (struct profile *)state_profile(s, what, case_name);
	int *head = profile_head(s, what);

	if (!head || strlen(what) >= sizeof(p->what) || strlen(case_name) >= sizeof(p->case_name))
		return;
	if (!p)
		p = add_profile(s, head);
	snprintf(p->what, sizeof(p->what), "%s", what);
	snprintf(p->case_name, sizeof(p->case_name), "%s", case_name);
	p->counted = json_arr(event, "counters") != NULL;
	p->time_ms = t;
	p->ref = ref;
}
