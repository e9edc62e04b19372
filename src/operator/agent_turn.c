/* Turns: the model is asked, its tools run one after the other, their answers go back. */
#include "avo.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "llm/pricing.h"
#include "operator/agent.h"

#include <math.h>

#define MAX_NUDGES 3
#define MAX_REFUSALS 2

static void send_turn(struct agent *a);

/* --- money ------------------------------------------------------------------------ */

void agent_count(struct agent *a, const struct llm_usage *u, const char *purpose)
{
	double cost = llm_cost(u, &a->config.prices);
	cJSON *event = cJSON_CreateObject();
	int64_t in = u->input + u->cache_read + u->cache_write;

	if (strcmp(purpose, "wasted") != 0)
		agent_outage_over(a);
	json_set_str(event, "type", "usage");
	json_set_str(event, "purpose", purpose);
	json_set_str(event, "model", a->config.model);
	json_set_int(event, "tokens_in", in);
	json_set_int(event, "tokens_out", u->output);
	json_set_int(event, "cache_read", u->cache_read);
	json_set_int(event, "cache_write", u->cache_write);
	if (isfinite(cost))
		json_set_num(event, "cost_usd", cost);
	a->step_tokens += in + u->output;
	a->step_cost += isfinite(cost) ? cost : 0;
	a->memory.record(a->memory.record_arg, event);
}

/* --- ends --------------------------------------------------------------------------- */

void agent_stop_call(struct agent *a)
{
	llm_call_cancel(a->call);
	a->call = NULL;
	loop_remove_timer(a->host->loop, a->person_timer);
	a->person_timer = NULL;
	agent_profile_stop(a);
	toolbox_stop(&a->box);
	llm_reply_release(&a->reply);
}

void agent_end_step(struct agent *a, enum step_outcome outcome, const char *text)
{
	a->phase = PHASE_IDLE;
	if (!a->in_step)
		return;
	a->in_step = false;
	shell_stop_all(&a->box);
	a->host->step_done(a->host, outcome, text);
}

/* --- a turn --------------------------------------------------------------------------- */

static void on_text(void *arg, enum block_kind kind, const char *piece)
{
	struct agent *a = arg;

	a->host->live(a->host, kind == BLOCK_THINKING ? "thinking" : "text", piece);
}

static void on_tool(void *arg, const char *name)
{
	struct agent *a = arg;

	a->host->live(a->host, "tool", name);
}

static void on_again(void *arg)
{
	struct agent *a = arg;

	a->host->live(a->host, "again", "the answer broke off and is asked for again");
}

static void on_wait(void *arg, const struct llm_wait *wait)
{
	agent_live_wait(arg, wait);
}

static void on_wasted(void *arg, const struct llm_usage *usage)
{
	agent_count(arg, usage, "wasted");
}

/* Words without a tool call: a model that stops in the middle is asked on, one that has nothing more ends the step. */
static void no_tools(struct agent *a, enum llm_stop stop)
{
	if (stop == LLM_STOP_PAUSE) {
		agent_next(a);
		return;
	}
	if (stop == LLM_STOP_LENGTH) {
		agent_output_grow(a);
		memory_say(&a->memory, "Your answer ran into the output limit. Go on in smaller pieces.");
		agent_next(a);
		return;
	}
	if (++a->nudges >= MAX_NUDGES) {
		agent_end_step(a, STEP_GAVE_UP, "the agent stopped calling tools");
		return;
	}
	memory_say(&a->memory, "You called no tool. Go on with the step, or end it with submit.");
	agent_next(a);
}

static void refused(struct agent *a, const char *why)
{
	char *text = xasprintf("the model refused to go on%s%s", why ? ": " : "", why ? why : "");

	agent_warn(a, text);
	if (++a->refusals >= MAX_REFUSALS)
		agent_wait_for_person(a, text);
	else
		agent_end_step(a, STEP_GAVE_UP, text);
	free(text);
}

static void take_reply(struct agent *a)
{
	struct llm_reply *r = &a->reply;
	struct message copy;
	cJSON *json = message_to_json(&r->message);

	agent_count(a, &r->usage, "turn");
	a->step_turns++;
	a->next_use = 0;
	/* the conversation owns one copy, the turn that runs its tools another */
	if (message_from_json(&copy, json, NULL) == AVO_OK && copy.count)
		memory_add(&a->memory, &copy);
	cJSON_Delete(json);
	if (r->usage.known)
		memory_counted(&a->memory, r->usage.input + r->usage.cache_read + r->usage.cache_write + r->usage.output);
	if (!a->in_step)
		return;
	if (r->stop == LLM_STOP_REFUSAL) {
		refused(a, r->explanation);
		return;
	}
	a->refusals = 0;
	if (r->stop == LLM_STOP_WINDOW && !message_has(&r->message, BLOCK_TOOL_USE)) {
		agent_make_room(a, true);
		return;
	}
	if (!message_has(&r->message, BLOCK_TOOL_USE)) {
		no_tools(a, r->stop);
		return;
	}
	a->nudges = 0;
	if (r->stop == LLM_STOP_LENGTH)
		agent_output_grow(a);
	agent_use_next_tool(a);
}

/* Cutting what was cut already would go on for ever. */
static void too_long(struct agent *a, const struct llm_fault *fault)
{
	char *why;

	agent_window_is(a, fault->window);
	if (!a->bare) {
		agent_make_room(a, true);
		return;
	}
	why = xasprintf("even a conversation that has just begun is too long for the server's context window; give it a larger one "
		 "(llama-server -c, OLLAMA_CONTEXT_LENGTH, vllm --max-model-len). It says: %s", fault->text);
	agent_wait_for_person(a, why);
	free(why);
}

static void on_done(void *arg, enum llm_outcome outcome, struct llm_reply *reply, const struct llm_fault *fault)
{
	struct agent *a = arg;

	a->call = NULL;
	a->phase = PHASE_IDLE;
	switch (outcome) {
	case LLM_ANSWERED:
		a->bare = false;
		llm_reply_release(&a->reply);
		a->reply = *reply;
		memset(reply, 0, sizeof(*reply));
		take_reply(a);
		return;
	case LLM_TOO_LONG:
		too_long(a, fault);
		return;
	case LLM_REFUSED_REQUEST:
		if (agent_output_back(a)) {
			agent_next(a);
			return;
		}
		/* fall through */
	case LLM_NEEDS_PERSON:
		a->key_refused = llm_fault_is_key(fault);
		agent_wait_for_person(a, fault->text);
		return;
	}
}

static void say_queued(struct agent *a)
{
	if (!a->queue.len)
		return;
	memory_say(&a->memory, a->queue.data);
	buf_clear(&a->queue);
}

static void send_turn(struct agent *a)
{
	static const struct llm_callbacks callbacks = { on_text, on_tool, on_again, on_wait, on_wasted, on_done };
	struct llm_request request = { .config = &a->config, .system = a->system, .tools = a->tools, .tool_count = agent_tool_count,
				       .conversation = &a->memory.conversation, .max_tokens = a->max_tokens };
	struct error err = { 0 };

	memory_settle(&a->memory, "not run");
	a->phase = PHASE_ASKING;
	if (llm_call_start(&a->call, a->http, a->host->loop, &request, &a->patience, &callbacks, a, &err) != AVO_OK)
		agent_wait_for_person(a, err.text);
}

/* A file or a command may hold another key by now. */
static bool renew_key(struct agent *a)
{
	struct error err = { 0 };

	if (!a->key_refused)
		return true;
	a->key_refused = false;
	if (llm_config_renew_key(&a->config, a->host->conf, &err) == AVO_OK)
		return true;
	a->key_refused = true;
	agent_wait_for_person(a, err.text);
	return false;
}

void agent_next(struct agent *a)
{
	const char *limit;

	a->phase = PHASE_IDLE;
	loop_remove_timer(a->host->loop, a->person_timer);
	a->person_timer = NULL;
	if (!a->in_step)
		return;
	limit = agent_limit_reached(a);
	if (limit) {
		agent_end_step(a, STEP_GAVE_UP, limit);
		return;
	}
	if (!renew_key(a))
		return;
	if (a->review_due) {
		agent_review(a);
		return;
	}
	agent_limits_notice(a);
	say_queued(a);
	if (agent_needs_room(a))
		agent_make_room(a, false);
	else
		send_turn(a);
}

/* --- tools ------------------------------------------------------------------------------ */

static const struct block *current_use(const struct agent *a)
{
	return &a->reply.message.blocks[a->next_use];
}

static void turn_over(struct agent *a)
{
	llm_reply_release(&a->reply);
	if (a->committed >= 0)
		agent_end_step(a, STEP_COMMITTED, NULL);
	else if (a->out_of_budget)
		agent_end_step(a, STEP_BUDGET, NULL);
	else if (a->submitted)
		agent_end_step(a, STEP_GAVE_UP, a->farewell);
	else
		agent_next(a);
}

void agent_use_next_tool(struct agent *a)
{
	const struct message *m = &a->reply.message;

	while (a->next_use < m->count && m->blocks[a->next_use].kind != BLOCK_TOOL_USE)
		a->next_use++;
	if (a->next_use >= m->count) {
		turn_over(a);
		return;
	}
	if (a->committed >= 0 || a->submitted || a->out_of_budget) {
		memory_result(&a->memory, current_use(a)->id, "Not run: the step has ended.", true);
		a->next_use++;
		agent_use_next_tool(a);
		return;
	}
	a->phase = PHASE_WAITING_GO;
	a->host->action_ask(a->host);
}

/* Equal for equal calls, whatever the white space of their arguments. */
static uint64_t digest_of(const struct block *use, const cJSON *args)
{
	struct buf text = BUF_INIT;
	uint64_t h;

	buf_printf(&text, "%s ", use->name);
	if (args)
		json_print(&text, args);
	else
		buf_addstr(&text, use->input ? use->input : "");
	h = str_hash(text.data, text.len);
	buf_release(&text);
	return h;
}

void agent_run_tool(struct agent *a)
{
	const struct block *use = current_use(a);
	const struct tool *tool = tool_find(use->name);
	struct buf text = BUF_INIT;
	cJSON *args = NULL;

	a->phase = PHASE_TOOL;
	/* the engine opens the action of an evaluation itself */
	if (!tool || strcmp(tool->name, "evaluate") != 0) {
		if (tool && block_arguments(&args, use, NULL) == AVO_OK)
			tool->summarize(&text, args);
		a->call_digest = digest_of(use, args);
		a->action = a->host->action_start(a->host, tool ? tool->action : "note", text.len ? text.data : use->name);
		cJSON_Delete(args);
	}
	buf_release(&text);
	toolbox_run(&a->box, use);
}

/* The action's result is a line. */
static void close_action(struct agent *a, const char *text, bool is_error)
{
	char line[200], digest[20];
	cJSON *detail;

	if (!a->action)
		return;
	detail = cJSON_CreateObject();
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n") < 190 ? (int)strcspn(text, "\n") : 190, text);
	/* looking at a job that still runs is waiting, not going in a circle: the supervisor does not count it */
	if (!a->box.call.goes_on) {
		snprintf(digest, sizeof(digest), "%016llx", (unsigned long long)a->call_digest);
		json_set_str(detail, "call", digest);
	}
	a->host->action_done(a->host, a->action, !is_error, line, detail);
	cJSON_Delete(detail);
	a->action = 0;
}

void agent_tool_answered(void *arg, const char *id, const char *text, bool is_error)
{
	struct agent *a = arg;

	close_action(a, text, is_error);
	memory_result(&a->memory, id, text, is_error);
	a->phase = PHASE_IDLE;
	if (!a->in_step)
		return;
	a->next_use++;
	agent_use_next_tool(a);
}
