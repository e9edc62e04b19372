/*
 * The operator `mutate`: the classic fixed pipeline that an agentic operator
 * is compared with. It varies annotated parameters (avo-candidate(7)) by
 * mutation and crossover, and never proposes what was tried. Its memory is the
 * journal: all chance comes from (mutate.seed, number of the attempt), so a run
 * that is resumed goes on as if nothing had happened.
 */
#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "operator/builtin.h"
#include "operator/mutate.h"

#include <math.h>

static enum avo_status read_settings(struct mutate *m, const struct conf *conf, struct error *err)
{
	enum avo_status st = conf_int(&m->seed, conf, "mutate.seed", 1, err);

	if (st == AVO_OK)
		st = conf_int(&m->attempts_per_step, conf, "mutate.attempts-per-step", 6, err);
	if (st == AVO_OK)
		st = conf_num(&m->search.crossover, conf, "mutate.crossover", 0.15, err);
	if (st == AVO_OK)
		st = conf_num(&m->search.other_parent, conf, "mutate.other-parent", 0.15, err);
	if (st == AVO_OK)
		st = conf_num(&m->search.more, conf, "mutate.more", 0.4, err);
	if (st == AVO_OK && m->attempts_per_step < 1)
		st = error_set(err, AVO_USAGE, "mutate.attempts-per-step must be at least 1");
	m->search.least = 1;
	return st;
}

static enum avo_status mutate_open(void **out, struct operator_host *host, const struct conf *conf, struct error *err)
{
	struct mutate *m = xcalloc(1, sizeof(*m));
	enum avo_status st;

	m->host = host;
	m->parent = -1;
	mutate_trials_init(&m->trials);
	st = read_settings(m, conf, err);
	if (st != AVO_OK)
		free(m);
	else
		*out = m;
	return st;
}

static void mutate_close(void *op)
{
	struct mutate *m = op;

	source_release(&m->source);
	parameter_set_release(&m->set);
	mutate_trials_release(&m->trials);
	free(m->groups);
	free(m);
}

static void current_genome(struct genome *g, const struct parameter_set *set)
{
	int i;

	for (i = 0; i < set->count; i++)
		g->values[i] = set->list[i].current;
}

/* Takes the files of a version as what is varied from now on. */
static enum avo_status load_parent(enum step_outcome *outcome, struct mutate *m, int version, struct error *err)
{
	const struct version *v = state_version(m->host->state, version);
	uint64_t skeleton = m->set.skeleton;
	enum avo_status st;

	if (m->parent == version)
		return AVO_OK;
	source_release(&m->source);
	parameter_set_release(&m->set);
	m->parent = -1;
	/* the record knows the commit: that it is not found now says something about the file system */
	*outcome = STEP_UNREADABLE;
	st = lineage_read_source(&m->source, m->host->lineage, v->commit, err);
	if (st != AVO_OK)
		return st;
	*outcome = STEP_EXHAUSTED;
	st = parameter_set_read(&m->set, m->source.files, m->source.count, err);
	if (st != AVO_OK)
		return st;
	*outcome = STEP_UNREADABLE;
	current_genome(&m->incumbent, &m->set);
	/* other code: what was learned of the old one does not hold, what was tried of this one may be in the journal */
	if (m->set.skeleton != skeleton || !m->remembered)
		st = mutate_remember(m, err);
	m->remembered = st == AVO_OK;
	m->parent = m->remembered ? version : -1;
	mutate_trials_mark(&m->trials, &m->set, &m->incumbent);
	return st;
}

static void mutate_begin(void *op, const struct step_begin *begin)
{
	struct mutate *m = op;
	enum step_outcome outcome = STEP_EXHAUSTED;
	struct error err = { 0 };

	m->in_step = true;
	m->step_attempts = 0;
	m->group_count = 0;
	if (load_parent(&outcome, m, begin->parent, &err) != AVO_OK) {
		m->in_step = false;
		m->host->step_done(m->host, outcome, err.text);
	} else if (!m->set.count) {
		m->in_step = false;
		m->host->step_done(m->host, STEP_EXHAUSTED,
				   "the candidate has no annotated parameters to vary; avo-candidate(7) shows how to add some");
	} else {
		m->host->action_ask(m->host);
	}
}

/* What the supervisor asked for holds for a while after its newest intervention. */
static void adapt_search(struct search_settings *out, const struct mutate *m)
{
	const struct run_state *s = m->host->state;
	const struct intervention *i = s->intervention_count ? &s->interventions[s->intervention_count - 1] : NULL;
	const struct version *best = state_newest(s);
	int since = i ? (int)s->attempt_count - i->attempt : 0;

	*out = m->search;
	if (!i || since >= MUTATE_REDIRECTED || (best && best->attempt > i->attempt))
		return;
	out->least = 2 + i->level / 2;
	if (i->act && strcmp(i->act, "restart") == 0) {
		out->restart = since == 0;
		out->other_parent = 1;
	}
}

static void close_groups(struct mutate *m, bool committed)
{
	int i;

	for (i = 0; i < m->group_count; i++) {
		const struct group *g = &m->groups[i];
		bool merged = committed && i == m->current_group;
		char outcome[80];

		if (g->passed)
			snprintf(outcome, sizeof(outcome), "best ratio to the incumbent %.3f", g->best_ratio);
		else
			snprintf(outcome, sizeof(outcome), "no candidate passed");
		m->host->direction_close(m->host, g->direction,
					 merged ? DIRECTION_MERGED : g->passed ? DIRECTION_TRIED : DIRECTION_FAILED, outcome);
	}
	m->group_count = 0;
}

static void end_step(struct mutate *m, enum step_outcome outcome, const char *text)
{
	close_groups(m, outcome == STEP_COMMITTED);
	m->in_step = false;
	m->host->step_done(m->host, outcome, text);
}

/* Attempts of a step that change the same parameters explore one direction. */
static struct group *find_group(struct mutate *m, const struct proposal *p, const char *title)
{
	uint64_t mask = 0;
	int i;

	for (i = 0; i < m->set.count; i++)
		if (p->genome.values[i] != m->incumbent.values[i])
			mask |= (uint64_t)1 << i;
	for (i = 0; i < m->group_count; i++)
		if (m->groups[i].mask == mask)
			return m->current_group = i, &m->groups[i];
	m->groups = xgrow(m->groups, &m->group_cap, (size_t)m->group_count + 1, sizeof(*m->groups));
	m->groups[m->group_count] = (struct group){ .mask = mask, .best_ratio = 0 };
	m->groups[m->group_count].direction = m->host->direction_open(m->host, title, NULL, NULL);
	m->current_group = m->group_count;
	return &m->groups[m->group_count++];
}

static int submit(struct mutate *m, const struct proposal *p)
{
	struct source varied = { 0 };
	struct candidate candidate = { 0 };
	char title[MUTATE_TITLE], why[MUTATE_WHY];
	cJSON *origin = mutate_origin(m, p);
	size_t i;
	int attempt;

	for (i = 0; i < m->source.count; i++) {
		struct buf text = BUF_INIT;

		parameter_set_write(&text, &m->source.files[i], &m->set, p->genome.values);
		source_add(&varied, m->source.files[i].path, buf_cstr(&text), text.len)->executable = m->source.files[i].executable;
		buf_release(&text);
	}
	mutate_describe(title, why, m, p);
	candidate.files = varied.files;
	candidate.file_count = varied.count;
	candidate.title = title;
	candidate.why = why;
	candidate.origin = origin;
	candidate.direction = find_group(m, p, title)->direction;
	attempt = m->host->evaluate(m->host, &candidate);
	source_release(&varied);
	cJSON_Delete(origin);
	return attempt;
}

static void mutate_go(void *op)
{
	struct mutate *m = op;
	struct search_settings search;
	struct rng rng;
	int attempt;

	adapt_search(&search, m);
	rng_seed(&rng, (uint64_t)m->seed, m->host->state->attempt_count + 1);
	do {
		if (!mutate_propose(&m->proposal, &m->set, &m->incumbent, &m->trials, &search, &rng)) {
			end_step(m, STEP_EXHAUSTED, "every combination of the annotated parameters was tried");
			return;
		}
		attempt = submit(m, &m->proposal);
		if (attempt == 0)	/* the record has it: no attempt, the next one */
			mutate_trials_mark(&m->trials, &m->set, &m->proposal.genome);
	} while (attempt == 0);
	m->step_attempts++;
	if (attempt < 0)
		end_step(m, STEP_BUDGET, NULL);
}

static void mutate_evaluated(void *op, const struct attempt *attempt, bool committed, const cJSON *result)
{
	struct mutate *m = op;
	struct group *g = &m->groups[m->current_group];
	struct mutate_trial trial = { .genome = m->proposal.genome, .against = m->incumbent };

	if (mutate_judge(&trial, attempt)) {
		mutate_trials_mark(&m->trials, &m->set, &trial.genome);
		mutate_trials_add(&m->trials, &trial);
	}
	g->passed = g->passed || trial.passed;
	if (trial.passed && attempt->comparison.decision != DECISION_NONE)
		g->best_ratio = fmax(g->best_ratio, attempt->comparison.ratio);
	if (committed)
		end_step(m, STEP_COMMITTED, NULL);
	else if (m->step_attempts >= m->attempts_per_step)
		end_step(m, STEP_GAVE_UP, NULL);
	else
		m->host->action_ask(m->host);
}

static void mutate_cancel(void *op)
{
	struct mutate *m = op;

	if (m->in_step)
		end_step(m, STEP_STOPPED, NULL);
}

const struct operator_ops operator_mutate = {
	.name = "mutate",
	.summary = "a mutation pipeline over the parameters that the kernel annotates; no model, no key",
	.open = mutate_open,
	.close = mutate_close,
	.begin = mutate_begin,
	.go = mutate_go,
	.evaluated = mutate_evaluated,
	.cancel = mutate_cancel,
};
