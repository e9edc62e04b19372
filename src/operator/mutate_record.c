#include "avo.h"
#include "base/path.h"
#include "base/str.h"
#include "operator/mutate.h"

#include <math.h>

#define FAILED_GAIN (-0.35)	/* a candidate that does not pass counts like one at 70 % of the incumbent */

static cJSON *parents_json(const struct mutate *m, const struct proposal *p)
{
	cJSON *list = cJSON_CreateArray();
	int i;

	for (i = 0; i < p->parent_count; i++) {
		const struct attempt *a = state_attempt(m->host->state, p->parents[i]);
		char name[16];

		if (!a)
			snprintf(name, sizeof(name), "v%d", m->parent);
		else if (a->version >= 0)
			snprintf(name, sizeof(name), "v%d", a->version);
		else
			snprintf(name, sizeof(name), "a%d", a->id);
		json_push(list, cJSON_CreateString(name));
	}
	return list;
}

cJSON *mutate_origin(const struct mutate *m, const struct proposal *p)
{
	cJSON *origin = cJSON_CreateObject(), *params = cJSON_CreateObject(), *changed = cJSON_CreateObject();
	char base[20];
	int i;

	for (i = 0; i < m->set.count; i++) {
		const struct parameter *q = &m->set.list[i];
		int from = m->incumbent.values[i], to = p->genome.values[i];

		json_set_str(params, q->name, q->values[to]);
		if (from != to) {
			const char *pair[] = { q->values[from], q->values[to] };

			json_set(changed, q->name, cJSON_CreateStringArray(pair, 2));
		}
	}
	snprintf(base, sizeof(base), "%016llx", (unsigned long long)m->set.skeleton);
	json_set_str(origin, "op", proposal_op_name(p->op));
	json_set(origin, "parents", parents_json(m, p));
	json_set(origin, "params", params);
	json_set(origin, "changed", changed);
	json_set_str(origin, "base", base);
	return origin;
}

static void describe_changes(struct buf *out, const struct mutate *m, const struct proposal *p)
{
	int shown = 0, more = 0, i;

	for (i = 0; i < m->set.count; i++) {
		const struct parameter *q = &m->set.list[i];
		int from = m->incumbent.values[i], to = p->genome.values[i];

		if (from == to)
			continue;
		if (shown == 3) {
			more++;
			continue;
		}
		buf_printf(out, "%s%s %s→%s", shown++ ? ", " : "", q->name, q->values[from], q->values[to]);
	}
	if (more)
		buf_printf(out, " and %d more", more);
}

void mutate_describe(char title[MUTATE_TITLE], char why[MUTATE_WHY], const struct mutate *m, const struct proposal *p)
{
	cJSON *parents = parents_json(m, p);
	const char *first = parents->child ? parents->child->valuestring : NULL;
	const char *second = first && parents->child->next ? parents->child->next->valuestring : NULL;
	struct buf b = BUF_INIT;

	describe_changes(&b, m, p);
	snprintf(title, MUTATE_TITLE, "%s", buf_cstr(&b));
	if (second)
		snprintf(why, MUTATE_WHY, "crossover of %s and %s", first, second);
	else if (first)
		snprintf(why, MUTATE_WHY, "mutation of %s", first);
	else
		snprintf(why, MUTATE_WHY, "restart from a random assignment");
	buf_release(&b);
	cJSON_Delete(parents);
}

bool mutate_judge(struct mutate_trial *t, const struct attempt *a)
{
	t->attempt = a->id;
	t->passed = a->verdict == VERDICT_PASSED;
	t->score = t->passed ? a->score.geomean : 0;
	t->gain = FAILED_GAIN;
	if (t->passed)
		t->gain = a->comparison.ratio > 0 ? fmax(-1, fmin(1, log(a->comparison.ratio))) : 0;
	return a->verdict != VERDICT_CANCELLED && a->verdict != VERDICT_NONE;
}

static bool read_value(int *out, const struct parameter *p, const char *text)
{
	*out = text ? parameter_value(p, text, strlen(text)) : -1;
	return *out >= 0;
}

/* False when the origin is of other code, or of another operator. */
static bool read_origin(struct mutate_trial *t, const struct parameter_set *set, const cJSON *origin)
{
	const cJSON *params = json_obj(origin, "params"), *changed = json_obj(origin, "changed");
	int i;

	if (strtoull(json_str(origin, "base", "0"), NULL, 16) != set->skeleton)
		return false;
	for (i = 0; i < set->count; i++) {
		const struct parameter *p = &set->list[i];
		const cJSON *from = cJSON_GetArrayItem(json_arr(changed, p->name), 0);

		if (!read_value(&t->genome.values[i], p, json_str(params, p->name, NULL)))
			return false;
		t->against.values[i] = t->genome.values[i];
		if (cJSON_IsString(from) && !read_value(&t->against.values[i], p, from->valuestring))
			return false;
	}
	return true;
}

static void remember_line(struct mutate *m, const char *line, size_t len)
{
	const struct attempt *a;
	cJSON *event = NULL;
	struct mutate_trial t = { 0 };

	/* parsing only what can matter keeps the start quick */
	if (!memmem(line, len, "\"attempt-started\"", 17) || json_parse(&event, line, len, NULL) != AVO_OK)
		return;
	a = state_attempt(m->host->state, (int)str_to_id(json_str(event, "attempt", ""), 'a'));
	if (a && read_origin(&t, &m->set, json_obj(event, "origin")) && mutate_judge(&t, a)) {
		mutate_trials_mark(&m->trials, &m->set, &t.genome);
		mutate_trials_add(&m->trials, &t);
	}
	cJSON_Delete(event);
}

/* The seed was scored without being an attempt. */
static void mark_seed(struct mutate *m)
{
	const struct version *seed = state_version(m->host->state, 0);
	struct parameter_set set = { 0 };
	struct source source;
	struct genome g;
	int i;

	if (lineage_read_source(&source, m->host->lineage, seed->commit, NULL) != AVO_OK)
		return;
	if (parameter_set_read(&set, source.files, source.count, NULL) == AVO_OK && set.skeleton == m->set.skeleton) {
		for (i = 0; i < set.count; i++)
			if (!read_value(&g.values[i], &m->set.list[i], set.list[i].values[set.list[i].current]))
				break;
		if (i == set.count)
			mutate_trials_mark(&m->trials, &m->set, &g);
	}
	parameter_set_release(&set);
	source_release(&source);
}

enum avo_status mutate_remember(struct mutate *m, struct error *err)
{
	char *dir = path_join(m->host->run_dir, ".avo/journal");
	struct journal_reader *reader = NULL;
	struct journal_ref ref;
	enum avo_status st;
	const char *line;
	size_t len;

	mutate_trials_release(&m->trials);
	mark_seed(m);
	st = journal_reader_open(&reader, dir, err);
	while (st == AVO_OK && (st = journal_reader_next(reader, &line, &len, &ref, err)) == AVO_OK)
		remember_line(m, line, len);
	journal_reader_close(reader);
	free(dir);
	return st == AVO_NEGATIVE ? AVO_OK : st;
}
