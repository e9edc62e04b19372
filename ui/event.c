#include "avo.h"
#include "journal/profile.h"
#include "task/score.h"
#include "ui/event.h"
#include "ui/format.h"
#include "ui/theme.h"

#include <math.h>

/* "key" of the event with words around it, when it is there. */
static void add(struct buf *out, const cJSON *event, const char *before, const char *key, const char *after)
{
	const cJSON *item = json_get(event, key);

	if (cJSON_IsString(item) && item->valuestring[0])
		buf_printf(out, "%s%s%s", before, item->valuestring, after);
	else if (cJSON_IsNumber(item))
		buf_printf(out, "%s%.10g%s", before, item->valuedouble, after);
}

static void add_score(struct buf *out, const cJSON *event)
{
	double geomean = json_num(event, "geomean", NAN);
	char number[FORMAT_SIZE];

	if (isfinite(geomean))
		buf_printf(out, "  %s %s", format_number(number, geomean, format_decimals(geomean)), json_str(event, "unit", ""));
}

static void add_comparison(struct buf *out, const cJSON *event)
{
	struct comparison c;
	char text[FORMAT_SIZE * 2];

	comparison_from_json(&c, event);
	if (c.decision != DECISION_NONE)
		buf_printf(out, " %s  %s", decision_name(c.decision), format_interval(text, &c));
}

static void say_attempt_scored(struct buf *out, const cJSON *e)
{
	add(out, e, "", "attempt", " ");
	add(out, e, "", "verdict", "");
	add_comparison(out, e);
	add_score(out, e);
	add(out, e, ": ", "reason", "");
}

static void say_version(struct buf *out, const cJSON *e)
{
	add(out, e, "", "version", "");
	add(out, e, " from ", "attempt", "");
	add(out, e, "  ", "title", "");
	add_score(out, e);
}

static void say_action_ended(struct buf *out, const cJSON *e)
{
	add(out, e, "", "action", " ");
	buf_addstr(out, json_bool(e, "ok", true) ? "done" : "failed");
	add(out, e, ": ", "result", "");
}

static void say_profile(struct buf *out, const cJSON *e)
{
	add(out, e, "", "what", "");
	add(out, e, " on ", "case", "");
	add(out, e, " for the ", "by", "");
	if (profile_absent(e))
		buf_printf(out, ": no counters: %s", profile_absent(e));
	else
		buf_printf(out, ": %d counters", cJSON_GetArraySize(json_arr(e, "counters")));
}

static void say_peer(struct buf *out, const cJSON *e)
{
	add(out, e, "", "name", "");
	add_score(out, e);
}

/* Types whose line is made of members in order: words, key, words, key, ... */
struct phrase {
	const char *type;
	int style;
	void (*say)(struct buf *out, const cJSON *event);
	const char *parts[12];		/* before, key, before, key, ... */
};

static const struct phrase phrases[] = {
	{ "run-created", STYLE_STRONG, NULL, { "", "name", ", suite ", "suite", ", ", "backend", ", operator ", "operator", ", gate ", "gate" } },
	{ "settings", STYLE_STRONG, NULL, { "", "text" } },
	{ "engine-started", STYLE_DIM, NULL, { "pid ", "pid", " on ", "host", ", avo ", "version" } },
	{ "engine-stopped", STYLE_WARN, NULL, { "", "reason" } },
	{ "device", STYLE_DIM, NULL, { "", "device", ", peak ", "peak", ", sandbox ", "sandbox" } },
	{ "peer", STYLE_LINE_PEER, say_peer, { 0 } },
	{ "state", STYLE_STRONG, NULL, { "", "state", ": ", "reason" } },
	{ "gate", STYLE_STRONG, NULL, { "", "gate", " by ", "by" } },
	{ "step-started", STYLE_HEADING, NULL, { "", "step", " from ", "parent", ", operator ", "operator" } },
	{ "step-ended", STYLE_HEADING, NULL, { "", "step", " ", "outcome", " ", "version", ": ", "text" } },
	{ "action-started", STYLE_DEFAULT, NULL, { "", "action", " ", "kind", " ", "text" } },
	{ "action-ended", STYLE_DEFAULT, say_action_ended, { 0 } },
	{ "direction-opened", STYLE_HEADING, NULL, { "", "direction", " ", "title", ": ", "hypothesis", " Expected: ", "expected" } },
	{ "direction-closed", STYLE_HEADING, NULL, { "", "direction", " ", "state", ": ", "outcome" } },
	{ "attempt-started", STYLE_DEFAULT, NULL, { "", "attempt", " from ", "parent", " by ", "author", ": ", "title" } },
	{ "attempt-scored", STYLE_DEFAULT, say_attempt_scored, { 0 } },
	{ "pending", STYLE_WARN, NULL, { "", "attempt", " waits for approval" } },
	{ "approved", STYLE_GOOD, NULL, { "", "attempt", " by ", "by", ": ", "message" } },
	{ "rejected", STYLE_BAD, NULL, { "", "attempt", " by ", "by", ": ", "reason" } },
	{ "version", STYLE_GOOD, say_version, { 0 } },
	{ "version-scored", STYLE_DIM, say_version, { 0 } },
	{ "intervention", STYLE_WARN, NULL, { "", "trigger", ": ", "reason", " → ", "act" } },
	{ "hint", STYLE_LIVE, NULL, { "", "by", ": ", "text" } },
	{ "budget", STYLE_WARN, NULL, { "", "kind", " at ", "level", " of its limit: ", "used", " of ", "limit" } },
	{ "warning", STYLE_WARN, NULL, { "", "text" } },
	{ "message", STYLE_DEFAULT, NULL, { "", "role", ": ", "text" } },
	{ "profile", STYLE_DIM, say_profile, { 0 } },
	{ "usage", STYLE_DIM, NULL, { "$", "cost_usd", ", ", "tokens_in", " tokens in, ", "tokens_out", " out" } },
};

static const struct phrase *find(const char *type)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(phrases); i++)
		if (strcmp(phrases[i].type, type) == 0)
			return &phrases[i];
	return NULL;
}

void event_summary(struct buf *out, const cJSON *event)
{
	const struct phrase *p = find(json_str(event, "type", ""));
	size_t i;

	if (!p)		/* a type from a newer avo: show what it holds */
		json_print(out, event);
	else if (p->say)
		p->say(out, event);
	else
		for (i = 0; i + 1 < ARRAY_LEN(p->parts) && p->parts[i]; i += 2) {
			if (p->parts[i + 1])
				add(out, event, p->parts[i], p->parts[i + 1], "");
			else
				buf_addstr(out, p->parts[i]);
		}
}

int event_style(const char *type, const cJSON *event)
{
	const struct phrase *p = find(type);

	if (p && p->say == say_action_ended && !json_bool(event, "ok", true))
		return STYLE_BAD;
	if (p && p->say == say_attempt_scored) {
		if (strcmp(json_str(event, "verdict", ""), "passed") != 0)
			return STYLE_BAD;
		return strcmp(json_str(event, "decision", ""), "improved") == 0 ? STYLE_GOOD : STYLE_DEFAULT;
	}
	return p ? p->style : STYLE_DIM;
}
