#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "ui/event.h"
#include "ui/link.h"
#include "ui/model.h"

#define SLICE_MS 15		/* how long reading may keep the keyboard waiting */
#define POLL_MS 500		/* how often files are looked at when nobody announces changes */
#define LATE_MS 25		/* a line was announced but is not in the file yet */
#define EVENT_TEXT_MAX 4096

struct model_private {
	struct model_options o;
	char *run_dir, *journal_dir;
	struct loop *loop;
	struct model_hooks hooks;
	void *arg;
	struct journal_reader *reader;
	struct loop_timer *timer;
	struct link *link;
	struct lineage *lineage;
	cJSON *fetched;
	struct journal_ref fetched_ref;
	const char *types[64];		/* interned names of event types */
	cJSON *next;			/* replay: read, but its time has not come */
	struct journal_ref next_ref;
	int64_t play_start_mono, play_start_ms;
};

static void read_on(void *arg);

static void wake(struct model *m, int delay_ms)
{
	struct model_private *p = m->private;

	loop_remove_timer(p->loop, p->timer);
	p->timer = loop_add_timer(p->loop, delay_ms, read_on, m);
}

static const char *intern(struct model_private *p, const char *type)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(p->types) - 1 && p->types[i]; i++)
		if (strcmp(p->types[i], type) == 0)
			return p->types[i];
	if (i == ARRAY_LEN(p->types) - 1)
		return "other";
	p->types[i] = xstrdup(type);
	return p->types[i];
}

static void remember(struct model *m, const cJSON *event, struct journal_ref ref)
{
	struct buf text = BUF_INIT, clean = BUF_INIT;
	struct model_event *e;

	buf_init(&text, EVENT_TEXT_MAX);
	event_summary(&text, event);
	str_sanitize(&clean, buf_cstr(&text), text.len);
	m->events = xgrow(m->events, &m->event_cap, m->event_count + 1, sizeof(*m->events));
	e = &m->events[m->event_count++];
	*e = (struct model_event){
		.seq = m->state.seq,
		.time_ms = m->state.last_ms,
		.ref = ref,
		.type = intern(m->private, json_str(event, "type", "")),
		.text = xstrdup(buf_cstr(&clean)),
		.style = (uint8_t)event_style(json_str(event, "type", ""), event),
		.step = m->state.step_count ? m->state.steps[m->state.step_count - 1].id : -1,
		.action = (int)json_int(event, "action", -1),
	};
	buf_release(&text);
	buf_release(&clean);
}

static void apply(struct model *m, const cJSON *event, struct journal_ref ref)
{
	const char *type = json_str(event, "type", "");

	state_apply(&m->state, event, ref);
	remember(m, event, ref);
	m->generation++;
	if (strcmp(type, "message") == 0) {
		buf_clear(&m->live.text);
		m->live.waiting[0] = '\0';
	}
	if (strcmp(type, "attempt-scored") == 0)
		m->live.attempt = -1;
}

static int64_t play_ms(const struct model *m)
{
	const struct model_private *p = m->private;

	return p->play_start_ms + (int64_t)((double)(clock_mono_ms() - p->play_start_mono) * p->o.speed);
}

/* In replay: true when the event's time has come. The play starts with the first event. */
static bool is_due(struct model *m, const cJSON *event)
{
	struct model_private *p = m->private;
	int64_t t = clock_parse(json_str(event, "t", ""));

	if (!p->o.replay || !(p->o.speed > 0) || t < 0)
		return true;
	if (!p->play_start_ms) {
		p->play_start_ms = t;
		p->play_start_mono = clock_mono_ms();
	}
	return t <= play_ms(m);
}

static enum avo_status next_event(struct model *m, cJSON **out, struct journal_ref *ref, struct error *err)
{
	struct model_private *p = m->private;
	const char *line;
	size_t len;
	enum avo_status st;

	if (p->next) {
		*out = p->next;
		*ref = p->next_ref;
		p->next = NULL;
		return AVO_OK;
	}
	st = journal_reader_next(p->reader, &line, &len, ref, err);
	return st == AVO_OK ? json_parse(out, line, len, err) : st;
}

/* Takes in lines until there are none, or the slice of time is used up (AVO_BUSY). */
static enum avo_status take_lines(struct model *m, struct error *err)
{
	struct model_private *p = m->private;
	int64_t until = clock_mono_ms() + SLICE_MS;
	struct journal_ref ref;
	cJSON *event;
	enum avo_status st;

	while ((st = next_event(m, &event, &ref, err)) == AVO_OK) {
		if (!is_due(m, event)) {
			p->next = event;
			p->next_ref = ref;
			return AVO_TIMEOUT;
		}
		apply(m, event, ref);
		cJSON_Delete(event);
		if (clock_mono_ms() >= until)
			return AVO_BUSY;
	}
	return st;
}

static int next_look_ms(const struct model *m, enum avo_status st)
{
	if (st == AVO_BUSY)
		return 0;
	if (st == AVO_TIMEOUT)		/* replay: the next event is not due */
		return 50;
	if (m->connected && m->announced > m->state.seq)
		return LATE_MS;
	return m->connected ? 4 * POLL_MS : POLL_MS;
}

/* Asked at every look at the files; a directory that was moved may come back. */
static void look_for_record(struct model *m)
{
	bool gone = journal_reader_gone(m->private->reader, m->private->journal_dir);

	m->generation += gone != m->gone;
	m->gone = gone;
}

static void read_on(void *arg)
{
	struct model *m = arg;
	uint64_t before = m->generation;
	struct error err = { 0 };
	enum avo_status st;

	m->private->timer = NULL;
	if (m->held)
		return;
	look_for_record(m);
	st = take_lines(m, &err);
	if (st != AVO_BUSY && !m->loaded) {
		m->loaded = true;
		m->generation++;
	}
	if (st != AVO_OK && st != AVO_NEGATIVE && st != AVO_BUSY && st != AVO_TIMEOUT) {
		snprintf(m->trouble, sizeof(m->trouble), "%s", err.text);
		m->generation++;
	}
	if (m->generation != before)
		m->private->hooks.changed(m->private->arg);
	wake(m, next_look_ms(m, st));
}

/* --- what the link tells --- */

static void link_connected(void *arg, bool connected)
{
	struct model *m = arg;

	m->connected = connected;
	m->live.attempt = -1;
	m->live.waiting[0] = '\0';
	buf_clear(&m->live.text);
	m->generation++;
	m->private->hooks.changed(m->private->arg);
	wake(m, 0);
}

static void link_announced(void *arg, uint64_t seq)
{
	struct model *m = arg;

	if (seq > m->announced)
		m->announced = seq;
	if (!m->held && seq > m->state.seq)
		wake(m, 0);
}

static void link_live(void *arg, const cJSON *live)
{
	struct model *m = arg;
	const char *kind = json_str(live, "kind", "");

	if (m->held)
		return;
	if (strcmp(kind, "progress") == 0) {
		m->live.attempt = (int)str_to_id(json_str(live, "attempt", ""), 'a');
		snprintf(m->live.stage, sizeof(m->live.stage), "%s", json_str(live, "stage", ""));
		m->live.done = (int)json_int(live, "done", 0);
		m->live.total = (int)json_int(live, "total", 0);
	} else if (strcmp(kind, "text") == 0) {
		buf_addstr(&m->live.text, json_str(live, "text", ""));
		m->live.waiting[0] = '\0';
	} else if (strcmp(kind, "wait") == 0) {
		snprintf(m->live.waiting, sizeof(m->live.waiting), "%s", json_str(live, "text", ""));
	} else if (strcmp(kind, "again") == 0) {
		/* what was streamed is void */
		buf_clear(&m->live.text);
	}
	m->generation++;
	m->private->hooks.changed(m->private->arg);
}

static void link_answered(void *arg, int id, const cJSON *answer)
{
	struct model *m = arg;

	m->private->hooks.answered(m->private->arg, id, answer);
}

static const struct link_hooks link_hooks = { link_connected, link_announced, link_live, link_answered };

/* --- life --- */

enum avo_status model_new(struct model **out, const struct model_options *o, struct loop *loop,
			  const struct model_hooks *hooks, void *arg, struct error *err)
{
	struct model *m = xcalloc(1, sizeof(*m));
	struct model_private *p = m->private = xcalloc(1, sizeof(*p));
	enum avo_status st;

	p->o = *o;
	p->run_dir = xstrdup(o->run_dir ? o->run_dir : ".");
	p->journal_dir = o->journal_dir ? xstrdup(o->journal_dir) : path_join(p->run_dir, ".avo/journal");
	p->loop = loop;
	p->hooks = *hooks;
	p->arg = arg;
	state_init(&m->state);
	m->live.attempt = -1;
	buf_init(&m->live.text, 64 << 10);
	st = journal_reader_open(&p->reader, p->journal_dir, err);
	if (st != AVO_OK) {
		model_free(m);
		return st;
	}
	if (!o->replay)
		p->link = link_new(loop, p->run_dir, o->read_only, &link_hooks, m);
	wake(m, 0);
	*out = m;
	return AVO_OK;
}

void model_free(struct model *m)
{
	struct model_private *p;
	size_t i;

	if (!m)
		return;
	p = m->private;
	link_free(p->link);
	loop_remove_timer(p->loop, p->timer);
	journal_reader_close(p->reader);
	lineage_close(p->lineage);
	cJSON_Delete(p->fetched);
	cJSON_Delete(p->next);
	for (i = 0; i < ARRAY_LEN(p->types); i++)
		free((char *)p->types[i]);
	free(p->run_dir);
	free(p->journal_dir);
	free(p);
	for (i = 0; i < m->event_count; i++)
		free(m->events[i].text);
	free(m->events);
	buf_release(&m->live.text);
	state_release(&m->state);
	free(m);
}

bool model_busy(const struct model *m)
{
	if (m->held)
		return false;
	return !m->loaded || link_busy(m->private->link) || m->announced > m->state.seq;
}

void model_hold(struct model *m, bool held)
{
	m->held_ms = model_now_ms(m);
	m->held = held;
	m->generation++;
	if (!held)
		wake(m, 0);
}

int64_t model_now_ms(const struct model *m)
{
	if (m->held)
		return m->held_ms;
	if (!m->private->o.replay)
		return clock_wall_ms();
	return m->private->o.speed > 0 && m->private->next ? play_ms(m) : m->state.last_ms;
}

bool model_ticks(const struct model *m)
{
	enum engine_state s = m->state.state;

	return !m->held && (s == ENGINE_RUNNING || s == ENGINE_STEPPING || s == ENGINE_AWAITING || s == ENGINE_WAITING);
}

bool model_takes_messages(const struct model *m)
{
	return link_takes_messages(m->private->link);
}

enum avo_status model_command(struct model *m, cJSON *command, int *id, struct error *err)
{
	char word[PATH_WORD_SIZE];

	if (m->gone) {
		cJSON_Delete(command);
		return error_set(err, AVO_NEGATIVE, "the run is gone: %s was deleted or moved away", m->private->run_dir);
	}
	if (!m->connected) {
		cJSON_Delete(command);
		return error_set(err, AVO_NEGATIVE, "no engine runs here; start it with: avo run %s", path_word(word, m->private->run_dir));
	}
	*id = link_send(m->private->link, command);
	return AVO_OK;
}

const cJSON *model_fetch(struct model *m, struct journal_ref ref)
{
	struct model_private *p = m->private;

	if (!ref.segment)
		return NULL;
	if (p->fetched && p->fetched_ref.segment == ref.segment && p->fetched_ref.offset == ref.offset)
		return p->fetched;
	cJSON_Delete(p->fetched);
	p->fetched = NULL;
	p->fetched_ref = ref;
	if (journal_fetch(&p->fetched, p->journal_dir, ref, NULL) != AVO_OK)
		return NULL;
	return p->fetched;
}

struct lineage *model_lineage(struct model *m, struct error *err)
{
	struct model_private *p = m->private;

	if (!p->lineage && lineage_open(&p->lineage, p->run_dir, LINEAGE_READ, err) != AVO_OK)
		return NULL;
	return p->lineage;
}

const char *model_run_dir(const struct model *m)
{
	return m->private->run_dir;
}
