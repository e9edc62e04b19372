#include "avo.h"
#include "base/clock.h"
#include "operator/agent.h"

enum avo_status agent_limits_read(struct agent *a, const struct conf *conf, struct error *err)
{
	struct step_limits *l = &a->limits;
	enum avo_status st;
	double budget;

	if ((st = conf_num(&l->cost, conf, "agent.step-cost", 0, err)) != AVO_OK ||
	    (st = conf_int(&l->tokens, conf, "agent.step-tokens", 0, err)) != AVO_OK ||
	    (st = conf_duration(&l->time_ms, conf, "agent.step-time", 0, err)) != AVO_OK ||
	    (st = conf_int(&l->attempts, conf, "agent.step-attempts", 20, err)) != AVO_OK ||
	    (st = conf_int(&l->turns, conf, "agent.step-turns", 200, err)) != AVO_OK ||
	    (st = conf_num(&a->compact_at, conf, "agent.compact-at", 0.7, err)) != AVO_OK ||
	    (st = conf_duration(&a->patience.first_ms, conf, "agent.backoff", 1000, err)) != AVO_OK ||
	    (st = conf_duration(&a->patience.limit_ms, conf, "agent.backoff-limit", 300000, err)) != AVO_OK)
		return st;
	if (a->compact_at < 0.2 || a->compact_at > 0.95)
		return error_set(err, AVO_USAGE, "agent.compact-at = %g is not a share of the window between 0.2 and 0.95", a->compact_at);
	if ((st = conf_num(&budget, conf, "budget.cost", 0, err)) != AVO_OK)
		return st;
	if ((l->cost > 0 || budget > 0) && !a->config.prices.known)
		return error_set(err, AVO_USAGE, "a limit in dollars needs prices, and those of %s are not known: set agent.price-input and "
				 "agent.price-output (dollars per million tokens)", a->config.model);
	return AVO_OK;
}

struct used {
	const char *what;
	double used, limit;
};

static int step_usage(struct used out[5], const struct agent *a)
{
	const struct step_limits *l = &a->limits;

	out[0] = (struct used){ "money", a->step_cost, l->cost };
	out[1] = (struct used){ "tokens", (double)a->step_tokens, (double)l->tokens };
	out[2] = (struct used){ "time", (double)(clock_mono_ms() - a->step_started_ms), (double)l->time_ms };
	out[3] = (struct used){ "attempts", a->step_attempts, (double)l->attempts };
	out[4] = (struct used){ "turns", a->step_turns, (double)l->turns };
	return 5;
}

/* The run's own limits are the engine's to enforce; the agent only tells the model how near they are. */
static int run_usage(struct used out[5], const struct agent *a)
{
	const struct conf *conf = a->host->conf;
	const struct run_state *s = a->host->state;
	int64_t time_ms = 0, attempts = 0, tokens = 0;
	double cost = 0;

	conf_duration(&time_ms, conf, "budget.time", 0, NULL);
	conf_int(&attempts, conf, "budget.attempts", 0, NULL);
	conf_int(&tokens, conf, "budget.tokens", 0, NULL);
	conf_num(&cost, conf, "budget.cost", 0, NULL);
	out[0] = (struct used){ "money", s->cost_usd, cost };
	out[1] = (struct used){ "tokens", s->tokens_in + s->tokens_out, (double)tokens };
	out[2] = (struct used){ "time", (double)state_active_ms(s, clock_wall_ms()), (double)time_ms };
	out[3] = (struct used){ "attempts", (double)s->attempt_count, (double)attempts };
	return 4;
}

static void notice(struct agent *a, double *warned, const struct used *u, int n, const char *whose)
{
	double level = 0;
	const struct used *most = NULL;
	int i;

	for (i = 0; i < n; i++) {
		double share = u[i].limit > 0 ? u[i].used / u[i].limit : 0;

		if (share > level) {
			level = share;
			most = &u[i];
		}
	}
	level = level >= 0.8 ? 0.8 : level >= 0.5 ? 0.5 : 0;
	if (!most || level <= *warned)
		return;
	*warned = level;
	buf_printf(&a->queue, "%sNotice: %.0f %% of the %s's %s is used up. %s", a->queue.len ? "\n\n" : "", 100 * most->used / most->limit, whose,
		   most->what, level >= 0.8 ? "Finish what is most likely to succeed." : "Plan the rest accordingly.");
}

void agent_limits_notice(struct agent *a)
{
	struct used u[5];
	int n = step_usage(u, a);

	notice(a, &a->warned, u, n, "step");
	n = run_usage(u, a);
	notice(a, &a->run_warned, u, n, "run");
}

const char *agent_limit_reached(const struct agent *a)
{
	static const char *const words[] = {
		"the step's money is used up", "the step's tokens are used up", "the step's time is used up",
		"the step's attempts are used up", "the step's turns are used up",
	};
	struct used u[5];
	int n = step_usage(u, a), i;

	for (i = 0; i < n; i++)
		if (u[i].limit > 0 && u[i].used >= u[i].limit)
			return words[i];
	return NULL;
}
