#include "avo.h"
#include "engine/supervisor.h"

#define CYCLE_MAX 4		/* the longest sequence that is looked for */

/* Attempts that say something about the search. */
static bool counts(const struct attempt *a)
{
	return a->ended_ms && a->verdict != VERDICT_CANCELLED && a->verdict != VERDICT_EVALUATOR_FAULT &&
	       a->verdict != VERDICT_NONE;
}

/* The newest attempts that count, newest first, none older than the last version. */
static int newest(const struct attempt **out, int max, const struct run_state *s)
{
	const struct version *best = state_best(s);
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

static bool stalled(struct finding *f, const struct run_state *s, const struct supervisor_limits *l)
{
	int n = state_attempts_since_version(s);

	if (!l->stall || n < l->stall)
		return false;
	f->trigger = "no-version";
	snprintf(f->reason, sizeof(f->reason), "%d attempts since v%d, and none became a version", n,
		 s->version_count ? state_best(s)->id : 0);
	return true;
}

static bool repeated(struct finding *f, const struct attempt **a, int n, const struct supervisor_limits *l)
{
	int same = 1, i;

	for (i = 1; i < n && i < 16; i++)
		same += a[0]->tree[0] && strcmp(a[i]->tree, a[0]->tree) == 0;
	if (!l->repeats || same < l->repeats)
		return false;
	f->trigger = "repeated-candidate";
	snprintf(f->reason, sizeof(f->reason), "the candidate of a%d was submitted %d times", a[0]->id, same);
	return true;
}

static bool same_failure(const struct attempt *a, const struct attempt *b)
{
	return a->verdict != VERDICT_PASSED && a->verdict == b->verdict && a->reason && b->reason &&
	       strcmp(a->reason, b->reason) == 0;
}

static bool same_errors(struct finding *f, const struct attempt **a, int n, const struct supervisor_limits *l)
{
	int same = 1;

	while (same < n && same_failure(a[same], a[0]))
		same++;
	if (!l->same_errors || same < l->same_errors || n == 0)
		return false;
	f->trigger = "same-error";
	snprintf(f->reason, sizeof(f->reason), "%d attempts in a row were %s with the same words: %.120s", same,
		 verdict_name(a[0]->verdict), a[0]->reason);
	return true;
}

static bool alike(const struct attempt *a, const struct attempt *b)
{
	return (a->tree[0] && strcmp(a->tree, b->tree) == 0) || same_failure(a, b);
}

/* A-B-A-B: the newest attempts repeat themselves with this period, and are not all alike. */
static bool has_period(const struct attempt **a, int n, int period, int times)
{
	int i, need = period * times;

	if (n < need || alike(a[0], a[1]))
		return false;
	for (i = 0; i + period < need; i++)
		if (!alike(a[i], a[i + period]))
			return false;
	return true;
}

static bool cycles(struct finding *f, const struct attempt **a, int n, const struct supervisor_limits *l)
{
	int period;

	for (period = 2; l->cycle && period <= CYCLE_MAX; period++) {
		if (!has_period(a, n, period, l->cycle < 2 ? 2 : l->cycle))
			continue;
		f->trigger = "cycle";
		snprintf(f->reason, sizeof(f->reason), "a%d goes in a circle: the last %d attempts came back with period %d",
			 a[0]->id, period * (l->cycle < 2 ? 2 : l->cycle), period);
		return true;
	}
	return false;
}

static bool idle_steps(struct finding *f, const struct run_state *s, const struct supervisor_limits *l)
{
	int n = 0, i;

	for (i = (int)s->step_count; i > 0; i--) {
		const struct step *st = &s->steps[i - 1];

		if (!st->ended_ms || st->attempts || strcmp(st->outcome, "stopped") == 0)
			break;
		n++;
	}
	if (!l->idle_steps || n < l->idle_steps)
		return false;
	f->trigger = "idle-steps";
	snprintf(f->reason, sizeof(f->reason), "%d steps in a row ended without an evaluation", n);
	return true;
}

/* Interventions since the newest version; *since counts the attempts after the last of them. */
static int earlier(const struct run_state *s, int *since)
{
	const struct version *best = state_best(s);
	int n = 0, i;

	*since = (int)s->attempt_count;
	for (i = (int)s->intervention_count; i > 0; i--) {
		const struct intervention *v = &s->interventions[i - 1];

		if (i == (int)s->intervention_count)
			*since = (int)s->attempt_count - v->attempt;
		if (best && v->attempt < best->attempt)
			break;
		n++;
	}
	return n;
}

bool supervisor_look(struct finding *out, const struct run_state *s, const struct supervisor_limits *l)
{
	const struct attempt *a[64];
	int since, before = earlier(s, &since), n = newest(a, (int)ARRAY_LEN(a), s);

	memset(out, 0, sizeof(*out));
	if (s->intervention_count && since < l->cooldown)
		return false;
	if (!(n > 1 && cycles(out, a, n, l)) && !(n > 0 && repeated(out, a, n, l)) && !same_errors(out, a, n, l) &&
	    !idle_steps(out, s, l) && !stalled(out, s, l))
		return false;
	out->level = before + 1;
	out->act = out->level % 2 ? "larger-moves" : "restart";
	return true;
}
