/*
 * Making room in the window, and the supervisor's review. What goes on after a
 * cut is built from the record (the brief) and only adds the model's own
 * summary: a bad summary costs a train of thought, never the task, the scores
 * or the ledger.
 */
#include "avo.h"
#include "base/log.h"
#include "base/mem.h"
#include "operator/agent.h"

#define SUMMARY_TOKENS 3000
#define KEEP_SHARE 0.15		/* of the window: newest tool outputs that pruning spares */
#define ENOUGH_SHARE 0.45	/* after pruning it must be below this, or the whole is cut */
#define MAX_PROPOSALS 5

int64_t agent_overhead(const struct agent *a)
{
	size_t bytes = strlen(a->system), i;

	for (i = 0; i < agent_tool_count; i++)
		bytes += strlen(a->tools[i].description) + strlen(a->tools[i].schema) + 40;
	return (int64_t)(bytes * 2 / 7);
}

static int64_t tokens_now(const struct agent *a)
{
	return memory_tokens(&a->memory, agent_overhead(a));
}

bool agent_needs_room(const struct agent *a)
{
	int64_t window = a->config.context_window - a->max_tokens;

	return a->memory.conversation.count > 2 && (double)tokens_now(a) > a->compact_at * (double)window;
}

static void on_wait(void *arg, const struct llm_wait *wait)
{
	agent_live_wait(arg, wait);
}

static void on_wasted(void *arg, const struct llm_usage *usage)
{
	agent_count(arg, usage, "wasted");
}

static char *text_of(const struct message *m)
{
	struct buf out = BUF_INIT;
	size_t i;

	for (i = 0; i < m->count; i++)
		if (m->blocks[i].kind == BLOCK_TEXT)
			buf_printf(&out, "%s\n", m->blocks[i].text);
	return out.data ? buf_detach(&out) : NULL;
}

/* It goes on, but whoever watches must know why it forgets everything. */
static void warn_of_small_window(struct agent *a)
{
	int64_t window = a->config.context_window - a->max_tokens;
	char text[320];

	if (a->cramped || (double)tokens_now(a) <= a->compact_at * (double)window)
		return;
	a->cramped = true;
	snprintf(text, sizeof(text), "the task alone takes about %lld of the %lld tokens of the context window: the agent forgets nearly everything it sees. "
		 "Start the model's server with a larger window, and correct agent.context-window if it is set", (long long)tokens_now(a),
		 (long long)a->config.context_window);
	agent_warn(a, text);
}

/* Begins anew from the record; summary may be NULL when the model could not give one. */
static void restart(struct agent *a, const char *summary)
{
	struct buf text = BUF_INIT;

	report_brief(&text, a->host->state, a->have_suite ? &a->suite : NULL, &a->memory.notes, BRIEF_FULL);
	buf_printf(&text, "\n## Variation step s%d goes on\n\nIt started from v%d. The conversation so far was cut to make room; the working directory is as you left it.\n",
		   a->step, a->parent);
	if (summary)
		buf_printf(&text, "\n## Your summary of what was cut\n\n%s\n", summary);
	else
		buf_addstr(&text, "\nThere is no summary of it: look at the working directory (lineage diff, what work) and at the newest attempts before you go on.\n");
	memory_restart(&a->memory, text.data);
	a->bare = true;
	warn_of_small_window(a);
	log_info("the conversation was cut for the %d. time, to about %lld tokens", a->memory.compactions, (long long)tokens_now(a));
	buf_release(&text);
}

static void summary_done(void *arg, enum llm_outcome outcome, struct llm_reply *reply, const struct llm_fault *fault)
{
	struct agent *a = arg;
	char *text = NULL;

	a->call = NULL;
	a->phase = PHASE_IDLE;
	if (outcome == LLM_NEEDS_PERSON) {
		a->key_refused = llm_fault_is_key(fault);
		agent_wait_for_person(a, fault->text);
		return;
	}
	if (outcome == LLM_ANSWERED) {
		agent_count(a, &reply->usage, "summary");
		text = text_of(&reply->message);
		llm_reply_release(reply);
	}
	restart(a, text);
	free(text);
	if (a->in_step)
		agent_next(a);
}

static void ask_summary(struct agent *a)
{
	static const struct llm_callbacks callbacks = { NULL, NULL, NULL, on_wait, on_wasted, summary_done };
	struct llm_request request = { .config = &a->config, .system = a->system, .tools = a->tools, .tool_count = agent_tool_count,
				       .conversation = &a->memory.conversation, .ask = a->summary_prompt, .max_tokens = agent_output_ceiling(a),
				       .no_tool_use = true };
	struct error err = { 0 };

	if (request.max_tokens > SUMMARY_TOKENS)
		request.max_tokens = SUMMARY_TOKENS;
	memory_settle(&a->memory, "not run");
	a->phase = PHASE_SUMMARY;
	a->host->live(a->host, "wait", "the conversation has grown long and is being summed up");
	if (llm_call_start(&a->call, a->http, a->host->loop, &request, &a->patience, &callbacks, a, &err) != AVO_OK) {
		restart(a, NULL);
		agent_next(a);
	}
}

void agent_make_room(struct agent *a, bool overflow)
{
	double window = (double)(a->config.context_window - a->max_tokens);
	size_t dropped = memory_prune(&a->memory, (int64_t)(KEEP_SHARE * window));

	if (dropped)
		log_info("%zu bytes of old tool outputs were dropped", dropped);
	/* a summary of what is too long already would be too long as well, unless pruning helped */
	if (dropped && (double)tokens_now(a) < ENOUGH_SHARE * window) {
		agent_next(a);
	} else if (overflow && !dropped) {
		restart(a, NULL);
		agent_next(a);
	} else {
		ask_summary(a);
	}
}

/* --- the review ----------------------------------------------------------------------- */

static const struct llm_tool propose_tool = {
	"propose", "Proposes directions for the search, best first.",
	"{\"type\":\"object\",\"properties\":{\"directions\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
	"\"title\":{\"type\":\"string\",\"description\":\"the idea in a line\"},"
	"\"hypothesis\":{\"type\":\"string\",\"description\":\"why it should help, and why what failed does not speak against it\"},"
	"\"expected\":{\"type\":\"string\",\"description\":\"the gain, and the case that should show it\"}},"
	"\"required\":[\"title\",\"hypothesis\"]}}},\"required\":[\"directions\"]}",
};

/* The proposals as an array: from the tool call, or from JSON in the words of a model that calls no tools. */
static cJSON *find_proposals(const struct message *m)
{
	cJSON *args = NULL, *list = NULL;
	size_t i;

	for (i = 0; i < m->count && !list; i++) {
		const struct block *b = &m->blocks[i];
		const char *brace = b->kind == BLOCK_TEXT ? strchr(b->text, '{') : NULL, *end = brace ? strrchr(brace, '}') : NULL;

		if (b->kind == BLOCK_TOOL_USE)
			block_arguments(&args, b, NULL);
		else if (end)
			json_parse(&args, brace, (size_t)(end - brace) + 1, NULL);
		if (json_arr(args, "directions"))
			list = cJSON_Duplicate(json_arr(args, "directions"), true);
		cJSON_Delete(args);
		args = NULL;
	}
	return list;
}

static void adopt_proposals(struct agent *a, const cJSON *list)
{
	struct operator_host *host = a->host;
	cJSON *event = cJSON_CreateObject(), *ids = cJSON_CreateArray();
	const cJSON *item;
	int rank = 0;

	buf_printf(&a->queue, "%sA review of the whole search was made, because %s. It proposes, best first:\n", a->queue.len ? "\n\n" : "",
		   a->review_reason);
	cJSON_ArrayForEach(item, list) {
		const char *title = json_str(item, "title", NULL);
		char id[16];

		if (!title || !*title || rank >= MAX_PROPOSALS)
			continue;
		snprintf(id, sizeof(id), "d%d", host->direction_open(host, title, json_str(item, "hypothesis", NULL), json_str(item, "expected", NULL)));
		json_push(ids, cJSON_CreateString(id));
		buf_printf(&a->queue, "%d. %s: %s. %s\n", ++rank, id, title, json_str(item, "hypothesis", ""));
	}
	buf_addstr(&a->queue, "They are open in the ledger. Take the first that you cannot refute from the record, and close the others only with a reason.");
	json_set_str(event, "type", "memory");
	json_set_str(event, "what", "review");
	json_set_str(event, "trigger", a->review_trigger);
	json_set_str(event, "reason", a->review_reason);
	json_set_int(event, "level", a->review_level);
	json_set(event, "directions", ids);
	host->record(host, event);
}

static void review_done(void *arg, enum llm_outcome outcome, struct llm_reply *reply, const struct llm_fault *fault)
{
	struct agent *a = arg;
	cJSON *list = NULL;

	a->call = NULL;
	a->phase = PHASE_IDLE;
	if (outcome == LLM_NEEDS_PERSON) {
		a->key_refused = llm_fault_is_key(fault);
		a->review_due = true;
		agent_wait_for_person(a, fault->text);
		return;
	}
	if (outcome == LLM_ANSWERED) {
		agent_count(a, &reply->usage, "review");
		list = find_proposals(&reply->message);
		llm_reply_release(reply);
	}
	if (list)
		adopt_proposals(a, list);
	else
		buf_printf(&a->queue, "%sThe search makes no progress: %s. Leave the path you are on and try something of another kind.",
			   a->queue.len ? "\n\n" : "", a->review_reason);
	cJSON_Delete(list);
	/* the second time the old train of thought goes too */
	if (a->review_level >= 2 && a->in_step)
		restart(a, "(left out on purpose: the old train of thought led nowhere)");
	if (a->in_step)
		agent_next(a);
}

static void trajectory(struct buf *out, const struct agent *a)
{
	const struct run_state *s = a->host->state;
	size_t i;

	report_brief(out, s, a->have_suite ? &a->suite : NULL, &a->memory.notes, BRIEF_FULL);
	buf_addstr(out, "\n## All attempts of late\n\n");
	for (i = s->attempt_count > 80 ? s->attempt_count - 80 : 0; i < s->attempt_count; i++)
		report_attempt_line(out, &s->attempts[i]);
	buf_printf(out, "\n## Why you are asked\n\n%s (trigger %s, for the %d. time since the last version)\n", a->review_reason,
		   a->review_trigger, a->review_level);
}

void agent_review(struct agent *a)
{
	static const struct llm_callbacks callbacks = { NULL, NULL, NULL, on_wait, on_wasted, review_done };
	struct buf text = BUF_INIT;
	struct llm_request request = { .config = &a->config, .system = a->review_prompt, .tools = &propose_tool, .tool_count = 1 };
	struct error err = { 0 };

	a->review_due = false;
	trajectory(&text, a);
	request.ask = text.data;
	a->phase = PHASE_REVIEW;
	a->host->live(a->host, "wait", "the supervisor has the search reviewed");
	if (llm_call_start(&a->call, a->http, a->host->loop, &request, &a->patience, &callbacks, a, &err) != AVO_OK)
		agent_wait_for_person(a, err.text);
	buf_release(&text);
}
