/* Waiting for a model server that is away, or for a person: seen live, and in the journal once. */
#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "operator/agent.h"

#define PERSON_MS (15 * 60 * 1000)	/* between tries that wait for a person */
#define OUTAGE_TRY 4			/* from this try on, a server that does not answer is worth a line in the journal */
#define OUTAGE_MS 60000			/* and so is a wait of this length */

void agent_warn(struct agent *a, const char *text)
{
	cJSON *event = cJSON_CreateObject();

	json_set_str(event, "type", "warning");
	json_set_str(event, "text", text);
	a->host->record(a->host, event);
}

void agent_outage_over(struct agent *a)
{
	char text[160], age[32];

	if (a->outage_told) {
		snprintf(text, sizeof(text), "the model server answers again, after %s", clock_age(age, sizeof(age), clock_mono_ms() - a->silent_since_ms));
		agent_warn(a, text);
	}
	a->outage_told = false;
	a->silent_since_ms = 0;
	free(a->person_why);
	a->person_why = NULL;
}

static void tell_outage(struct agent *a, const struct llm_wait *wait)
{
	char age[32], *text;

	a->outage_told = true;
	clock_age(age, sizeof(age), a->config.outage_ms);
	text = xasprintf("the model server does not answer: %s; avo goes on trying%s%s, and any message to the agent makes it try at once",
		 wait->why, a->config.outage_ms > 0 ? " for " : "", a->config.outage_ms > 0 ? age : "");
	agent_warn(a, text);
	free(text);
}

void agent_live_wait(struct agent *a, const struct llm_wait *wait)
{
	char age[32], *text;

	if (!a->silent_since_ms)
		a->silent_since_ms = clock_mono_ms();
	if (!a->outage_told && (wait->try >= OUTAGE_TRY || wait->left_ms > OUTAGE_MS))
		tell_outage(a, wait);
	text = xasprintf("the model server: %s; try %u in %s", wait->why, wait->try, clock_age(age, sizeof(age), wait->left_ms));
	a->host->live(a->host, "wait", text);
	free(text);
}

static void person_tick(void *arg)
{
	struct agent *a = arg;
	int64_t left = a->person_until_ms - clock_mono_ms();
	char age[32], *text;

	a->person_timer = NULL;
	if (left <= 0) {
		agent_next(a);
		return;
	}
	text = xasprintf("waiting: %s; tried again in %s, or at once after a message (avo hint)", a->person_why,
			 clock_age(age, sizeof(age), left));
	a->host->live(a->host, "wait", text);
	free(text);
	a->person_timer = loop_add_timer(a->host->loop, left < 5000 ? left : 5000, person_tick, a);
}

void agent_wait_for_person(struct agent *a, const char *why)
{
	char *text;

	/* a reason that stays the same over a weekend is one line, not one every quarter of an hour */
	if (!a->person_why || strcmp(a->person_why, why) != 0) {
		free(a->person_why);
		a->person_why = xstrdup(why);
		text = xasprintf("the model cannot be asked: %s. avo tries again every 15 minutes, and at once after any message to the agent; "
			 "what is changed in avo.conf or in the environment counts from the engine's next start (avo stop, avo run)", why);
		agent_warn(a, text);
		free(text);
	}
	a->phase = PHASE_PERSON;
	a->person_until_ms = clock_mono_ms() + PERSON_MS;
	a->person_timer = loop_add_timer(a->host->loop, 0, person_tick, a);
}
