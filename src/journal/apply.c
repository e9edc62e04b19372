#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "journal/internal.h"

static const struct {
	const char *type;
	apply_fn *fn;
} table[] = {
	{ "run-created", apply_run_created },
	{ "settings", apply_settings },
	{ "engine-started", apply_engine_started },
	{ "engine-stopped", apply_engine_stopped },
	{ "device", apply_device },
	{ "peer", apply_peer },
	{ "state", apply_state },
	{ "gate", apply_gate },
	{ "intervention", apply_intervention },
	{ "usage", apply_usage },
	{ "profile", apply_profile },
	{ "step-started", apply_step_started },
	{ "step-ended", apply_step_ended },
	{ "action-started", apply_action_started },
	{ "action-ended", apply_action_ended },
	{ "direction-opened", apply_direction_opened },
	{ "direction-closed", apply_direction_closed },
	{ "attempt-started", apply_attempt_started },
	{ "attempt-scored", apply_attempt_scored },
	{ "pending", apply_pending },
	{ "rejected", apply_rejected },
	{ "version", apply_version },
	{ "version-scored", apply_version_scored },
};

int event_id(const cJSON *event, const char *key, char letter)
{
	const char *text = json_str(event, key, NULL);
	long id = text ? str_to_id(text, letter) : -1;

	return id < 0 || id > INT32_MAX - 1 ? -1 : (int)id;
}

void event_object_id(char out[COMMIT_ID_SIZE], const cJSON *event, const char *key)
{
	const char *text = json_str(event, key, "");

	snprintf(out, COMMIT_ID_SIZE, "%s", strlen(text) < COMMIT_ID_SIZE ? text : "");
}

char *event_dup(const cJSON *event, const char *key)
{
	const char *text = json_str(event, key, NULL);

	return text ? xstrdup(text) : NULL;
}

void event_set(char **field, const cJSON *event, const char *key)
{
	free(*field);
	*field = xstrdup(json_str(event, key, ""));
}

static int64_t event_time(const struct run_state *s, const cJSON *event)
{
	const char *stamp = json_str(event, "t", NULL);
	int64_t t = stamp ? clock_parse(stamp) : -1;

	return t >= 0 ? t : s->last_ms;
}

static apply_fn *find(const char *type)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++)
		if (strcmp(table[i].type, type) == 0)
			return table[i].fn;
	return NULL;
}

/*
 * The engine says how long it was active by a clock that nobody sets. Without its word the event's time has to do. One that was
 * killed recorded no end: its time counts up to its last event.
 */
static void count_activity(struct run_state *s, const cJSON *event, int64_t t)
{
	double said = json_num(event, "active_ms", -1);

	if (!s->active || strcmp(json_str(event, "type", ""), "engine-started") == 0)
		return;
	if (said < 0)
		s->active_ms += state_gap(t - s->last_ms);
	else if (said > (double)s->active_ms && said < (double)INT64_MAX)
		s->active_ms = (int64_t)said;
}

void state_apply(struct run_state *s, const cJSON *event, struct journal_ref ref)
{
	const char *type = json_str(event, "type", NULL);
	int64_t seq = json_int(event, "seq", 0), t = event_time(s, event);
	apply_fn *fn = type ? find(type) : NULL;

	if (seq > 0 && (uint64_t)seq <= s->seq)
		return;
	count_activity(s, event, t);
	if (fn)
		fn(s, event, t, ref);
	if (seq > 0)
		s->seq = (uint64_t)seq;
	if (!s->first_ms)
		s->first_ms = t;
	s->last_ms = t;
}
