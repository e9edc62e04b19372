#include "avo.h"
#include "agent/doctor.h"
#include "base/log.h"
#include "base/path.h"
#include "cli/doctor.h"

#include <math.h>

/* The model of the run: one cheap call, and what a long run of them will cost. */

static void say_prices(struct doctor *d, const struct model_check *m)
{
	/* what one turn of a long step looks like: most of the prompt from the cache, a thousand tokens of answer */
	double turn = (60000 * m->prices.cache_read + 3000 * m->prices.cache_write + 1000 * m->prices.output) / 1e6;

	if (!m->prices.known)
		doctor_say(d, DOCTOR_NOTE, "model cost", "without prices no budget in dollars can be kept: set agent.price-input and agent.price-output",
			   "prices of %s are not known", m->model);
	else if (m->prices.output > 0)
		doctor_say(d, DOCTOR_OK, "model cost", NULL, "$%g in, $%g out, $%g cache write, $%g cache read per million tokens; "
			   "a turn of a long step costs about $%.2f; this check cost $%.4f", m->prices.input, m->prices.output,
			   m->prices.cache_write, m->prices.cache_read, turn, isfinite(m->cost) ? m->cost : 0.0);
	else
		doctor_say(d, DOCTOR_OK, "model cost", NULL, "none: a server without TLS is taken for your own");
}

static void say_answer(struct doctor *d, const struct model_check *m)
{
	doctor_say(d, m->streamed ? DOCTOR_OK : DOCTOR_NOTE, "model", m->streamed ? NULL : "answers come whole: nothing is seen until they are complete",
		   "%s at %s answers on the %s wire in %.1f s (key: %s)", m->answered_as[0] ? m->answered_as : m->model, m->server, m->wire,
		   (double)m->ms / 1000, m->key);
	doctor_say(d, m->calls_tools ? DOCTOR_OK : DOCTOR_MISSING, "model tools",
		   m->calls_tools ? NULL : "the agent works through tools only: start llama-server with --jinja, vLLM with a tool-call parser, or take another model",
		   m->calls_tools ? "it calls tools; context window %lld tokens, answers up to %lld" :
				    "it did not call the tool it was asked to call (context window %lld, answers up to %lld)",
		   (long long)m->context_window, (long long)m->max_output);
	say_prices(d, m);
}

void doctor_model(struct doctor *d)
{
	char *path = path_join(d->dir, "avo.conf");
	struct model_check m;
	struct error err = { 0 };
	struct conf *conf;
	enum avo_status st;

	/* outside a run there is no model to ask */
	if (!path_exists(path) || conf_open(&conf, path, NULL) != AVO_OK) {
		free(path);
		return;
	}
	/* the tries are its own to report */
	if (!getenv("AVO_LOG"))
		log_set_level(LOG_LEVEL_WARN);
	st = agent_doctor(&m, conf, &err);
	if (st == AVO_OK)
		say_answer(d, &m);
	else if (st != AVO_NEGATIVE)
		doctor_say(d, DOCTOR_MISSING, "model", "the operator agent needs it; mutate and manual do not", "%s", err.text);
	conf_free(conf);
	free(path);
}
