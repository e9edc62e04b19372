#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "journal/internal.h"

#include <math.h>

static const char *const engine_state_names[] = {
	[ENGINE_NONE] = "none",
	[ENGINE_RUNNING] = "running",
	[ENGINE_PAUSED] = "paused",
	[ENGINE_STEPPING] = "stepping",
	[ENGINE_AWAITING] = "awaiting",
	[ENGINE_WAITING] = "waiting",
	[ENGINE_FINISHED] = "finished",
	[ENGINE_FAILED] = "failed",
	[ENGINE_STOPPED] = "stopped",
};

static const char *const gate_names[] = { [GATE_AUTO] = "auto", [GATE_MANUAL] = "manual" };

static const char *const direction_state_names[] = {
	[DIRECTION_OPEN] = "open",
	[DIRECTION_TRIED] = "tried",
	[DIRECTION_FAILED] = "failed",
	[DIRECTION_PARTIAL] = "partial",
	[DIRECTION_MERGED] = "merged",
	[DIRECTION_DROPPED] = "dropped",
};

/* The index of name in a table; 0 for anything unknown, NULL included. */
static int name_index(const char *const *names, size_t count, const char *name)
{
	size_t i;

	for (i = 0; name && i < count; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return 0;
}

const char *engine_state_name(enum engine_state s)
{
	return engine_state_names[s];
}

enum engine_state engine_state_parse(const char *name)
{
	return (enum engine_state)name_index(engine_state_names, ARRAY_LEN(engine_state_names), name);
}

const char *gate_name(enum gate g)
{
	return gate_names[g];
}

const char *direction_state_name(enum direction_state s)
{
	return direction_state_names[s];
}

enum direction_state direction_state_parse(const char *name)
{
	return (enum direction_state)name_index(direction_state_names, ARRAY_LEN(direction_state_names), name);
}

void state_init(struct run_state *s)
{
	char **texts[] = { &s->name, &s->suite, &s->backend, &s->operator, &s->unit, &s->device, &s->state_reason };
	size_t i;

	memset(s, 0, sizeof(*s));
	s->peak = NAN;
	for (i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = xstrdup("");
}

static void release_attempts(struct run_state *s)
{
	size_t i;

	for (i = 0; i < s->version_count; i++) {
		free(s->versions[i].author);
		free(s->versions[i].title);
	}
	for (i = 0; i < s->attempt_count; i++) {
		free(s->attempts[i].author);
		free(s->attempts[i].title);
		free(s->attempts[i].reason);
	}
	free(s->versions);
	free(s->attempts);
}

static void release_steps(struct run_state *s)
{
	size_t i;

	for (i = 0; i < s->direction_count; i++) {
		free(s->directions[i].title);
		free(s->directions[i].hypothesis);
		free(s->directions[i].expected);
		free(s->directions[i].outcome);
	}
	for (i = 0; i < s->action_count; i++)
		action_release(&s->actions[i]);
	for (i = 0; i < s->step_count; i++) {
		free(s->steps[i].operator);
		free(s->steps[i].outcome);
	}
	free(s->directions);
	free(s->actions);
	free(s->steps);
}

void state_release(struct run_state *s)
{
	char *texts[] = { s->name, s->suite, s->backend, s->operator, s->unit, s->device, s->state_reason };
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++)
		free(texts[i]);
	release_attempts(s);
	release_steps(s);
	for (i = 0; i < s->intervention_count; i++) {
		free(s->interventions[i].trigger);
		free(s->interventions[i].reason);
		free(s->interventions[i].act);
	}
	for (i = 0; i < s->peer_count; i++)
		free(s->peers[i].name);
	free(s->interventions);
	free(s->peers);
	free(s->profiles);
	memset(s, 0, sizeof(*s));
}

const struct version *state_version(const struct run_state *s, int id)
{
	return id >= 0 && (size_t)id < s->version_count ? &s->versions[id] : NULL;
}

const struct version *state_newest(const struct run_state *s)
{
	return s->version_count ? &s->versions[s->version_count - 1] : NULL;
}

const struct version *state_incumbent(const struct run_state *s)
{
	return state_newest(s);
}

/* On a single lineage every version beat the one before it. */
const struct version *state_champion(const struct run_state *s)
{
	return state_newest(s);
}

struct attempt *mutable_attempt(struct run_state *s, int id)
{
	return id >= 1 && (size_t)id <= s->attempt_count ? &s->attempts[id - 1] : NULL;
}

const struct attempt *state_attempt(const struct run_state *s, int id)
{
	return mutable_attempt((struct run_state *)s, id);
}

int *profile_head(struct run_state *s, const char *what)
{
	const struct version *v = state_version(s, (int)str_to_id(what, 'v'));
	struct attempt *a = mutable_attempt(s, v ? v->attempt : (int)str_to_id(what, 'a'));

	if (a)
		return &a->profile;
	if (v && v->id == 0)
		return &s->seed_profile;
	return strcmp(what, "work") == 0 ? &s->work_profile : NULL;
}

const struct profile *state_profile(const struct run_state *s, const char *what, const char *case_name)
{
	const int *head = profile_head((struct run_state *)s, what);
	const struct profile *found = NULL;
	int at;

	for (at = head ? *head : 0; at; at = s->profiles[at - 1].older) {
		const struct profile *p = &s->profiles[at - 1];

		if (case_name ? strcmp(p->case_name, case_name) == 0 : !found || p->time_ms > found->time_ms)
			found = p;
	}
	return found;
}

struct direction *mutable_direction(struct run_state *s, int id)
{
	return id >= 1 && (size_t)id <= s->direction_count ? &s->directions[id - 1] : NULL;
}

const struct direction *state_direction(const struct run_state *s, int id)
{
	return mutable_direction((struct run_state *)s, id);
}

struct step *mutable_step(struct run_state *s, int id)
{
	return id >= 1 && (size_t)id <= s->step_count ? &s->steps[id - 1] : NULL;
}

const struct step *state_step(const struct run_state *s, int id)
{
	return mutable_step((struct run_state *)s, id);
}

const struct attempt *state_pending(const struct run_state *s)
{
	const struct attempt *oldest = NULL;
	size_t i;

	for (i = 0; i < s->attempt_count; i++) {
		const struct attempt *a = &s->attempts[i];

		if (a->stage == ATTEMPT_PENDING && (!oldest || a->ended_ms < oldest->ended_ms))
			oldest = a;
	}
	return oldest;
}

static bool led_nowhere(const struct attempt *a)
{
	if (a->stage != ATTEMPT_SCORED && a->stage != ATTEMPT_REJECTED)
		return false;
	return a->verdict != VERDICT_EVALUATOR_FAULT && a->verdict != VERDICT_CANCELLED;
}

int state_attempts_since_version(const struct run_state *s)
{
	const struct version *newest = state_newest(s);
	int count = 0;
	size_t i;

	for (i = s->attempt_count; i > 0 && (!newest || s->attempts[i - 1].id > newest->attempt); i--)
		count += led_nowhere(&s->attempts[i - 1]);
	return count;
}

int64_t state_gap(int64_t ms)
{
	if (ms < 0)
		return 0;
	return ms < STATE_MAX_GAP_MS ? ms : STATE_MAX_GAP_MS;
}

int64_t state_active_ms(const struct run_state *s, int64_t now_ms)
{
	if (!s->active)
		return s->active_ms;
	if (s->recorded_mono_ms)
		return s->active_ms + clock_mono_ms() - s->recorded_mono_ms;
	return s->active_ms + state_gap(now_ms - s->last_ms);
}

void state_spent(struct spent *out, const struct run_state *s)
{
	out->cost_usd = s->cost_usd;
	out->tokens = s->tokens_in + s->tokens_out;
	out->active_ms = s->active_ms;
	out->actions = (int)s->actions_total;
	out->steps = (int)s->step_count;
}

static enum avo_status apply_line(struct run_state *s, const char *line, size_t len, struct journal_ref ref, struct error *err)
{
	cJSON *event;

	if (json_parse(&event, line, len, NULL) != AVO_OK)
		return error_set(err, AVO_CORRUPT, "journal segment %06u is damaged at byte %llu, behind event %llu: it is not JSON", ref.segment,
				 (unsigned long long)ref.offset, (unsigned long long)s->seq);
	state_apply(s, event, ref);
	cJSON_Delete(event);
	return AVO_OK;
}

enum avo_status state_load(struct run_state *s, const char *journal_dir, struct error *err)
{
	struct journal_reader *r;
	struct journal_ref ref;
	const char *line;
	size_t len;
	enum avo_status st = journal_reader_open(&r, journal_dir, err);

	if (st != AVO_OK)
		return st;
	while ((st = journal_reader_next(r, &line, &len, &ref, err)) == AVO_OK)
		if ((st = apply_line(s, line, len, ref, err)) != AVO_OK)
			break;
	journal_reader_close(r);
	return st == AVO_NEGATIVE ? AVO_OK : st;
}
