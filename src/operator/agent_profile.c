#include "avo.h"
#include "agent/report.h"
#include "base/path.h"
#include "journal/profile.h"
#include "operator/agent.h"

/* The recorded profile of `what` on a case (NULL: the one profiled last); owned, NULL when there is none. */
static cJSON *recorded(const struct agent *a, const char *what, const char *case_name)
{
	const struct profile *p = state_profile(a->host->state, what, case_name);
	char *journal = path_join(a->host->run_dir, ".avo/journal");
	cJSON *event = NULL;

	if (p && p->ref.segment)
		journal_fetch(&event, journal, p->ref, NULL);
	free(journal);
	return event;
}

static bool same_case(const cJSON *a, const cJSON *b)
{
	return strcmp(json_str(a, "case", ""), json_str(b, "case", "")) == 0;
}

/* What it stands beside: what was named, its parent, or what was measured before. Owned, may be NULL. */
static cJSON *other_side(const struct agent *a, const cJSON *event)
{
	const char *what = json_str(event, "what", ""), *case_name = json_str(event, "case", "");
	bool before = a->last_profile && same_case(a->last_profile, event);
	char parent[24];
	cJSON *found = NULL;

	if (a->profile_against[0])
		return recorded(a, a->profile_against, case_name);
	if (!before || strcmp(what, "work") != 0)
		found = recorded(a, profile_predecessor(parent, a->host->state, what), case_name);
	return found || !before ? found : cJSON_Duplicate(a->last_profile, true);
}

static void answer(struct agent *a, const cJSON *event, bool was_recorded)
{
	const char *verdict = json_str(event, "verdict", NULL);
	cJSON *other = verdict ? NULL : other_side(a, event);
	struct buf text = BUF_INIT;

	if (a->profile_against[0] && !verdict && !other)
		buf_printf(&text, "(%s was not profiled on the case %s)\n", a->profile_against, json_str(event, "case", "?"));
	if (was_recorded)
		buf_printf(&text, "(from the record, measured %s; again measures it anew)\n", json_str(event, "t", "before"));
	if (verdict)
		buf_printf(&text, "It could not be profiled: %s\n", json_str(event, "reason", verdict));
	else
		report_profile(&text, event, other, json_str(other, "what", NULL));
	if (!verdict) {
		cJSON_Delete(a->last_profile);
		a->last_profile = cJSON_Duplicate(event, true);
	}
	cJSON_Delete(other);
	toolbox_answer(&a->box, buf_cstr(&text), verdict != NULL);
	buf_release(&text);
}

void agent_profiled(void *op, const cJSON *event)
{
	struct agent *a = op;

	if (!a->profile_wanted)
		return;
	a->profile_wanted = false;
	answer(a, event, false);
}

bool agent_profile(void *arg, const char *what, const char *case_name, const char *against, bool again, const char **why)
{
	struct agent *a = arg;
	bool work = strcmp(what, "work") == 0;
	cJSON *event;

	if (against && !state_profile(a->host->state, against, case_name)) {
		*why = "what to compare with was not profiled on that case; profile it first";
		return false;
	}
	snprintf(a->profile_against, sizeof(a->profile_against), "%.31s", against ? against : "");
	event = work || again ? NULL : recorded(a, what, case_name);
	if (event) {
		answer(a, event, true);
		cJSON_Delete(event);
		return true;
	}
	a->profile_wanted = a->host->profile(a->host, what, work ? a->box.work_dir : NULL, case_name, why);
	return a->profile_wanted;
}

void agent_profile_stop(struct agent *a)
{
	if (a->profile_wanted)
		a->host->profile_cancel(a->host);
	a->profile_wanted = false;
}
