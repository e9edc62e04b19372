#include "avo.h"
#include "agent/doctor.h"
#include "base/clock.h"
#include "base/str.h"
#include "llm/client.h"
#include "llm/pricing.h"
#include "llm/wire.h"

#include <math.h>

#define LONGEST_MS 60000
#define ANSWER_TOKENS 1024	/* room for a thinking model; it will use a few dozen */

struct check {
	struct loop *loop;
	bool done;
	enum llm_outcome outcome;
	struct llm_reply reply;
	char problem[400];
};

/* A check does not wait for a server to recover: the reason is the answer. */
static void on_wait(void *arg, const struct llm_wait *wait)
{
	struct check *c = arg;

	if (wait->remedy == LLM_RETRY_NOW)
		return;
	snprintf(c->problem, sizeof(c->problem), "%s", wait->why);
	loop_stop(c->loop);
}

static void on_done(void *arg, enum llm_outcome outcome, struct llm_reply *reply, const struct llm_fault *fault)
{
	struct check *c = arg;

	c->done = true;
	c->outcome = outcome;
	if (reply) {
		c->reply = *reply;
		memset(reply, 0, sizeof(*reply));
	}
	snprintf(c->problem, sizeof(c->problem), "%s", fault->text);
	loop_stop(c->loop);
}

static void on_timeout(void *arg)
{
	struct check *c = arg;

	snprintf(c->problem, sizeof(c->problem), "no answer within a minute");
	loop_stop(c->loop);
}

static enum avo_status ask(struct check *c, const struct llm_config *config, struct error *err)
{
	static const struct llm_callbacks callbacks = { .wait = on_wait, .done = on_done };
	static const struct llm_tool tool = { "ready", "Says that you are ready.",
		"{\"type\":\"object\",\"properties\":{\"ready\":{\"type\":\"boolean\"}},\"required\":[\"ready\"]}" };
	struct llm_request request = { .config = config, .system = "You are being tested.", .tools = &tool, .tool_count = 1,
				       .ask = "Call the tool `ready` with ready = true. Say nothing else.", .max_tokens = ANSWER_TOKENS };
	struct llm_call *call;
	struct http *http;
	enum avo_status st = http_new(&http, c->loop, err);

	if (st != AVO_OK)
		return st;
	st = llm_call_start(&call, http, c->loop, &request, NULL, &callbacks, c, err);
	if (st == AVO_OK) {
		loop_add_timer(c->loop, LONGEST_MS, on_timeout, c);
		loop_run(c->loop);
		if (!c->done)
			llm_call_cancel(call);
	}
	http_free(http);
	return st;
}

static void describe(struct model_check *out, const struct llm_config *config)
{
	snprintf(out->model, sizeof(out->model), "%s", config->model);
	snprintf(out->server, sizeof(out->server), "%s", config->base_url);
	snprintf(out->wire, sizeof(out->wire), "%s", config->wire->name);
	snprintf(out->key, sizeof(out->key), "%s", config->key ? config->key_source : "none");
	out->prices = config->prices;
	out->context_window = config->context_window;
	out->max_output = config->max_output;
	out->cost = NAN;
}

static void judge(struct model_check *out, const struct llm_reply *r)
{
	size_t i;

	snprintf(out->answered_as, sizeof(out->answered_as), "%s", r->model ? r->model : "");
	out->streamed = r->streamed;
	for (i = 0; i < r->message.count; i++)
		if (r->message.blocks[i].kind == BLOCK_TOOL_USE && strcmp(r->message.blocks[i].name, "ready") == 0)
			out->calls_tools = true;
	out->usage = r->usage;
	out->cost = llm_cost(&r->usage, &out->prices);
}

enum avo_status agent_doctor(struct model_check *out, const struct conf *conf, struct error *err)
{
	struct llm_config config;
	struct check c = { 0 };
	int64_t start = clock_mono_ms();
	enum avo_status st;

	memset(out, 0, sizeof(*out));
	if (!*conf_str(conf, "agent.model", ""))
		return error_set(err, AVO_NEGATIVE, "no model is configured; operator = mutate needs none");
	if ((st = llm_config_read(&config, conf, err)) != AVO_OK)
		return st;
	describe(out, &config);
	if ((st = loop_new(&c.loop, err)) == AVO_OK) {
		st = ask(&c, &config, err);
		out->ms = clock_mono_ms() - start;
		loop_free(c.loop);
	}
	if (st == AVO_OK && c.done && c.outcome == LLM_ANSWERED)
		judge(out, &c.reply);
	else if (st == AVO_OK)
		st = error_set(err, AVO_ENVIRONMENT, "%s", c.problem);
	llm_reply_release(&c.reply);
	llm_config_release(&config);
	return st;
}
