#include "avo.h"
#include "base/clock.h"
#include "engine/supervisor.h"

#define CYCLE_MAX 4		/* the longest sequence that is looked for */
#define LOOK_BACK 64		/* attempts or calls */

/* What the triggers look at. */
struct record {
	const struct run_state *s;
	const struct supervisor_limits *l;
	const struct attempt *a[LOOK_BACK];	/* newest() */
	int n;
};

/* Attempts that say something about the search. */
static bool counts(const struct attempt *a)
{
	return a->ended_ms && a->verdict != VERDICT_CANCELLED && a->verdict != VERDICT_EVALUATOR_FAULT &&
	       a->verdict != VERDICT_NONE;
}

/* The newest attempts that count, newest first, none older than the last version. */
static int newest(const struct attempt **out, int max, const struct run_state *s)
{
	const struct version *best = state_newest(s);
	int n = 0, i;

	for (i = (int)s->attempt_count; i > 0 && n < max; i--) {
		const struct attempt *a = &s->attempts[i - 1];

		if (best && a->id <= best->attempt)
			break;
		if (counts(a))
			out[n++] = a;
	}
	return n;
}

/* "v3", or what came after it: where the totals that are looked at begin. */
static const char *since(char *out, size_t size, const struct run_state *s)
{
	const struct version *best = state_newest(s);
	const struct intervention *last = s->intervention_count ? &s->interventions[s->intervention_count - 1] : NULL;

	if (last && (!best || last->time_ms >= best->time_ms))
		snprintf(out, size, "the last intervention");
	else
		snprintf(out, size, "v%d", best ? best->id : 0);
	return out;
}

static bool stalled(struct finding *f, const struct record *r)
{
	const struct version *best = state_newest(r->s);
	int n = state_attempts_since_version(r->s);

	if (!r->l->stall || n < r->l->stall)
		return false;
	snprintf(f->reason, sizeof(f->reason), "%d attempts since v%d, and none became a version", n, best ? best->id : 0);
	return true;
}

static bool stalled_for_long(struct finding *f, const struct record *r)
{
	struct spent now;
	char age[32], mark[32];

	state_spent(&now, r->s);
	if (!r->l->stall_ms || now.active_ms - r->s->mark.active_ms < r->l->stall_ms)
		return false;
	snprintf(f->reason, sizeof(f->reason), "%s of work since %s, and no version",
		 clock_age(age, sizeof(age), now.active_ms - r->s->mark.active_ms), since(mark, sizeof(mark), r->s));
	return true;
}

static bool burns(struct finding *f, const struct record *r)
{
	const struct supervisor_limits *l = r->l;
	double money, tokens;
	struct spent now;
	char mark[32];

	state_spent(&now, r->s);
	money = l->cost_usd > 0 ? (now.cost_usd - r->s->mark.cost_usd) / l->cost_usd : 0;
	tokens = l->tokens > 0 ? (now.tokens - r->s->mark.tokens) / l->tokens : 0;
	if (l->burn <= 0 || (money < l->burn && tokens < l->burn))
		return false;
	snprintf(f->reason, sizeof(f->reason), "%.0f %% of the run's %s went since %s, and no version came of it",
		 100 * (money >= tokens ? money : tokens), money >= tokens ? "money" : "tokens", since(mark, sizeof(mark), r->s));
	return true;
}

static bool repeated(struct finding *f, const struct record *r)
{
	const struct attempt *const *a = r->a;
	int same = 1, i;

	for (i = 1; i < r->n && i < 16; i++)
		same += a[0]->tree[0] && strcmp(a[i]->tree, a[0]->tree) == 0;
	if (!r->n || !r->l->repeats || same < r->l->repeats)
		return false;
	snprintf(f->reason, sizeof(f->reason), "the candidate of a%d was submitted %d times", a[0]->id, same);
	return true;
}

static bool same_failure(const struct attempt *a, const struct attempt *b)
{
	return a->verdict != VERDICT_PASSED && a->verdict == b->verdict && a->reason && b->reason &&
	       strcmp(a->reason, b->reason) == 0;
}

static bool same_errors(struct finding *f, const struct record *r)
{
	const struct attempt *const *a = r->a;
	int same = 1;

	while (same < r->n && same_failure(a[same], a[0]))
		same++;
	if (!r->n || !r->l->same_errors || same < r->l->same_errors)
		return false;
	snprintf(f->reason, sizeof(f->reason), "%d attempts in a row were %s with the same words: %.120s", same,
		 verdict_name(a[0]->verdict), a[0]->reason);
	return true;
}

static bool alike(const struct attempt *a, const struct attempt *b)
{
	return (a->tree[0] && strcmp(a->tree, b->tree) == 0) || same_failure(a, b);
}

/* A-B-A-B: the newest attempts repeat themselves with this period, and are not all alike. */
static bool has_period(const struct attempt *const *a, int n, int period, int times)
{
	int i, need = period * times;

	if (n < need || alike(a[0], a[1]))
		return false;
	for (i = 0; i + period < need; i++)
		if (!alike(a[i], a[i + period]))
			return false;
	return true;
}

static bool cycles(struct finding *f, const struct record *r)
{
	int times = r->l->cycle < 2 ? 2 : r->l->cycle, period;

	for (period = 2; r->l->cycle && period <= CYCLE_MAX; period++) {
		if (!has_period(r->a, r->n, period, times))
			continue;
		snprintf(f->reason, sizeof(f->reason), "a%d goes in a circle: the last %d attempts came back with period %d",
			 r->a[0]->id, period * times, period);
		return true;
	}
	return false;
}

/* The newest calls of tools since the last evaluation, version or intervention, newest first. */
static int newest_calls(const struct action *out[LOOK_BACK], const struct run_state *s)
{
	int n = 0;
	size_t i;

	for (i = s->action_count; i > 0 && n < LOOK_BACK; i--) {
		const struct action *a = &s->actions[i - 1];

		if (!a->ended_ms)
			continue;
		if (!a->call || a->attempt >= 0 || a->id <= s->mark.actions)
			break;
		out[n++] = a;
	}
	return n;
}

static bool calls_come_back(const struct action *const *a, int n, int period, int times)
{
	int i;

	if (times < 2 || n < period * times)
		return false;
	for (i = 0; i + period < period * times; i++)
		if (a[i]->call != a[i + period]->call)
			return false;
	return true;
}

static bool tools_cycle(struct finding *f, const struct record *r)
{
	const struct action *a[LOOK_BACK];
	int n = newest_calls(a, r->s), times = r->l->tool_cycle, period;

	for (period = 1; times && period <= CYCLE_MAX && period * times <= LOOK_BACK; period++) {
		if (!calls_come_back(a, n, period, times))
			continue;
		snprintf(f->reason, sizeof(f->reason), "the same %d call%s came back %d times without an evaluation, the last one %s %.100s",
			 period, period == 1 ? "" : "s", times, a[0]->kind, a[0]->text ? a[0]->text : "");
		return true;
	}
	return false;
}

/* An evaluation that the record answered: no attempt came of it. */
static bool is_answered(const struct action *a)
{
	return a->ended_ms && a->call && a->attempt < 0 && strcmp(a->kind, "evaluate") == 0;
}

/* One candidate handed in again and again since the mark, each time answered from the record. */
static bool answered(struct finding *f, const struct record *r)
{
	const struct action *first = NULL;
	int same = 0;
	size_t i;

	for (i = r->s->action_count; i > 0 && r->s->actions[i - 1].id > r->s->mark.actions; i--) {
		const struct action *a = &r->s->actions[i - 1];

		if (!is_answered(a))
			continue;
		if (!first)
			first = a;
		same += a->call == first->call;
	}
	if (!first || !r->l->repeats || same < r->l->repeats)
		return false;
	snprintf(f->reason, sizeof(f->reason), "one candidate was submitted %d times and answered from the record: %.120s", same,
		 first->result ? first->result : "");
	return true;
}

static bool idle_steps(struct finding *f, const struct record *r)
{
	const struct run_state *s = r->s;
	int n = 0, i;

	for (i = (int)s->step_count; i > s->mark.steps; i--) {
		const struct step *st = &s->steps[i - 1];

		if (!st->ended_ms || st->attempts || strcmp(st->outcome, "stopped") == 0)
			break;
		n++;
	}
	if (!r->l->idle_steps || n < r->l->idle_steps)
		return false;
	snprintf(f->reason, sizeof(f->reason), "%d steps in a row ended without an evaluation", n);
	return true;
}

/*
 * In the order in which they are asked. Those that look at attempts keep quiet for some attempts after an
 * intervention; the others count from it anyway, and must not wait for attempts that may never come.
 */
static const struct trigger {
	const char *name;
	bool (*fires)(struct finding *f, const struct record *r);
	bool waits;
} triggers[] = {
	{ "cycle", cycles, true },
	{ "repeated-candidate", repeated, true },
	{ "repeated-candidate", answered, false },
	{ "same-error", same_errors, true },
	{ "tool-cycle", tools_cycle, false },
	{ "idle-steps", idle_steps, false },
	{ "no-version", stalled, true },
	{ "budget-burn", burns, false },
	{ "no-version-for-long", stalled_for_long, false },
};

/* Interventions since the newest version; *attempts counts those after the last of them. */
static int earlier(int *attempts, const struct run_state *s)
{
	const struct version *best = state_newest(s);
	int n = 0, i;

	*attempts = (int)s->attempt_count;
	for (i = (int)s->intervention_count; i > 0; i--) {
		const struct intervention *v = &s->interventions[i - 1];

		if (i == (int)s->intervention_count)
			*attempts = (int)s->attempt_count - v->attempt;
		if (best && v->attempt < best->attempt)
			break;
		n++;
	}
	return n;
}

bool supervisor_look(struct finding *out, const struct run_state *s, const struct supervisor_limits *l)
{
	struct record r = { .s = s, .l = l };
	int attempts, before = earlier(&attempts, s);
	/* the same attempts are not told twice, whatever the limit */
	bool quiet = s->intervention_count && attempts < (l->cooldown > 0 ? l->cooldown : 1);
	size_t i;

	r.n = newest(r.a, LOOK_BACK, s);
	memset(out, 0, sizeof(*out));
	for (i = 0; i < ARRAY_LEN(triggers) && !out->trigger; i++)
		if (!(triggers[i].waits && quiet) && triggers[i].fires(out, &r))
			out->trigger = triggers[i].name;
	if (!out->trigger)
		return false;
	out->level = before + 1;
	out->act = out->level % 2 ? "larger-moves" : "restart";
	return true;
}
