/*
 * How many tokens an answer may have: agent.max-output at first, twice as many each time an answer was cut,
 * up to agent.output-limit or a quarter of the window. Two things make it less: a server whose window turns out
 * to be smaller than avo.conf says, and one that refuses to be asked for that much.
 */
#include "avo.h"
#include "base/log.h"
#include "operator/agent.h"

#define WINDOW_SHARE 4	/* of the window, an answer gets one part in so many unless avo.conf says otherwise */

int64_t agent_output_ceiling(const struct agent *a)
{
	const struct llm_config *c = &a->config;
	int64_t limit = c->output_limit > 0 ? c->output_limit : c->context_window / WINDOW_SHARE;

	return limit > c->max_output ? limit : c->max_output;
}

void agent_output_grow(struct agent *a)
{
	int64_t ceiling = agent_output_ceiling(a);

	a->max_tokens = a->max_tokens * 2 < ceiling ? a->max_tokens * 2 : ceiling;
}

bool agent_output_back(struct agent *a)
{
	if (a->max_tokens <= a->config.max_output)
		return false;
	log_info("the server refused a question with room for %lld tokens of answer; avo goes back to agent.max-output, %lld",
		 (long long)a->max_tokens, (long long)a->config.max_output);
	a->max_tokens = a->config.output_limit = a->config.max_output;
	return true;
}

static void at_most(int64_t *value, int64_t limit)
{
	if (*value > limit)
		*value = limit;
}

void agent_window_is(struct agent *a, int64_t window)
{
	struct llm_config *c = &a->config;

	if (window < AGENT_LEAST_WINDOW || window >= c->context_window)
		return;
	log_info("the server's window has %lld tokens, not %lld", (long long)window, (long long)c->context_window);
	c->context_window = window;
	/* else the room for an answer could be all that there is */
	at_most(&c->max_output, window / WINDOW_SHARE);
	at_most(&c->output_limit, window / WINDOW_SHARE);
	at_most(&a->max_tokens, agent_output_ceiling(a));
}
