/* Budgets: of the whole run (avo.conf) and of this engine's life (options), whichever is used up first. */
#include "avo.h"
#include "base/clock.h"
#include "engine/internal.h"

#include <math.h>

#define TICK_MS 1000
#define GRACE_MS 10000		/* what is being evaluated when the time is up has this long to end */

static const struct {
	const char *name, *unit;
} kinds[LIMIT_COUNT] = {
	[LIMIT_TIME] = { "time", "" },
	[LIMIT_STEPS] = { "steps", " step" },
	[LIMIT_ATTEMPTS] = { "attempts", " attempt" },
	[LIMIT_COST] = { "cost", " US dollar" },
	[LIMIT_TOKENS] = { "tokens", " token" },
};

static double steps_used(const struct run_state *s)
{
	double n = 0;
	size_t i;

	for (i = 0; i < s->step_count; i++)
		n += s->steps[i].ended_ms && strcmp(s->steps[i].outcome, "stopped") != 0;
	return n;
}

static double attempts_used(const struct run_state *s)
{
	double n = 0;
	size_t i;

	for (i = 0; i < s->attempt_count; i++)
		n += s->attempts[i].stage != ATTEMPT_DROPPED && s->attempts[i].verdict != VERDICT_CANCELLED;
	return n;
}

double budget_used(const struct engine *e, enum limit_kind kind)
{
	const struct run_state *s = &e->state;

	switch (kind) {
	case LIMIT_TIME:
		return (double)state_active_ms(s, clock_wall_ms());
	case LIMIT_STEPS:
		return steps_used(s);
	case LIMIT_ATTEMPTS:
		return attempts_used(s);
	case LIMIT_COST:
		return s->cost_usd;
	case LIMIT_TOKENS:
		return s->tokens_in + s->tokens_out;
	case LIMIT_COUNT:
		break;
	}
	return 0;
}

static void set_limit(struct engine *e, enum limit_kind kind, double whole_run, double further)
{
	struct limit *l = &e->limits[kind];
	double by_option = further > 0 ? budget_used(e, kind) + further : 0;

	l->limit = whole_run;
	if (by_option > 0 && (whole_run <= 0 || by_option < whole_run))
		l->limit = by_option;
	l->announced = 0;
	/* what was crossed in an earlier life was announced then */
	if (l->limit > 0 && budget_used(e, kind) / l->limit >= 0.5 && by_option <= 0)
		l->announced = budget_used(e, kind) / l->limit >= 0.8 ? 0.8 : 0.5;
}

void budget_init(struct engine *e)
{
	const struct settings *s = &e->settings;
	const struct engine_options *o = &e->options;

	set_limit(e, LIMIT_TIME, (double)s->budget_time_ms, (double)o->time_ms);
	set_limit(e, LIMIT_STEPS, (double)s->budget_steps, (double)o->steps);
	set_limit(e, LIMIT_ATTEMPTS, (double)s->budget_attempts, (double)o->attempts);
	set_limit(e, LIMIT_COST, s->budget_cost, 0);
	set_limit(e, LIMIT_TOKENS, (double)s->budget_tokens, 0);
}

void budget_describe(char *out, size_t size, const struct engine *e, enum limit_kind kind)
{
	char age[32];

	if (kind == LIMIT_TIME)
		snprintf(out, size, "the time budget of %s is used up", clock_age(age, sizeof(age), (int64_t)e->limits[kind].limit));
	else
		snprintf(out, size, "the budget of %g%s%s is used up", e->limits[kind].limit, kinds[kind].unit,
			 e->limits[kind].limit == 1 ? "" : "s");
}

static void announce(struct engine *e, enum limit_kind kind, double level, double used)
{
	cJSON *event = engine_event("budget");
	double scale = kind == LIMIT_TIME ? 1000 : 1;

	json_set_str(event, "kind", kinds[kind].name);
	json_set_num(event, "level", level);
	json_set_num(event, "used", round(used / scale * 1000) / 1000);
	json_set_num(event, "limit", e->limits[kind].limit / scale);
	e->limits[kind].announced = level;
	engine_record(e, event, JOURNAL_LAZY);
}

int budget_check(struct engine *e)
{
	static const double levels[] = { 1, 0.8, 0.5 };
	int exhausted = -1, kind;
	size_t i;

	for (kind = 0; kind < LIMIT_COUNT; kind++) {
		const struct limit *l = &e->limits[kind];
		double used = l->limit > 0 ? budget_used(e, (enum limit_kind)kind) : 0;

		if (l->limit <= 0)
			continue;
		for (i = 0; i < ARRAY_LEN(levels); i++) {
			if (used < l->limit * levels[i])
				continue;
			if (l->announced < levels[i])
				announce(e, (enum limit_kind)kind, levels[i], used);
			break;
		}
		if (used >= l->limit && exhausted < 0)
			exhausted = kind;
	}
	return exhausted;
}

bool budget_enforce(struct engine *e)
{
	const struct attempt *pending = state_pending(&e->state);
	int kind = budget_check(e);
	char reason[160];
	size_t len;

	if (kind < 0)
		return false;
	budget_describe(reason, sizeof(reason), e, (enum limit_kind)kind);
	len = strlen(reason);
	if (pending)
		snprintf(reason + len, sizeof(reason) - len, "; a%d waits for approval", pending->id);
	if (e->step)
		engine_cancel_step(e, "budget", reason);
	else
		engine_finish(e, reason);
	return true;
}

static void tick(void *arg)
{
	struct engine *e = arg;

	e->tick = NULL;
	if (budget_check(e) >= 0)
		engine_kick(e);
	if (budget_used(e, LIMIT_TIME) >= e->limits[LIMIT_TIME].limit + GRACE_MS)
		engine_cancel_flight(e);
	budget_watch_time(e);
}

void budget_watch_time(struct engine *e)
{
	double left;

	if (e->tick || e->limits[LIMIT_TIME].limit <= 0 || !engine_active(e))
		return;
	left = e->limits[LIMIT_TIME].limit - budget_used(e, LIMIT_TIME);
	e->tick = loop_add_timer(e->loop, left > 0 && left < TICK_MS ? (int64_t)left + 1 : TICK_MS, tick, e);
}
