#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "parts.h"
#include "score/redteam.h"

#define BACK_WITHIN_MS 5000

/* Every bad candidate once, and then, while there is time, again and again: all but those that a plan or a compiler gives away. */
struct animal {
	const struct redteam_case *c;
	struct redteam_tally tally;
	char *dir;
	char got[400];			/* the first evaluation that was wrong, or the last one */
	double wall_s;			/* of the first evaluation, with its compilation */
	int64_t again_ms;		/* of the others together */
	bool again;
};

static bool costs_the_context(const char *got)
{
	return str_starts(got, "timed-out") || strstr(got, "illegal") || strstr(got, "misaligned");
}

/* How long the next candidate waits for the GPU after one that hung or broke the context. */
static void measure_recovery(struct gpu_test *t, cJSON *list, const char *after)
{
	char *honest = gpu_seed("sm80");
	cJSON *result = gpu_job(t, "evaluate", "quick", honest, NULL, 0), *entry = cJSON_CreateObject();
	int64_t ms = t->first_check_ms ? t->first_check_ms - t->submitted_ms : INT64_MAX;

	json_set_str(entry, "after", after);
	json_set_int(entry, "next_run_ms", ms);
	json_push(list, entry);
	gpu_ok(t, ms <= BACK_WITHIN_MS && strcmp(json_str(result, "verdict", ""), "passed") == 0,
	       "after %s the next candidate has run within %lld ms and is %s", after, (long long)ms, json_str(result, "verdict", "?"));
	cJSON_Delete(result);
	free(honest);
}

static void evaluate(struct gpu_test *t, struct animal *a)
{
	cJSON *result = gpu_job(t, "evaluate", "quick", a->dir, NULL, 0);
	char got[sizeof(a->got)];
	bool right = redteam_judge(got, sizeof(got), &a->tally, a->c, result);

	if (!a->got[0] || !right)
		snprintf(a->got, sizeof(a->got), "%s", got);
	cJSON_Delete(result);
}

static void first_round(struct gpu_test *t, struct animal *a, cJSON *recovery)
{
	struct error err = { 0 };

	a->dir = path_join(t->scratch, a->c->name);
	if (redteam_stage(a->c, a->dir, &err) != AVO_OK) {
		a->tally.wrong++;
		snprintf(a->got, sizeof(a->got), "%.399s", err.text);
		return;
	}
	evaluate(t, a);
	a->wall_s = (double)(t->done_ms - t->submitted_ms) / 1e3;
	a->again = !str_starts(a->c->name, "plan-") && !strstr(a->c->verdict, "build-failed") && !costs_the_context(a->got);
	if (costs_the_context(a->got))
		measure_recovery(t, recovery, a->c->name);
}

/* In rounds, until there were enough or the time is up; a slow one does without the last of them. */
static void more_rounds(struct gpu_test *t, struct animal *animals, int count)
{
	int64_t until = clock_mono_ms() + GPU_ZOO_MS;
	int round, i;

	for (round = 1; round < GPU_REPEATS; round++)
		for (i = 0; i < count && clock_mono_ms() < until; i++) {
			struct animal *a = &animals[i];

			if (!a->again || a->again_ms > GPU_ROW_MS)
				continue;
			evaluate(t, a);
			a->again_ms += t->done_ms - t->submitted_ms;
		}
}

static void report(struct gpu_test *t, cJSON *list, const struct animal *a)
{
	const struct redteam_tally *n = &a->tally;
	bool good = redteam_holds(a->c, n);
	cJSON *entry = cJSON_CreateObject();

	json_set_str(entry, "candidate", a->c->name);
	json_set_str(entry, "must_be", a->c->verdict);
	json_set_str(entry, "check", a->c->check);
	json_set_num(entry, "power", a->c->power);
	json_set_str(entry, "got", a->got);
	json_set_bool(entry, "ok", good);
	json_set_int(entry, "right", n->right);
	json_set_int(entry, "unlucky", n->unlucky);
	json_set_int(entry, "wrong", n->wrong);
	json_set_num(entry, "wall_s", a->wall_s);
	json_push(list, entry);
	gpu_ok(t, good, "%s must be %s %s by %s: %d of %d, %s", a->c->name, a->c->verdict, a->c->rule, a->c->check, n->right,
	       n->right + n->unlucky + n->wrong, a->got);
}

void gpu_test_redteam(struct gpu_test *t)
{
	cJSON *list = cJSON_CreateArray(), *recovery = cJSON_CreateArray();
	struct animal *animals;
	struct redteam team;
	struct error err = { 0 };
	int i;

	json_set(t->report, "redteam", list);
	json_set(t->report, "recovery", recovery);
	if (redteam_load(&team, "cuda", &err) != AVO_OK) {
		gpu_ok(t, false, "%s", err.text);
		return;
	}
	animals = xcalloc((size_t)team.count, sizeof(*animals));
	for (i = 0; i < team.count; i++) {
		animals[i].c = &team.cases[i];
		first_round(t, &animals[i], recovery);
	}
	more_rounds(t, animals, team.count);
	for (i = 0; i < team.count; i++) {
		report(t, list, &animals[i]);
		free(animals[i].dir);
	}
	free(animals);
	redteam_release(&team);
}
