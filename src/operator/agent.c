/*
 * The operator `agent`: Vary(P) = Agent(P, K, f). A model with tools runs the
 * whole loop of reading, editing, evaluating and diagnosing inside one step
 * after another; the engine keeps evaluation, promotion and the record.
 */
#include "avo.h"
#include "agent/prompts.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "llm/http.h"
#include "operator/agent.h"
#include "operator/builtin.h"

static void record(void *arg, cJSON *event)
{
	struct agent *a = arg;
	char id[16];

	if (a->in_step) {
		snprintf(id, sizeof(id), "s%d", a->step);
		json_set_str(event, "step", id);
	}
	a->host->record(a->host, event);
}

static void agent_close(void *op)
{
	struct agent *a = op;

	agent_stop_call(a);
	loop_remove_timer(a->host->loop, a->person_timer);
	toolbox_stop(&a->box);
	http_free(a->http);
	knowledge_close(a->knowledge);
	memory_release(&a->memory);
	cJSON_Delete(a->last_profile);
	llm_reply_release(&a->reply);
	llm_config_release(&a->config);
	buf_release(&a->queue);
	free(a->system);
	free(a->summary_prompt);
	free(a->review_prompt);
	free(a->tools);
	free(a->farewell);
	free(a->person_why);
	free(a->review_trigger);
	free(a->review_reason);
	free(a->box.run_dir);
	free(a->box.work_dir);
	free(a->box.temp_dir);
	free(a->box.blob_dir);
	free(a);
}

static enum avo_status open_box(struct agent *a, struct error *err)
{
	struct toolbox *box = &a->box;
	enum avo_status st;

	box->loop = a->host->loop;
	box->state = a->host->state;
	box->lineage = a->host->lineage;
	box->run_dir = xstrdup(a->host->run_dir);
	box->work_dir = path_join(a->host->scratch_dir, "candidate");
	box->temp_dir = path_join(a->host->scratch_dir, "tmp");
	box->blob_dir = path_join(a->host->run_dir, ".avo/blobs");
	box->answer = agent_tool_answered;
	box->answer_arg = a;
	agent_port_init(&box->port, a);
	if ((st = path_mkdirs(box->work_dir, 0700, err)) != AVO_OK || (st = path_mkdirs(box->temp_dir, 0700, err)) != AVO_OK)
		return st;
	return path_mkdirs(box->blob_dir, 0700, err);
}

/* Without it the agent can still work: it is told when it searches. */
static void open_knowledge(struct agent *a)
{
	char *dir = path_join(a->host->run_dir, ".avo");
	struct error err = { 0 };

	if (knowledge_open(&a->knowledge, dir, &err) != AVO_OK)
		log_warn("the knowledge base is not available: %s", err.text);
	a->box.knowledge = a->knowledge;
	free(dir);
}

static enum avo_status open_prompts(struct agent *a, struct error *err)
{
	enum avo_status st = prompt_load(&a->system, a->host->run_dir, "system", err);

	if (st == AVO_OK)
		st = prompt_load(&a->summary_prompt, a->host->run_dir, "summary", err);
	return st == AVO_OK ? prompt_load(&a->review_prompt, a->host->run_dir, "review", err) : st;
}

static enum avo_status open_memory(struct agent *a, struct error *err)
{
	char *journal = path_join(a->host->run_dir, ".avo/journal");
	enum avo_status st;

	memory_init(&a->memory, record, a);
	st = memory_load(&a->memory, journal, err);
	free(journal);
	return st;
}

static enum avo_status agent_open(void **out, struct operator_host *host, const struct conf *conf, struct error *err)
{
	struct agent *a = xcalloc(1, sizeof(*a));
	struct error ignored;
	enum avo_status st;
	char *suite;

	a->host = host;
	a->committed = -1;
	a->tools = xcalloc(agent_tool_count, sizeof(*a->tools));
	tools_for_model(a->tools);
	if ((st = llm_config_read(&a->config, conf, err)) != AVO_OK ||
	    (st = agent_limits_read(a, conf, err)) != AVO_OK ||
	    (st = open_prompts(a, err)) != AVO_OK ||
	    (st = open_box(a, err)) != AVO_OK ||
	    (st = http_new(&a->http, host->loop, err)) != AVO_OK ||
	    (st = open_memory(a, err)) != AVO_OK) {
		agent_close(a);
		return st;
	}
	a->max_tokens = a->config.max_output;
	suite = suite_of_run(host->run_dir, host->state->suite);
	a->have_suite = suite_load(&a->suite, suite, &ignored) == AVO_OK;
	free(suite);
	open_knowledge(a);
	*out = a;
	return AVO_OK;
}

/* Every step starts from its parent's files: what an earlier step left is in the lineage, as attempts. */
static bool lay_out_files(struct agent *a)
{
	const struct version *parent = state_version(a->host->state, a->parent);
	struct error err = { 0 };

	path_remove_tree(a->box.work_dir, NULL);
	if (!parent || path_mkdirs(a->box.work_dir, 0700, &err) != AVO_OK ||
	    lineage_export(a->host->lineage, parent->commit, a->box.work_dir, &err) != AVO_OK) {
		log_error("the working directory could not be made: %s", err.text);
		return false;
	}
	return true;
}

static void greet(struct agent *a, const struct step_begin *begin)
{
	bool first = a->memory.conversation.count == 0;
	struct buf text = BUF_INIT;

	if (first) {
		report_brief(&text, a->host->state, a->have_suite ? &a->suite : NULL, &a->memory.notes, BRIEF_FULL);
		buf_printf(&text, "\n");
	}
	buf_printf(&text, "## Variation step s%d\n\nIt starts from v%d, whose files are in the working directory (fresh: whatever an earlier step left there is gone).\n",
		   begin->step, begin->parent);
	if (!first)
		report_brief(&text, a->host->state, NULL, &a->memory.notes, BRIEF_SHORT);
	if (begin->guidance)
		buf_printf(&text, "\n## From the engineer\n\n%s\n", begin->guidance);
	memory_say(&a->memory, text.data);
	buf_release(&text);
}

static void agent_begin(void *op, const struct step_begin *begin)
{
	struct agent *a = op;

	a->step = begin->step;
	a->parent = begin->parent;
	a->in_step = true;
	a->submitted = a->out_of_budget = false;
	a->committed = -1;
	a->warned = 0;
	a->step_cost = 0;
	a->step_tokens = 0;
	a->step_attempts = a->step_turns = a->nudges = 0;
	a->step_started_ms = clock_mono_ms();
	free(a->farewell);
	free(a->person_why);
	a->farewell = NULL;
	if (!lay_out_files(a)) {
		agent_end_step(a, STEP_STOPPED, "the working directory could not be made");
		return;
	}
	greet(a, begin);
	agent_next(a);
}

static void agent_go(void *op)
{
	struct agent *a = op;

	if (a->phase == PHASE_WAITING_GO)
		agent_run_tool(a);
}

static void agent_evaluated(void *op, const struct attempt *attempt, bool committed, const cJSON *result)
{
	struct agent *a = op;
	struct buf text = BUF_INIT;

	if (a->phase != PHASE_TOOL || !a->box.call.id)
		return;
	report_attempt(&text, a->host->state, attempt, result);
	if (committed) {
		a->committed = attempt->version > 0 ? attempt->version : 0;
		buf_addstr(&text, "The step ends here.\n");
	}
	toolbox_answer(&a->box, text.data, attempt->verdict != VERDICT_PASSED);
	buf_release(&text);
}

static void agent_measuring(void *op, bool on)
{
	struct agent *a = op;

	shell_hold(&a->box, on);
}

static void agent_cancel(void *op)
{
	struct agent *a = op;

	agent_stop_call(a);
	if (a->action) {
		a->host->action_done(a->host, a->action, false, "stopped", NULL);
		a->action = 0;
	}
	agent_end_step(a, STEP_STOPPED, NULL);
}

static void agent_message(void *op, const char *from, const char *text)
{
	struct agent *a = op;

	buf_printf(&a->queue, "%sMessage from %s: %s", a->queue.len ? "\n\n" : "", from && *from ? from : "the engineer", text);
	if (a->phase == PHASE_PERSON)
		agent_next(a);
	else if (a->call)
		llm_call_hurry(a->call);
}

static void agent_redirect(void *op, const struct redirection *r)
{
	struct agent *a = op;

	free(a->review_trigger);
	free(a->review_reason);
	a->review_trigger = xstrdup(r->trigger);
	a->review_reason = xstrdup(r->reason);
	a->review_level = r->level;
	a->review_due = true;
}

const struct operator_ops operator_agent = {
	.name = "agent",
	.summary = "a coding agent with a model behind it (--model, --base-url); costs what its tokens cost",
	.keeps_directions = true,
	.open = agent_open,
	.close = agent_close,
	.begin = agent_begin,
	.go = agent_go,
	.evaluated = agent_evaluated,
	.measuring = agent_measuring,
	.cancel = agent_cancel,
	.redirect = agent_redirect,
	.message = agent_message,
	.profiled = agent_profiled,
};
