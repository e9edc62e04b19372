#include "avo.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "score/link.h"
#include "score/supply.h"
#include "score/words.h"

#define SILENCE_MS 20000		/* ten heartbeats; a loaded machine misses some */
#define NOTICE_MS 2000			/* a wait that is shorter is nobody's business */
#define PING_MS 5000			/* a worker that hears nothing for a minute takes its engine for dead */
#define FIRST_PAUSE_MS 1000
#define LEAST_PAUSE_MS 10
#define LIMIT_MS ((int64_t)12 * 3600 * 1000)

/* Pauses between tries, in first pauses; the last one repeats. */
static const int pauses[] = { 1, 2, 5, 15, 60 };

struct supply {
	struct loop *loop;
	struct supply_callbacks cb;
	void *arg;
	char *command;
	int64_t silence_ms, first_ms, limit_ms;
	struct worker_link *link;	/* starting, or ready */
	struct worker_link *ending;
	bool ready, retiring, given_up;
	cJSON *hello;
	int tries;
	int64_t since_ms, away_ms, next_ms;
	char *why;			/* how the last one ended; owned, NULL: none did */
	char *said[WORDS_LINES];	/* of the last client, once it is gone */
	struct loop_timer *pause, *notice, *ping;
};

static void on_notice(void *arg)
{
	struct supply *s = arg;

	s->notice = NULL;
	s->cb.changed(s->arg);
}

/* From the loop, so that no callback runs inside a call of the user's. */
static void notify(struct supply *s, int64_t delay_ms)
{
	loop_remove_timer(s->loop, s->notice);
	s->notice = loop_add_timer(s->loop, delay_ms, on_notice, s);
}

void supply_new(struct supply **out, struct loop *loop, const char *command, const struct supply_callbacks *cb, void *arg)
{
	struct supply *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	s->cb = *cb;
	s->arg = arg;
	s->command = xstrdup(command);
	s->silence_ms = SILENCE_MS;
	s->first_ms = FIRST_PAUSE_MS;
	s->limit_ms = LIMIT_MS;
	s->since_ms = clock_mono_ms();
	*out = s;
}

static void forget_words(struct supply *s)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(s->said); i++) {
		free(s->said[i]);
		s->said[i] = NULL;
	}
}

void supply_free(struct supply *s)
{
	if (!s)
		return;
	loop_remove_timer(s->loop, s->pause);
	loop_remove_timer(s->loop, s->notice);
	loop_remove_timer(s->loop, s->ping);
	worker_link_free(s->link);
	worker_link_free(s->ending);
	cJSON_Delete(s->hello);
	forget_words(s);
	free(s->why);
	free(s->command);
	free(s);
}

void supply_set_silence(struct supply *s, int64_t silence_ms)
{
	s->silence_ms = silence_ms;
}

void supply_set_patience(struct supply *s, int64_t first_ms, int64_t limit_ms)
{
	s->first_ms = first_ms > LEAST_PAUSE_MS ? first_ms : LEAST_PAUSE_MS;
	s->limit_ms = limit_ms;
}

/* --- the end of one, and the pause before the next ------------------------------------- */

static void on_pause_over(void *arg)
{
	struct supply *s = arg;

	s->pause = NULL;
	s->cb.changed(s->arg);
}

static void begin_pause(struct supply *s)
{
	size_t last = ARRAY_LEN(pauses) - 1;
	int64_t now = clock_mono_ms(), ms = s->first_ms * pauses[s->tries < (int)last ? (size_t)s->tries : last];

	s->tries++;
	s->given_up = s->limit_ms && now - s->away_ms >= s->limit_ms;
	s->next_ms = now + ms;
	loop_remove_timer(s->loop, s->pause);
	s->pause = loop_add_timer(s->loop, ms, on_pause_over, s);
	notify(s, 0);
}

static void on_retired(void *arg, bool killed)
{
	struct supply *s = arg;

	s->ending = NULL;
	if (killed)
		log_warn("the worker did not end when it was told to, and was killed; what it started elsewhere may still run");
	if (s->retiring)
		s->cb.retired(s->arg, killed);
	else
		s->cb.changed(s->arg);
}

static void set_why(struct supply *s, const char *why)
{
	char *copy = xstrdup(why);	/* it may be part of what is freed */

	free(s->why);
	s->why = copy;
}

static void end_link(struct supply *s, const char *why)
{
	size_t i;

	forget_words(s);
	for (i = 0; i < ARRAY_LEN(s->said) && worker_link_said(s->link, (int)i); i++)
		s->said[i] = xstrdup(worker_link_said(s->link, (int)i));
	set_why(s, why);
	if (s->ready)
		s->since_ms = clock_mono_ms();
	if (s->ready || !s->away_ms)
		s->away_ms = clock_mono_ms();
	s->ready = false;
	loop_remove_timer(s->loop, s->ping);
	s->ping = NULL;
	s->ending = s->link;
	s->link = NULL;
	worker_link_retire(s->ending, on_retired, s);
}

void supply_drop(struct supply *s, const char *why)
{
	if (!s->link)
		return;
	end_link(s, why);
	begin_pause(s);
}

static void on_gone(void *arg, const char *why)
{
	struct supply *s = arg;
	bool was_ready = s->ready;

	supply_drop(s, why);
	if (was_ready)
		s->cb.lost(s->arg, s->why);
}

/* --- its words ------------------------------------------------------------------------------ */

static void on_ping(void *arg)
{
	struct supply *s = arg;
	cJSON *ping = cJSON_CreateObject();

	json_set_str(ping, "op", "ping");
	worker_link_send(s->link, ping);
	cJSON_Delete(ping);
	s->ping = loop_add_timer(s->loop, PING_MS, on_ping, s);
}

/* One that is not of this build may still be right: its results are checked. */
static void compare_version(const cJSON *hello)
{
	const char *version = json_str(hello, "worker", "");

	if (strcmp(version, PACKAGE_VERSION) != 0)
		log_warn("the worker on %s is avo-worker %s, this is avo " PACKAGE_VERSION, json_str(hello, "host", "?"), *version ? version : "?");
}

static void take_hello(struct supply *s, const cJSON *hello)
{
	if (json_int(hello, "hello", 0) != 1) {
		supply_drop(s, "the worker speaks another version of the protocol; update avo-worker there");
		return;
	}
	cJSON_Delete(s->hello);
	s->hello = cJSON_Duplicate(hello, true);
	s->ready = true;
	s->away_ms = 0;
	compare_version(hello);
	/* it says so when it can be pinged */
	if (json_get(hello, "patience_s") && !s->ping)
		s->ping = loop_add_timer(s->loop, 0, on_ping, s);
	notify(s, 0);
}

static void on_message(void *arg, const cJSON *object)
{
	struct supply *s = arg;

	if (json_get(object, "hello"))
		take_hello(s, object);
	else if (s->ready)
		s->cb.message(s->arg, object);
}

static void on_said(void *arg)
{
	struct supply *s = arg;

	if (!s->ready && clock_mono_ms() - s->since_ms >= NOTICE_MS)
		notify(s, 0);
}

/* --- its start -------------------------------------------------------------------------------- */

enum avo_status supply_want(struct supply *s, struct error *err)
{
	static const struct link_callbacks callbacks = { .message = on_message, .said = on_said, .gone = on_gone };
	enum avo_status st;

	if (s->link || s->ending || s->pause || s->given_up || s->retiring)
		return AVO_OK;
	st = worker_link_new(&s->link, s->loop, s->command, s->silence_ms, &callbacks, s, err);
	if (st == AVO_OK) {
		notify(s, NOTICE_MS);
		return AVO_OK;
	}
	set_why(s, err->text);
	if (!s->away_ms)
		s->away_ms = clock_mono_ms();
	begin_pause(s);
	return st;
}

bool supply_ready(const struct supply *s)
{
	return s->ready;
}

void supply_send(struct supply *s, const cJSON *object)
{
	if (s->link)
		worker_link_send(s->link, object);
}

bool supply_has_word(const struct supply *s)
{
	return s->link && worker_link_has_word(s->link);
}

void supply_praise(struct supply *s)
{
	s->tries = 0;
}

void supply_retry(struct supply *s)
{
	if (s->ready || s->link)
		return;
	s->tries = 0;
	s->given_up = false;
	s->away_ms = clock_mono_ms();
	loop_remove_timer(s->loop, s->pause);
	s->pause = NULL;
	notify(s, 0);
}

void supply_retire(struct supply *s)
{
	s->retiring = true;
	if (s->link)
		end_link(s, "it is not needed any more");
	else if (!s->ending)
		s->cb.retired(s->arg, false);
}

const cJSON *supply_hello(const struct supply *s)
{
	return s->hello;
}

void supply_waiting(struct supply_wait *out, const struct supply *s)
{
	size_t i;

	*out = (struct supply_wait){
		.ready = s->ready, .away = !s->link, .given_up = s->given_up, .since_ms = s->since_ms, .next_ms = s->next_ms,
		.tries = s->tries, .why = s->why ? s->why : "",
	};
	for (i = 0; i < ARRAY_LEN(s->said); i++)
		out->said[i] = s->link ? worker_link_said(s->link, (int)i) : s->said[i];
}
