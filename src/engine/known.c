/*
 * What the record answers: a candidate whose files were scored against the same incumbent by the same judge on the same
 * device is not measured again, unless that is asked for. Only verdicts on a candidate count; a fault, a time-out or a cancellation
 * says nothing about its files.
 */
#include "avo.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/str.h"
#include "engine/internal.h"
#include "task/task.h"

static void add_text(struct sha256 *s, const char *text)
{
	sha256_add_text(s, text ? text : "", text ? strlen(text) : 0);
}

static void add_suite(struct sha256 *s, const struct suite *suite)
{
	char text[256];
	int i;

	add_text(s, suite->unit);
	for (i = 0; i < suite->count; i++) {
		const struct task_case *c = &suite->cases[i];

		snprintf(text, sizeof(text), "%s %d %d %d %d %d %d %d %s", c->name, c->batch, c->q_len, c->kv_len, c->q_heads, c->kv_heads,
			 c->head_dim, c->causal, dtype_name(c->dtype));
		add_text(s, text);
	}
}

static void add_settings(struct sha256 *s, const struct settings *set)
{
	char text[256];

	snprintf(text, sizeof(text), "%lld %lld %lld %g %g %g", (long long)set->deadline_ms, (long long)set->min_pairs, (long long)set->max_pairs,
		 set->confidence, set->match_tolerance, set->max_seconds);
	add_text(s, text);
	add_text(s, set->worker);
}

void engine_judge(char out[JUDGE_SIZE], const struct engine *e)
{
	const cJSON *hello = evaluator_hello(e->evaluator);
	char hex[65];
	struct suite suite;
	struct sha256 s;

	out[0] = '\0';
	if (!hello || suite_load(&suite, e->settings.suite, NULL) != AVO_OK)
		return;
	sha256_init(&s);
	add_text(&s, PACKAGE_VERSION);
	add_text(&s, json_str(hello, "worker", ""));
	add_text(&s, json_str(hello, "host", ""));
	add_text(&s, json_str(hello, "device", ""));
	add_text(&s, e->settings.backend);
	add_suite(&s, &suite);
	add_settings(&s, &e->settings);
	sha256_hex(hex, &s);
	snprintf(out, JUDGE_SIZE, "%.*s", JUDGE_SIZE - 1, hex);
}

static bool is_verdict(enum verdict v)
{
	return v == VERDICT_PASSED || v == VERDICT_INCORRECT || v == VERDICT_BUILD_FAILED || v == VERDICT_CRASHED || v == VERDICT_CHEATED;
}

static const struct attempt *find_attempt(const struct run_state *s, const char *tree, const char *judge)
{
	int incumbent = state_incumbent(s)->id;
	size_t i;

	for (i = s->attempt_count; *judge && i-- > 0;) {
		const struct attempt *a = &s->attempts[i];

		if (a->ended_ms && a->incumbent == incumbent && is_verdict(a->verdict) && strcmp(a->tree, tree) == 0 && strcmp(a->judge, judge) == 0)
			return a;
	}
	return NULL;
}

static char *describe(const struct attempt *a)
{
	if (a->verdict != VERDICT_PASSED)
		return xasprintf("these are the files of a%d, which was %s%s%s; nothing was measured", a->id, verdict_name(a->verdict),
				 a->reason ? ": " : "", a->reason ? a->reason : "");
	return xasprintf("these are the files of a%d, which passed and was %s against v%d, %.4g %s (x%.3f [%.3f, %.3f]); nothing was measured", a->id,
			 decision_name(a->comparison.decision), a->incumbent, a->score.geomean, a->score.unit, a->comparison.ratio, a->comparison.lo,
			 a->comparison.hi);
}

/* A tree compared with itself says nothing on any device: the incumbent's own files need no judge. */
static char *look_up(const struct engine *e, const char *tree)
{
	const struct version *incumbent = state_incumbent(&e->state);
	char theirs[COMMIT_ID_SIZE], judge[JUDGE_SIZE];
	const struct attempt *a;

	if (lineage_tree_id(theirs, e->lineage, incumbent->commit, NULL) == AVO_OK && strcmp(theirs, tree) == 0)
		return xasprintf("nothing changed: these are the files of v%d, the incumbent; nothing was measured", incumbent->id);
	engine_judge(judge, e);
	a = find_attempt(&e->state, tree, judge);
	return a ? describe(a) : NULL;
}

bool engine_is_known(struct engine *e, const struct source_file *files, size_t count)
{
	char tree[COMMIT_ID_SIZE];

	free(e->known);
	e->known = NULL;
	if (source_check(files, count, NULL) == AVO_OK && lineage_tree_of(tree, e->lineage, files, count, NULL) == AVO_OK)
		e->known = look_up(e, tree);
	e->host.known = e->known;
	e->known_digest = e->known ? str_hash(tree, strlen(tree)) : 0;
	return e->known != NULL;
}

bool engine_is_unchanged(const struct engine *e, const struct attempt *a, int version)
{
	const struct version *against = state_version(&e->state, version);

	return against && *a->commit && lineage_same_tree(e->lineage, a->commit, against->commit);
}
