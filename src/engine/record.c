/*
 * Everything that is written down goes through here: into the journal, the
 * state and to the viewers, in this order. A disk that is full stops the
 * search, not the engine: events wait in memory until they can be written.
 */
#include "avo.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"

#include <stdarg.h>

cJSON *engine_event(const char *type)
{
	cJSON *e = cJSON_CreateObject();

	json_set_str(e, "type", type);
	return e;
}

static void sync_due(void *arg)
{
	struct engine *e = arg;
	struct error err = { 0 };
	int ms = journal_tick(e->journal, &err);

	e->sync_timer = NULL;
	if (err.status)
		log_warn("the journal cannot be synced: %s", err.text);
	if (ms >= 0)
		e->sync_timer = loop_add_timer(e->loop, ms, sync_due, e);
}

/* The line just written goes into the state and to the viewers. */
static void publish(struct engine *e, bool apply)
{
	struct journal_ref ref;
	size_t len;
	const char *line = journal_last_line(e->journal, &len, &ref);
	cJSON *event = NULL;

	if (apply && json_parse(&event, line, len, NULL) == AVO_OK)
		state_apply(&e->state, event, ref);
	cJSON_Delete(event);
	e->state.seq = journal_last_seq(e->journal);
	if (e->server)
		control_server_event(e->server, line, len, e->state.seq);
	if (!e->sync_timer)
		e->sync_timer = loop_add_timer(e->loop, 0, sync_due, e);
}

static void hold(struct engine *e, cJSON *event, enum journal_sync sync)
{
	char stamp[CLOCK_STAMP_SIZE];

	json_set_str(event, "t", clock_format(stamp, clock_wall_ms()));
	state_apply(&e->state, event, (struct journal_ref){ 0 });
	cJSON_DeleteItemFromObjectCaseSensitive(event, "t");
	e->backlog = xgrow(e->backlog, &e->backlog_cap, e->backlog_count + 1, sizeof(*e->backlog));
	e->backlog_sync = xgrow(e->backlog_sync, &e->backlog_sync_cap, e->backlog_count + 1, sizeof(*e->backlog_sync));
	e->backlog[e->backlog_count] = event;
	e->backlog_sync[e->backlog_count++] = sync;
}

/* The event says how long the run was active. This life's first one cannot: what a killed life left active is not. */
static void settle_activity(struct run_state *s, cJSON *event)
{
	int64_t now = clock_mono_ms();

	if (s->active && s->recorded_mono_ms) {
		s->active_ms += now - s->recorded_mono_ms;
		json_set_int(event, "active_ms", s->active_ms);
	}
	s->recorded_mono_ms = now;
}

void engine_record(struct engine *e, cJSON *event, enum journal_sync sync)
{
	struct error err = { 0 };
	bool first = e->backlog_count == 0;
	cJSON *copy;

	settle_activity(&e->state, event);
	copy = cJSON_Duplicate(event, true);
	if (first && journal_append(e->journal, event, sync, &err) == AVO_OK) {
		cJSON_Delete(copy);
		publish(e, true);
		return;
	}
	if (first && err.status == AVO_USAGE) {
		/* it will never fit: better a journal without it than a run that stands still */
		cJSON_Delete(copy);
		engine_warn(e, "an event was not recorded: %s", err.text);
		return;
	}
	if (!first)
		cJSON_Delete(event);
	hold(e, copy, sync);
	if (first && err.status == AVO_CONFLICT) {
		presence_intruded(e, err.text);
	} else if (first) {
		error_prefix(&err, err.status, "the journal cannot be written");
		engine_trouble(e, TROUBLE_JOURNAL, &err);
	}
}

bool engine_write_backlog(struct engine *e, struct error *err)
{
	size_t done = 0;

	while (done < e->backlog_count &&
	       journal_append(e->journal, cJSON_Duplicate(e->backlog[done], true), e->backlog_sync[done], err) == AVO_OK) {
		publish(e, false);
		cJSON_Delete(e->backlog[done++]);
	}
	if (!done)
		return e->backlog_count == 0;
	e->backlog_count -= done;
	memmove(e->backlog, e->backlog + done, e->backlog_count * sizeof(*e->backlog));
	memmove(e->backlog_sync, e->backlog_sync + done, e->backlog_count * sizeof(*e->backlog_sync));
	return e->backlog_count == 0;
}

void engine_warn(struct engine *e, const char *fmt, ...)
{
	cJSON *event = engine_event("warning");
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	log_warn("%s", buf_cstr(&text));
	json_set_str(event, "text", buf_cstr(&text));
	engine_record(e, event, JOURNAL_LAZY);
	buf_release(&text);
}
