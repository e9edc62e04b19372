/* The engine's side of a worker, against workers that misbehave: shell scripts that say what a broken one would. */
#include "avo.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "score/evaluator.h"
#include "task/score.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <unistd.h>

#define HELLO "echo '{\"hello\":1,\"device\":\"fake\"}'; "
/* reads a request, puts its id into $id */
#define ASK "read -r line; id=${line##*\\\"id\\\":}; id=${id%%[,\\}]*}; "
#define RESULT(verdict) "echo \"{\\\"id\\\":$id,\\\"event\\\":\\\"result\\\",\\\"verdict\\\":\\\"" verdict "\\\"}\"; "

struct outcome {
	struct loop *loop;
	int calls, progress, last_total;
	enum verdict verdict;
	char reason[200], device[32];
};

static void on_progress(void *arg, const char *stage, int done, int total)
{
	struct outcome *o = arg;

	o->progress++;
	o->last_total = total;
}

static void on_done(void *arg, const cJSON *result)
{
	struct outcome *o = arg;

	o->calls++;
	o->verdict = verdict_parse(json_str(result, "verdict", NULL));
	snprintf(o->reason, sizeof(o->reason), "%s", json_str(result, "reason", ""));
	loop_stop(o->loop);
}

static const struct evaluation_callbacks callbacks = { .progress = on_progress, .done = on_done };

static cJSON *request(void)
{
	cJSON *r = cJSON_CreateObject();

	json_set_str(r, "op", "evaluate");
	return r;
}

static void give_up(void *arg)
{
	loop_stop(arg);
}

/* A script in single quotes for sh: the template is a shell command. */
static struct evaluator *start(struct loop *loop, const char *script)
{
	char *quoted = xmalloc(4 * strlen(script) + 16), *q = quoted;
	const char *p = script;
	struct evaluator *e = NULL;
	struct error err;

	q += sprintf(q, "sh -c '");
	for (; *p; p++)
		q += *p == '\'' ? sprintf(q, "'\\''") : sprintf(q, "%c", *p);
	sprintf(q, "'");
	assert_int_equal(evaluator_new(&e, loop, quoted, &err), AVO_OK);
	free(quoted);
	return e;
}

#define PAUSE_MS 20	/* the first pause before a worker is started again */

static struct outcome run(const char *script, int64_t silence_ms, int64_t deadline_ms, int64_t cancel_ms)
{
	struct outcome o = { 0 };
	struct evaluation *ev;
	struct evaluator *e;
	int64_t end;

	assert_int_equal(loop_new(&o.loop, NULL), AVO_OK);
	e = start(o.loop, script);
	evaluator_set_silence(e, silence_ms);
	evaluator_set_patience(e, PAUSE_MS, 0);
	ev = evaluator_submit(e, request(), deadline_ms, &callbacks, &o);
	loop_add_timer(o.loop, 20000, give_up, o.loop);
	end = clock_mono_ms() + cancel_ms;
	while (cancel_ms && clock_mono_ms() < end)
		loop_once(o.loop, 10);
	if (cancel_ms)
		evaluator_cancel(ev);
	loop_run(o.loop);
	if (evaluator_hello(e))
		snprintf(o.device, sizeof(o.device), "%s", json_str(evaluator_hello(e), "device", ""));
	evaluator_free(e);
	loop_free(o.loop);
	return o;
}

static void a_result_and_its_progress_arrive(void **state)
{
	struct outcome o = run(HELLO ASK "echo \"{\\\"id\\\":$id,\\\"event\\\":\\\"progress\\\",\\\"stage\\\":\\\"check\\\",\\\"done\\\":1,\\\"total\\\":7}\"; "
			       RESULT("incorrect") "exec cat >/dev/null", 20000, 0, 0);

	assert_int_equal(o.calls, 1);
	assert_int_equal(o.verdict, VERDICT_INCORRECT);
	assert_int_equal(o.progress, 1);
	assert_int_equal(o.last_total, 7);
	assert_string_equal(o.device, "fake");
}

static void note_measuring(void *arg, bool on)
{
	struct buf *seen = arg;

	buf_addstr(seen, on ? "on " : "off ");
}

/* Whoever must keep quiet meanwhile is told, through a worker that dies as well. */
static void what_runs_beside_is_told_when_something_is_measured(void **state)
{
	struct outcome o = { 0 };
	struct buf seen = BUF_INIT;
	struct evaluator *e;

	assert_int_equal(loop_new(&o.loop, NULL), AVO_OK);
	e = start(o.loop, HELLO ASK "exit 1");
	evaluator_on_measuring(e, note_measuring, &seen);
	evaluator_submit(e, request(), 0, &callbacks, &o);
	loop_add_timer(o.loop, 20000, give_up, o.loop);
	loop_run(o.loop);
	assert_int_equal(o.calls, 1);
	assert_string_equal(buf_cstr(&seen), "on off on off ");
	buf_release(&seen);
	evaluator_free(e);
	loop_free(o.loop);
}

static void a_banner_before_hello_is_skipped(void **state)
{
	struct outcome o = run("echo Welcome to node3; echo; echo \"[1, 2]\"; " HELLO ASK RESULT("incorrect") "exec cat >/dev/null", 20000, 0, 0);

	assert_int_equal(o.verdict, VERDICT_INCORRECT);
}

static void a_worker_that_dies_costs_a_fault_after_one_retry(void **state)
{
	struct outcome o = run(HELLO ASK "exit 3", 20000, 0, 0);

	assert_int_equal(o.calls, 1);
	assert_int_equal(o.verdict, VERDICT_EVALUATOR_FAULT);
	assert_string_equal(o.reason, "the worker ended (exit status 3)");
}

static void the_last_words_of_a_worker_are_the_reason(void **state)
{
	struct outcome o = run(HELLO ASK "echo one >&2; printf 'srun: error: Node \\033[31mfailure on n2' >&2; exit 1", 20000, 0, 0);

	assert_string_equal(o.reason, "the worker ended (exit status 1): srun: error: Node failure on n2");
}

/* What a client that does not reach its node does, six times; then the node is back. */
static void a_worker_that_is_away_is_waited_for(void **state)
{
	char *script = xasprintf("f=/tmp/avo-away-%d; test -e $f && test $(wc -l <$f) -ge 6 || "
				 "{ echo >>$f; echo 'ssh: connect to host n port 22: Connection refused' >&2; exit 255; }; rm $f; "
				 HELLO ASK RESULT("incorrect") "exec cat >/dev/null", (int)getpid());
	struct outcome o = run(script, 20000, 0, 0);

	assert_int_equal(o.calls, 1);
	assert_int_equal(o.verdict, VERDICT_INCORRECT);
	free(script);
}

struct watch {
	struct loop *loop;
	struct evaluator *e;
	struct supply_wait wait;
	bool (*enough)(const struct supply_wait *w);
};

static void on_wait(void *arg)
{
	struct watch *w = arg;

	if (evaluator_waiting(&w->wait, w->e) && w->enough(&w->wait))
		loop_stop(w->loop);
}

/* Runs a worker of which nothing ever comes, until what is known of the wait is enough; the job is not done then. */
static void wait_until(struct watch *w, struct outcome *o, const char *script, int64_t limit_ms, bool (*enough)(const struct supply_wait *))
{
	memset(w, 0, sizeof(*w));
	assert_int_equal(loop_new(&w->loop, NULL), AVO_OK);
	w->e = start(w->loop, script);
	w->enough = enough;
	o->loop = w->loop;
	evaluator_set_silence(w->e, 100);	/* nothing runs before a hello */
	evaluator_set_patience(w->e, 10, limit_ms);
	evaluator_on_wait(w->e, on_wait, w);
	evaluator_submit(w->e, request(), 100, &callbacks, o);
	loop_add_timer(w->loop, 20000, give_up, w->loop);
	loop_run(w->loop);
	assert_int_equal(o->calls, 0);
	assert_true(enough(&w->wait));
}

static void end_watch(struct watch *w)
{
	evaluator_free(w->e);
	loop_free(w->loop);
}

static bool has_given_up(const struct supply_wait *w)
{
	return w->given_up && w->away;
}

static void one_that_stays_away_is_given_up_and_tried_again_when_asked(void **state)
{
	struct outcome o = { 0 };
	struct watch w;
	int tries;

	wait_until(&w, &o, "echo no route >&2; exit 255", 50, has_given_up);
	assert_string_equal(w.wait.why, "the worker ended (exit status 255): no route");
	assert_string_equal(w.wait.said[0], "no route");
	assert_null(w.wait.said[1]);
	tries = w.wait.tries;
	assert_true(tries > 1);
	evaluator_retry(w.e);
	w.wait.given_up = false;
	loop_run(w.loop);
	assert_true(has_given_up(&w.wait));
	assert_int_equal(o.calls, 0);
	end_watch(&w);
}

static bool said_two_lines(const struct supply_wait *w)
{
	return !w->away && w->said[0] && w->said[1];
}

/* The client lives, and says why nothing comes: no silence, no deadline ends that. */
static void a_queue_is_waited_in_with_one_client(void **state)
{
	struct outcome o = { 0 };
	struct watch w;

	wait_until(&w, &o, "echo srun: job 4 queued >&2; sleep 2.2; echo srun: still queued >&2; exec cat >/dev/null0", 0, said_two_lines);
	assert_string_equal(w.wait.said[0], "srun: job 4 queued");
	assert_int_equal(w.wait.tries, 0);
	end_watch(&w);
}

static void who_must_leave_gives_the_job_back(void **state)
{
	char *script = xasprintf("f=/tmp/avo-leaves-%d; " HELLO ASK "if test -e $f && test $(wc -l <$f) -ge 3; then rm $f; " RESULT("incorrect")
				 "exec cat >/dev/null; else echo >>$f; echo '{\"event\":\"leaving\"}'; " RESULT("cancelled") "fi", (int)getpid());
	struct outcome o = run(script, 20000, 0, 0);

	assert_int_equal(o.calls, 1);
	assert_int_equal(o.verdict, VERDICT_INCORRECT);
	free(script);
}

static void to_cancel_unasked_is_a_fault(void **state)
{
	struct outcome o = run(HELLO ASK RESULT("cancelled") "exec cat >/dev/null", 20000, 0, 0);

	assert_int_equal(o.calls, 1);
	assert_int_equal(o.verdict, VERDICT_EVALUATOR_FAULT);
	assert_non_null(strstr(o.reason, "nobody had cancelled"));
}

static void what_passed_without_scores_is_a_fault(void **state)
{
	struct outcome o = run(HELLO ASK RESULT("passed") "exec cat >/dev/null", 20000, 0, 0);

	assert_int_equal(o.verdict, VERDICT_EVALUATOR_FAULT);
	assert_string_equal(o.reason, "the worker's result contradicts itself: the candidate has scores of 0 cases");
}

static void foreign_bytes_are_made_text(void **state)
{
	struct outcome o = run(HELLO ASK "printf '{\"id\":%s,\"event\":\"result\",\"verdict\":\"crashed\",\"reason\":\"a\\377b\"}\\n' $id; exec cat >/dev/null",
			       20000, 0, 0);

	assert_int_equal(o.verdict, VERDICT_CRASHED);
	assert_string_equal(o.reason, "a\xef\xbf\xbd" "b");
}

/* The first worker dies; what it leaves tells the second one to work. */
static void the_retry_can_succeed(void **state)
{
	char *script = xasprintf("f=/tmp/avo-evaluator-%d; " HELLO ASK "test -e $f || { touch $f; exit 1; }; rm $f; " RESULT("incorrect") "exec cat >/dev/null",
				 (int)getpid());
	struct outcome o = run(script, 20000, 0, 0);

	assert_int_equal(o.verdict, VERDICT_INCORRECT);
	free(script);
}

static void a_fault_that_the_worker_reports_is_retried_too(void **state)
{
	char *script = xasprintf("f=/tmp/avo-evaluator-%d; " HELLO ASK "if test -e $f; then rm $f; " RESULT("incorrect") "else touch $f; "
				 RESULT("evaluator-fault") "fi; exec cat >/dev/null", (int)getpid());
	struct outcome o = run(script, 20000, 0, 0);

	assert_int_equal(o.calls, 1);
	assert_int_equal(o.verdict, VERDICT_INCORRECT);
	free(script);
}

static void a_silent_worker_counts_as_hung(void **state)
{
	/* the first worker has the default patience: it is the second whose silence is short */
	struct outcome o = run(HELLO ASK "test -e /tmp/avo-hung-$PPID || { touch /tmp/avo-hung-$PPID; exit 1; }; "
			       "rm /tmp/avo-hung-$PPID; exec cat >/dev/null", 300, 0, 0);

	assert_int_equal(o.calls, 1);
	assert_int_equal(o.verdict, VERDICT_EVALUATOR_FAULT);
	assert_string_equal(o.reason, "the worker fell silent");
}

static void nonsense_costs_a_fault(void **state)
{
	struct outcome o = run(HELLO ASK "echo Segmentation fault; exec cat >/dev/null", 20000, 0, 0);

	assert_int_equal(o.verdict, VERDICT_EVALUATOR_FAULT);
	assert_string_equal(o.reason, "the worker talks nonsense");
}

static void a_result_for_another_job_counts_for_nothing(void **state)
{
	struct outcome o = run(HELLO ASK "echo \"{\\\"id\\\":999,\\\"event\\\":\\\"result\\\",\\\"verdict\\\":\\\"passed\\\"}\"; " RESULT("crashed") "exec cat >/dev/null",
			       20000, 0, 0);

	assert_int_equal(o.calls, 1);
	assert_int_equal(o.verdict, VERDICT_CRASHED);
}

static void a_worker_that_lost_the_job_is_noticed(void **state)
{
	struct outcome o = run(HELLO ASK "while :; do echo \"{\\\"event\\\":\\\"heartbeat\\\"}\"; sleep 0.05; done", 20000, 0, 0);

	assert_int_equal(o.verdict, VERDICT_EVALUATOR_FAULT);
	assert_string_equal(o.reason, "the worker lost the job");
}

static void a_result_without_a_verdict_is_a_fault(void **state)
{
	struct outcome o = run(HELLO ASK RESULT("splendid") "exec cat >/dev/null", 20000, 0, 0);

	assert_int_equal(o.verdict, VERDICT_EVALUATOR_FAULT);
}

static void another_protocol_is_refused(void **state)
{
	struct outcome o = { 0 };
	struct watch w;

	wait_until(&w, &o, "echo '{\"hello\":2}'; exec cat >/dev/null", 50, has_given_up);
	assert_non_null(strstr(w.wait.why, "protocol"));
	end_watch(&w);
}

static void a_cancelled_job_ends_as_cancelled_once(void **state)
{
	struct outcome o = run(HELLO ASK ASK RESULT("cancelled") "exec cat >/dev/null", 20000, 0, 300);

	assert_int_equal(o.calls, 1);
	assert_int_equal(o.verdict, VERDICT_CANCELLED);
}

static void jobs_queue_and_cancelling_one_that_waits_is_quick(void **state)
{
	struct outcome first = { 0 }, second = { 0 };
	struct evaluation *waiting;
	struct evaluator *e;

	assert_int_equal(loop_new(&first.loop, NULL), AVO_OK);
	second.loop = first.loop;
	e = start(first.loop, HELLO "while :; do " ASK "sleep 0.3; " RESULT("incorrect") "done");
	evaluator_submit(e, request(), 0, &callbacks, &first);
	waiting = evaluator_submit(e, request(), 0, &callbacks, &second);
	evaluator_cancel(waiting);
	assert_int_equal(second.calls, 0);	/* never from inside a call */
	loop_run(first.loop);
	assert_int_equal(second.verdict, VERDICT_CANCELLED);
	assert_int_equal(first.calls, 0);
	loop_run(first.loop);
	assert_int_equal(first.verdict, VERDICT_INCORRECT);
	evaluator_free(e);
	loop_free(first.loop);
}

static void a_worker_that_is_missing_is_said_at_once(void **state)
{
	struct evaluator *e = NULL;
	struct loop *loop;
	struct error err = { 0 };
	char *path = xstrdup(getenv("PATH"));

	assert_int_equal(loop_new(&loop, NULL), AVO_OK);
	setenv("PATH", "/nowhere", 1);
	if (evaluator_new(&e, loop, "{worker}", &err) == AVO_OK)
		evaluator_free(e);	/* it is installed on this machine */
	else
		assert_non_null(strstr(err.text, "avo-worker"));
	setenv("PATH", path, 1);
	free(path);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_result_and_its_progress_arrive),
		cmocka_unit_test(what_runs_beside_is_told_when_something_is_measured),
		cmocka_unit_test(a_banner_before_hello_is_skipped),
		cmocka_unit_test(a_worker_that_dies_costs_a_fault_after_one_retry),
		cmocka_unit_test(the_last_words_of_a_worker_are_the_reason),
		cmocka_unit_test(a_worker_that_is_away_is_waited_for),
		cmocka_unit_test(one_that_stays_away_is_given_up_and_tried_again_when_asked),
		cmocka_unit_test(a_queue_is_waited_in_with_one_client),
		cmocka_unit_test(who_must_leave_gives_the_job_back),
		cmocka_unit_test(to_cancel_unasked_is_a_fault),
		cmocka_unit_test(what_passed_without_scores_is_a_fault),
		cmocka_unit_test(foreign_bytes_are_made_text),
		cmocka_unit_test(the_retry_can_succeed),
		cmocka_unit_test(a_fault_that_the_worker_reports_is_retried_too),
		cmocka_unit_test(a_silent_worker_counts_as_hung),
		cmocka_unit_test(nonsense_costs_a_fault),
		cmocka_unit_test(a_result_for_another_job_counts_for_nothing),
		cmocka_unit_test(a_worker_that_lost_the_job_is_noticed),
		cmocka_unit_test(a_result_without_a_verdict_is_a_fault),
		cmocka_unit_test(another_protocol_is_refused),
		cmocka_unit_test(a_cancelled_job_ends_as_cancelled_once),
		cmocka_unit_test(jobs_queue_and_cancelling_one_that_waits_is_quick),
		cmocka_unit_test(a_worker_that_is_missing_is_said_at_once),
	};

	log_set_fd(-1);
	return cmocka_run_group_tests_name("evaluator", tests, NULL, NULL);
}
