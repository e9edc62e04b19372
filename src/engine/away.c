/* A worker that is away: the run waits for it as it waits for a model's server, and says so. Nothing is charged for that, no time counts. */
#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "engine/internal.h"

#define NOTICE_MS 2000		/* a worker that starts sooner is no news */
#define COUNTDOWN_MS 1000

static const char *last_word(const struct supply_wait *w)
{
	const char *word = NULL;
	size_t i;

	for (i = 0; w->said[i]; i++)
		word = w->said[i];
	return word;
}

/* Says nothing that changes from try to try: one event a reason. */
static char *describe(const struct engine *e, const struct supply_wait *w)
{
	const char *command = evaluator_command(e->evaluator), *word = last_word(w);
	char age[32];

	if (w->given_up)
		return xasprintf("no worker (%s) for %s, so that none is tried any more; avo resume tries again: %s", command,
				 clock_age(age, sizeof(age), e->settings.outage_ms), w->why);
	if (w->away)
		return xasprintf("for a worker (%s): %s", command, w->why);
	return xasprintf("for the worker (%s), which has not said hello yet%s%s", command, word ? "; it said: " : "", word ? word : "");
}

static void on_countdown(void *arg)
{
	struct engine *e = arg;

	e->countdown = NULL;
	engine_look_for_worker(e);
}

static void look_in(struct engine *e, int64_t ms)
{
	if (!e->countdown)
		e->countdown = loop_add_timer(e->loop, ms, on_countdown, e);
}

/* What changes every second is for who watches, not for the record. */
static void count_down(struct engine *e, const struct supply_wait *w)
{
	int64_t now = clock_mono_ms();
	char age[32], left[32], text[160];
	cJSON *live = cJSON_CreateObject();

	clock_age(age, sizeof(age), now - w->since_ms);
	if (w->away)
		snprintf(text, sizeof(text), "no worker for %s; try %d in %s", age, w->tries + 1,
			 clock_age(left, sizeof(left), w->next_ms > now ? w->next_ms - now : 0));
	else
		snprintf(text, sizeof(text), "the worker has not said hello for %s", age);
	json_set_str(live, "kind", "wait");
	json_set_str(live, "text", text);
	control_server_live(e->server, live);
	cJSON_Delete(live);
	look_in(e, COUNTDOWN_MS);
}

static void begin_wait(struct engine *e, const struct supply_wait *w)
{
	char *text = describe(e, w);

	if (engine_active(e))
		e->then = e->state.state;
	engine_set_state(e, w->given_up ? ENGINE_PAUSED : ENGINE_WAITING, text);
	free(text);
	if (!w->given_up)
		count_down(e, w);
}

void engine_look_for_worker(void *arg)
{
	struct engine *e = arg;
	struct supply_wait w;
	bool waiting = evaluator_waiting(&w, e->evaluator) && e->flight.kind != FLIGHT_NONE && !e->stopping && !e->cancel_outcome;

	if (waiting && (engine_active(e) || e->state.state == ENGINE_WAITING)) {
		if (w.away || e->state.state == ENGINE_WAITING || clock_mono_ms() - w.since_ms >= NOTICE_MS)
			begin_wait(e, &w);
		else
			look_in(e, NOTICE_MS);
	} else if (!waiting && e->state.state == ENGINE_WAITING) {
		engine_set_state(e, e->then, w.ready ? "the worker is there" : NULL);
		engine_kick(e);
	}
}

void engine_describe_wait(const struct engine *e, cJSON *answer)
{
	int64_t now = clock_mono_ms();
	struct supply_wait w;
	cJSON *wait, *said;
	size_t i;

	if (!evaluator_waiting(&w, e->evaluator))
		return;
	wait = cJSON_CreateObject();
	said = cJSON_CreateArray();
	json_set_str(wait, "worker", evaluator_command(e->evaluator));
	json_set_num(wait, "since_s", (double)(now - w.since_ms) / 1000);
	json_set_bool(wait, "away", w.away);
	json_set_int(wait, "tries", w.tries);
	if (w.away && !w.given_up)
		json_set_num(wait, "next_s", w.next_ms > now ? (double)(w.next_ms - now) / 1000 : 0);
	json_set_str(wait, "why", *w.why ? w.why : NULL);
	for (i = 0; w.said[i]; i++)
		json_push(said, cJSON_CreateString(w.said[i]));
	json_set(wait, "said", said);
	json_set(answer, "wait", wait);
}
