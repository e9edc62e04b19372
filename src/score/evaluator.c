#include "avo.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "score/evaluator.h"
#include "score/result_check.h"

#define DEADLINE_MS 300000
#define GRACE_MS 10000			/* behind the deadline, which the worker keeps itself, and after a cancel */
#define IDLE_HEARTBEATS 3		/* the worker says it has nothing to do while it has */
#define ATTEMPTS 2
#define GIVEN_BACK 5			/* times that workers which had to leave may give one job back: preemptions, ends of an allocation */

struct evaluation {
	struct evaluator *owner;
	struct evaluation *next;
	cJSON *request;
	int64_t id, deadline_ms;
	struct evaluation_callbacks cb;
	void *arg;
	struct suite *suite;		/* what the result is held against; owned, NULL: the job names none */
	char refused[200];		/* why it is not sent at all */
	int faults, given_back;		/* of workers that had it */
	bool sent, cancelled;
	int64_t since_ms;		/* when it began to wait for a worker */
	int idle_heartbeats;
	struct loop_timer *timer;	/* deadline, or the end of a cancelled one that waits */
};

struct evaluator {
	struct loop *loop;
	char *command;
	struct supply *supply;
	bool leaving;			/* the worker said that it has to go */
	struct evaluation *queue;	/* the first is the one being worked on */
	int64_t last_id;
	struct loop_timer *kick;	/* start the first of the queue */
	void (*on_measuring)(void *arg, bool on);
	void *measuring_arg;
	bool measuring;			/* as it was told */
	evaluator_wait_fn *wait;
	void *wait_arg;
	evaluator_retired_fn *retired;
	void *retired_arg;
};

static void kick(struct evaluator *e);

static void evaluation_free(struct evaluation *ev)
{
	loop_remove_timer(ev->owner->loop, ev->timer);
	cJSON_Delete(ev->request);
	free(ev->suite);
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

/* The worker has no use for the first job of the queue any more: it is sent again, or ends. */
static void take_back(struct evaluation *ev, bool again, const char *why)
{
	struct evaluator *e = ev->owner;

	loop_remove_timer(e->loop, ev->timer);
	ev->timer = NULL;
	ev->sent = false;
	ev->since_ms = clock_mono_ms();
	tell_measuring(e);
	if (ev->cancelled) {
		finish_with(ev, VERDICT_CANCELLED, "cancelled");
	} else if (again) {
		log_warn("%s; trying once more with a new one", why);
		kick(e);
	} else {
		finish_with(ev, VERDICT_EVALUATOR_FAULT, why);
	}
}

/* What a worker did while it had a job is charged to that job; what it does otherwise, to nobody. */
static void fault(struct evaluator *e, const char *why)
{
	struct evaluation *ev = e->queue;

	e->leaving = false;
	if (ev && ev->sent)
		take_back(ev, ++ev->faults < ATTEMPTS, why);
}

/* The worker is ended for what it did. */
static void fail_worker(struct evaluator *e, const char *why)
{
	char text[RESULT_WHY_SIZE + 80];

	snprintf(text, sizeof(text), "%s", why);	/* it may be the worker's own word */
	supply_drop(e->supply, text);
	fault(e, text);
}

static void on_lost(void *arg, const char *why)
{
	struct evaluator *e = arg;
	struct evaluation *ev = e->queue;

	if (!ev || !ev->sent)
		log_warn("%s; it had nothing to do", why);
	fault(e, why);
}

static void on_overdue(void *arg)
{
	struct evaluation *ev = arg;
	struct evaluator *e = ev->owner;

	ev->timer = NULL;
	/* an engine that was suspended has not read the answer yet */
	if (supply_has_word(e->supply)) {
		ev->timer = loop_add_timer(e->loop, GRACE_MS, on_overdue, ev);
		return;
	}
	ev->faults = ATTEMPTS;		/* it would only take as long again */
	fail_worker(e, "the worker did not keep the job's deadline");
}

/* A worker that has to leave (preempted, at the end of its allocation) gives its job back: that is no fault of anybody. */
static void give_back(struct evaluator *e, struct evaluation *ev)
{
	supply_drop(e->supply, "the worker had to leave");
	e->leaving = false;
	take_back(ev, ++ev->given_back < GIVEN_BACK, "the worker had to leave");
}

static void take_result(struct evaluator *e, struct evaluation *ev, const cJSON *result)
{
	struct result_terms terms = { .request = ev->request, .hello = supply_hello(e->supply), .suite = ev->suite };
	enum verdict v = verdict_parse(json_str(result, "verdict", NULL));
	char why[RESULT_WHY_SIZE], text[RESULT_WHY_SIZE + 40];

	if (ev->cancelled) {
		finish_with(ev, VERDICT_CANCELLED, "cancelled");
	} else if (v == VERDICT_CANCELLED && e->leaving) {
		give_back(e, ev);
	} else if (v == VERDICT_CANCELLED) {
		fail_worker(e, "the worker cancelled a job that nobody had cancelled");
	} else if (v == VERDICT_EVALUATOR_FAULT && ev->faults + 1 < ATTEMPTS) {
		fail_worker(e, json_str(result, "reason", "the worker reports a fault of its own"));
	} else if (v == VERDICT_EVALUATOR_FAULT) {
		supply_drop(e->supply, json_str(result, "reason", "the worker reports a fault of its own"));
		finish(ev, result);
	} else if (!result_check(why, result, &terms)) {
		snprintf(text, sizeof(text), "the worker's result contradicts itself: %s", why);
		fail_worker(e, text);
	} else {
		supply_praise(e->supply);
		finish(ev, result);
	}
}

static void take_heartbeat(struct evaluator *e, struct evaluation *ev, const cJSON *beat)
{
	if (json_int(beat, "id", -1) == ev->id)
		ev->idle_heartbeats = 0;
	else if (++ev->idle_heartbeats >= IDLE_HEARTBEATS)
		fail_worker(e, "the worker lost the job");
}

static void take_leave(struct evaluator *e)
{
	struct evaluation *ev = e->queue;

	e->leaving = ev && ev->sent;
	if (!e->leaving)
		supply_drop(e->supply, "the worker had to leave");
}

static void on_message(void *arg, const cJSON *m)
{
	struct evaluator *e = arg;
	struct evaluation *ev = e->queue;
	const char *event = json_str(m, "event", "");

	if (strcmp(event, "leaving") == 0)
		take_leave(e);
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

static void send_job(struct evaluation *ev)
{
	struct evaluator *e = ev->owner;

	ev->sent = true;
	tell_measuring(e);
	ev->idle_heartbeats = 0;
	ev->id = ++e->last_id;		/* a new one each time: an old answer never counts */
	json_set_int(ev->request, "id", ev->id);
	json_set_num(ev->request, "deadline_s", (double)ev->deadline_ms / 1000);
	supply_send(e->supply, ev->request);
	ev->timer = loop_add_timer(e->loop, ev->deadline_ms + GRACE_MS, on_overdue, ev);
}

static void on_kick(void *arg)
{
	struct evaluator *e = arg;
	struct evaluation *ev = e->queue;
	struct error err = { 0 };

	e->kick = NULL;
	if (ev && !ev->sent && ev->cancelled)
		finish_with(ev, VERDICT_CANCELLED, "cancelled");
	else if (ev && !ev->sent && ev->refused[0])
		finish_with(ev, VERDICT_EVALUATOR_FAULT, ev->refused);
	else if (ev && !ev->sent && supply_ready(e->supply))
		send_job(ev);
	else if (ev && !ev->sent && supply_want(e->supply, &err) != AVO_OK)
		log_warn("%s", err.text);
	if (e->wait)
		e->wait(e->wait_arg);
}

/* From the loop, so that no callback runs inside a call of the user's. */
static void kick(struct evaluator *e)
{
	if (!e->kick)
		e->kick = loop_add_timer(e->loop, 0, on_kick, e);
}

static void on_changed(void *arg)
{
	kick(arg);
}

static void on_retired(void *arg, bool killed)
{
	struct evaluator *e = arg;

	e->retired(e->retired_arg, killed);
}

enum avo_status evaluator_new(struct evaluator **out, struct loop *loop, const char *command, struct error *err)
{
	static const struct supply_callbacks callbacks = { on_message, on_lost, on_changed, on_retired };
	struct evaluator *e = xcalloc(1, sizeof(*e));
	enum avo_status st;

	e->loop = loop;
	e->command = xstrdup(command && *command ? command : "{worker}");
	supply_new(&e->supply, loop, e->command, &callbacks, e);
	st = supply_want(e->supply, err);
	if (st == AVO_OK)
		*out = e;
	else
		evaluator_free(e);
	return st;
}

void evaluator_set_silence(struct evaluator *e, int64_t silence_ms)
{
	supply_set_silence(e->supply, silence_ms);
}

void evaluator_set_patience(struct evaluator *e, int64_t first_ms, int64_t limit_ms)
{
	supply_set_patience(e->supply, first_ms, limit_ms);
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
	supply_free(e->supply);
	free(e->command);
	free(e);
}

/* What the result will be held against. */
static void read_suite(struct evaluation *ev)
{
	const char *name = json_str(ev->request, "suite", NULL);
	struct error err = { 0 };

	if (!name)
		return;
	ev->suite = xcalloc(1, sizeof(*ev->suite));
	if (suite_load(ev->suite, name, &err) != AVO_OK)
		snprintf(ev->refused, sizeof(ev->refused), "%.190s", err.text);
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
	json_set_str(request, "engine", PACKAGE_VERSION);
	ev->since_ms = clock_mono_ms();
	read_suite(ev);
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
		fail_worker(ev->owner, "the worker did not react when the job was cancelled");
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
	if (!ev->sent)
		return;
	request = cJSON_CreateObject();
	json_set_str(request, "op", "cancel");
	json_set_int(request, "id", ev->id);
	supply_send(e->supply, request);
	cJSON_Delete(request);
}

void evaluator_on_measuring(struct evaluator *e, void (*fn)(void *arg, bool on), void *arg)
{
	e->on_measuring = fn;
	e->measuring_arg = arg;
}

const cJSON *evaluator_hello(const struct evaluator *e)
{
	return supply_hello(e->supply);
}

const char *evaluator_command(const struct evaluator *e)
{
	return e->command;
}

void evaluator_on_wait(struct evaluator *e, evaluator_wait_fn *fn, void *arg)
{
	e->wait = fn;
	e->wait_arg = arg;
}

bool evaluator_waiting(struct supply_wait *out, const struct evaluator *e)
{
	supply_waiting(out, e->supply);
	if (e->queue && e->queue->since_ms > out->since_ms)
		out->since_ms = e->queue->since_ms;
	return e->queue && !e->queue->sent && !e->queue->cancelled && !out->ready;
}

void evaluator_retry(struct evaluator *e)
{
	supply_retry(e->supply);
}

void evaluator_retire(struct evaluator *e, evaluator_retired_fn *done, void *arg)
{
	e->retired = done;
	e->retired_arg = arg;
	supply_retire(e->supply);
}
