#include "avo.h"
#include "base/log.h"
#include "base/mem.h"
#include "score/evaluator.h"
#include "score/link.h"
#include "task/score.h"

#define SILENCE_MS 20000		/* ten heartbeats; a loaded machine misses some */
#define DEADLINE_MS 300000
#define GRACE_MS 10000			/* behind the deadline, which the worker keeps itself, and after a cancel */
#define IDLE_HEARTBEATS 3		/* the worker says it has nothing to do while it has */
#define ATTEMPTS 2

struct evaluation {
	struct evaluator *owner;
	struct evaluation *next;
	cJSON *request;
	int64_t id, deadline_ms;
	struct evaluation_callbacks cb;
	void *arg;
	int attempts;
	bool sent, cancelled;
	int idle_heartbeats;
	struct loop_timer *timer;	/* deadline, or the end of a cancelled one that waits */
};

struct evaluator {
	struct loop *loop;
	char *command;
	int64_t silence_ms;
	struct worker_link *link;
	cJSON *hello;			/* of the worker that runs, or of the last one */
	bool ready;			/* the worker that runs has said hello */
	struct evaluation *queue;	/* the first is the one being worked on */
	int64_t last_id;
	struct loop_timer *kick;	/* start the first of the queue */
	void (*on_measuring)(void *arg, bool on);
	void *measuring_arg;
	bool measuring;			/* as it was told */
};

static void kick(struct evaluator *e);

static void evaluation_free(struct evaluation *ev)
{
	loop_remove_timer(ev->owner->loop, ev->timer);
	cJSON_Delete(ev->request);
	free(ev);
}

static void unqueue(struct evaluation *ev)
{
	struct evaluation **at = &ev->owner->queue;

	while (*at && *at != ev)
		at = &(*at)->next;
	if (*at)
		*at = ev->next;
}

/* Whether a worker has the first of the queue, told when that has changed. */
static void tell_measuring(struct evaluator *e)
{
	bool now = e->queue && e->queue->sent;

	if (now == e->measuring || !e->on_measuring)
		return;
	e->measuring = now;
	e->on_measuring(e->measuring_arg, now);
}

/* The one place where a job ends. */
static void finish(struct evaluation *ev, const cJSON *result)
{
	struct evaluator *e = ev->owner;

	unqueue(ev);
	tell_measuring(e);
	ev->cb.done(ev->arg, result);
	evaluation_free(ev);
	kick(e);
}

static void finish_with(struct evaluation *ev, enum verdict v, const char *reason)
{
	cJSON *result = cJSON_CreateObject();

	json_set_int(result, "id", ev->id);
	json_set_str(result, "event", "result");
	json_set_str(result, "verdict", verdict_name(v));
	json_set_str(result, "reason", reason);
	finish(ev, result);
	cJSON_Delete(result);
}

static void drop_worker(struct evaluator *e)
{
	worker_link_free(e->link);
	e->link = NULL;
	e->ready = false;
}

/* The worker failed the first job of the queue: another worker gets it, once. */
static void fail_current(struct evaluator *e, const char *why)
{
	struct evaluation *ev = e->queue;

	drop_worker(e);
	if (!ev)
		return;
	loop_remove_timer(e->loop, ev->timer);
	ev->timer = NULL;
	if (!ev->sent)
		ev->attempts++;		/* it died before it could be asked */
	if (ev->cancelled) {
		finish_with(ev, VERDICT_CANCELLED, "cancelled");
	} else if (ev->attempts < ATTEMPTS) {
		log_warn("%s; trying once more with a new one", why);
		ev->sent = false;
		tell_measuring(e);
		kick(e);
	} else {
		finish_with(ev, VERDICT_EVALUATOR_FAULT, why);
	}
}

static void on_gone(void *arg, const char *why)
{
	struct evaluator *e = arg;

	if (!e->ready && !e->queue)
		log_warn("%s before it was asked for anything", why);
	fail_current(e, why);
}

static void on_overdue(void *arg)
{
	struct evaluation *ev = arg;
	struct evaluator *e = ev->owner;

	ev->timer = NULL;
	ev->attempts = ATTEMPTS;	/* it would only take as long again */
	fail_current(e, "the worker did not keep the job's deadline");
}

static void take_result(struct evaluator *e, struct evaluation *ev, const cJSON *result)
{
	enum verdict v = verdict_parse(json_str(result, "verdict", NULL));
	bool evaluates = strcmp(json_str(ev->request, "op", ""), "evaluate") == 0;

	if (ev->cancelled && v != VERDICT_CANCELLED) {
		finish_with(ev, VERDICT_CANCELLED, "cancelled");
	} else if (v == VERDICT_NONE && evaluates) {
		fail_current(e, "the worker's result has no verdict");
	} else if (v == VERDICT_EVALUATOR_FAULT && ev->attempts < ATTEMPTS) {
		fail_current(e, json_str(result, "reason", "the worker reports a fault of its own"));
	} else {
		finish(ev, result);
	}
}

static void take_heartbeat(struct evaluator *e, struct evaluation *ev, const cJSON *beat)
{
	if (json_int(beat, "id", -1) == ev->id)
		ev->idle_heartbeats = 0;
	else if (++ev->idle_heartbeats >= IDLE_HEARTBEATS)
		fail_current(e, "the worker lost the job");
}

static void take_hello(struct evaluator *e, const cJSON *hello)
{
	if (json_int(hello, "hello", 0) != 1) {
		fail_current(e, "the worker speaks another version of the protocol; update avo-worker there");
		return;
	}
	cJSON_Delete(e->hello);
	e->hello = cJSON_Duplicate(hello, true);
	e->ready = true;
	kick(e);
}

static void on_message(void *arg, const cJSON *m)
{
	struct evaluator *e = arg;
	struct evaluation *ev = e->queue;
	const char *event = json_str(m, "event", "");

	if (json_get(m, "hello")) {
		take_hello(e, m);
		return;
	}
	if (strcmp(event, "error") == 0)
		log_warn("worker: %s", json_str(m, "text", "?"));
	if (!ev || !ev->sent)
		return;
	if (strcmp(event, "heartbeat") == 0)
		take_heartbeat(e, ev, m);
	else if (json_int(m, "id", -1) != ev->id)
		return;			/* the last words of a job that is over */
	else if (strcmp(event, "result") == 0)
		take_result(e, ev, m);
	else if (strcmp(event, "progress") == 0 && ev->cb.progress)
		ev->cb.progress(ev->arg, json_str(m, "stage", ""), (int)json_int(m, "done", 0), (int)json_int(m, "total", 0));
}

static enum avo_status start_worker(struct evaluator *e, struct error *err)
{
	static const struct link_callbacks callbacks = { .message = on_message, .gone = on_gone };

	if (e->link)
		return AVO_OK;
	return worker_link_new(&e->link, e->loop, e->command, e->silence_ms, &callbacks, e, err);
}

static void send_job(struct evaluation *ev)
{
	struct evaluator *e = ev->owner;

	ev->sent = true;
	tell_measuring(e);
	ev->attempts++;
	ev->idle_heartbeats = 0;
	ev->id = ++e->last_id;		/* a new one each time: an old answer never counts */
	json_set_int(ev->request, "id", ev->id);
	json_set_num(ev->request, "deadline_s", (double)ev->deadline_ms / 1000);
	worker_link_send(e->link, ev->request);
	ev->timer = loop_add_timer(e->loop, ev->deadline_ms + GRACE_MS, on_overdue, ev);
}

static void on_kick(void *arg)
{
	struct evaluator *e = arg;
	struct evaluation *ev = e->queue;
	struct error err = { 0 };

	e->kick = NULL;
	if (!ev || ev->sent)
		return;
	if (ev->cancelled)
		finish_with(ev, VERDICT_CANCELLED, "cancelled");
	else if (start_worker(e, &err) != AVO_OK)
		finish_with(ev, VERDICT_EVALUATOR_FAULT, err.text);
	else if (e->ready)
		send_job(ev);
}

/* From the loop, so that no callback runs inside a call of the user's. */
static void kick(struct evaluator *e)
{
	if (!e->kick)
		e->kick = loop_add_timer(e->loop, 0, on_kick, e);
}

enum avo_status evaluator_new(struct evaluator **out, struct loop *loop, const char *command, struct error *err)
{
	struct evaluator *e = xcalloc(1, sizeof(*e));
	enum avo_status st;

	e->loop = loop;
	e->command = xstrdup(command && *command ? command : "{worker}");
	e->silence_ms = SILENCE_MS;
	st = start_worker(e, err);
	if (st == AVO_OK)
		*out = e;
	else
		evaluator_free(e);
	return st;
}

void evaluator_set_silence(struct evaluator *e, int64_t silence_ms)
{
	e->silence_ms = silence_ms;
}

void evaluator_free(struct evaluator *e)
{
	if (!e)
		return;
	loop_remove_timer(e->loop, e->kick);
	while (e->queue) {
		struct evaluation *ev = e->queue;

		e->queue = ev->next;
		evaluation_free(ev);
	}
	worker_link_free(e->link);
	cJSON_Delete(e->hello);
	free(e->command);
	free(e);
}

struct evaluation *evaluator_submit(struct evaluator *e, cJSON *request, int64_t deadline_ms,
				    const struct evaluation_callbacks *cb, void *arg)
{
	struct evaluation *ev = xcalloc(1, sizeof(*ev)), **at = &e->queue;

	ev->owner = e;
	ev->request = request;
	ev->deadline_ms = deadline_ms > 0 ? deadline_ms : DEADLINE_MS;
	ev->cb = *cb;
	ev->arg = arg;
	while (*at)
		at = &(*at)->next;
	*at = ev;
	kick(e);
	return ev;
}

static void on_cancelled(void *arg)
{
	struct evaluation *ev = arg;

	ev->timer = NULL;
	if (ev->sent)
		fail_current(ev->owner, "cancelled");	/* the worker did not react */
	else
		finish_with(ev, VERDICT_CANCELLED, "cancelled");
}

void evaluator_cancel(struct evaluation *ev)
{
	struct evaluator *e = ev->owner;
	cJSON *request;

	if (ev->cancelled)
		return;
	ev->cancelled = true;
	loop_remove_timer(e->loop, ev->timer);
	ev->timer = loop_add_timer(e->loop, ev->sent ? GRACE_MS : 0, on_cancelled, ev);
	if (!ev->sent || !e->link)
		return;
	request = cJSON_CreateObject();
	json_set_str(request, "op", "cancel");
	json_set_int(request, "id", ev->id);
	worker_link_send(e->link, request);
	cJSON_Delete(request);
}

void evaluator_on_measuring(struct evaluator *e, void (*fn)(void *arg, bool on), void *arg)
{
	e->on_measuring = fn;
	e->measuring_arg = arg;
}

const cJSON *evaluator_hello(const struct evaluator *e)
{
	return e->hello;
}
