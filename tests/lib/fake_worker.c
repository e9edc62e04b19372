/*
 * A worker for tests of the engine: it speaks the worker protocol and scores
 * a candidate from its annotated parameters, in no time and always the same.
 *
 *     fake_worker [--ms N] [--fault] [--profile-ms N] [--profile-fault] [--no-permission] [--versions SHARE]
 *
 * --ms: how long an evaluation takes. --fault: every evaluation is an
 * evaluator-fault. --profile-ms and --profile-fault: the same of profiles.
 * --no-permission: they are without counters. --versions: that share of the comparisons, spread evenly, is
 * an improvement, whatever the sources say, and no other is. A source that holds "FAKE_VERDICT crashed" gets that verdict,
 * "FAKE_SPEED 1.5" multiplies its throughput; each parameter's value multiplies it
 * by a factor between 0.8 and 1.6 that is drawn from its name.
 */
#include "avo.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/str.h"
#include "candidate/source.h"
#include "candidate/parameter.h"
#include "task/task.h"

#include <math.h>
#include <poll.h>
#include <unistd.h>

#define HEARTBEAT_MS 2000

static int64_t delay_ms, profile_ms;
static bool faulty, profile_faulty, no_permission;
static double versions = -1, versions_due;	/* share of improvements, -1: as the sources say */

struct job {
	cJSON *request;
	int64_t due_ms;
};

static void say(cJSON *message)
{
	struct buf line = BUF_INIT;

	json_print(&line, message);
	puts(buf_cstr(&line));
	fflush(stdout);
	buf_release(&line);
	cJSON_Delete(message);
}

static double value_factor(const char *name, const char *value)
{
	uint64_t h = 0xcbf29ce484222325ULL;
	const char *s;

	for (s = name; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ULL;
	for (s = value; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ULL;
	h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9ULL;
	return 0.8 + 0.8 * (double)(h >> 40) / (double)(1 << 24);
}

/* Throughput of the candidate in dir; 0 and the verdict's name when it has another one. */
static double measure(char verdict[32], const char *dir)
{
	struct parameter_set set = { 0 };
	struct source source = { 0 };
	const char *word;
	double speed = 10;
	size_t f;
	int i;

	snprintf(verdict, 32, "passed");
	if (source_from_dir(&source, dir, SOURCE_CANDIDATE, NULL) != AVO_OK || !source.count ||
	    parameter_set_read(&set, source.files, source.count, NULL) != AVO_OK) {
		snprintf(verdict, 32, "evaluator-fault");
		source_release(&source);
		return 0;
	}
	for (i = 0; i < set.count; i++)
		speed *= value_factor(set.list[i].name, set.list[i].values[set.list[i].current]);
	for (f = 0; f < source.count; f++) {
		if ((word = strstr(source.files[f].data, "FAKE_SPEED ")))
			speed *= strtod(word + 11, NULL);
		if ((word = strstr(source.files[f].data, "FAKE_VERDICT ")))
			sscanf(word + 13, "%31s", verdict);
	}
	parameter_set_release(&set);
	source_release(&source);
	return strcmp(verdict, "passed") == 0 ? speed : 0;
}

/* Every case of the suite; the mean is speed, apart from rounding. */
static void add_score(cJSON *obj, const cJSON *request, double speed)
{
	struct score score = { .unit = "GFLOPS" };
	struct suite suite;
	int i;

	if (suite_load(&suite, json_str(request, "suite", ""), NULL) != AVO_OK)
		return;
	snprintf(score.unit, sizeof(score.unit), "%s", suite.unit);
	for (i = 0; i < suite.count; i++) {
		double factor = i + 1 == suite.count && i % 2 == 0 ? 1 : i % 2 ? 1 / 1.25 : 1.25;

		score.cases[i] = (struct case_score){ .value = speed * factor, .std = 0.01, .n = 10 };
		memcpy(score.cases[i].name, suite.cases[i].name, sizeof(score.cases[i].name));
	}
	score.count = suite.count;
	score_set_geomean(&score);
	score_to_json(obj, &score);
}

static void add_comparison(cJSON *result, double speed, const char *incumbent_dir)
{
	char verdict[32];
	double ratio = speed / measure(verdict, incumbent_dir);
	struct comparison c = { .confidence = 0.95, .pairs = 4 };

	if (versions >= 0) {
		versions_due += versions;
		ratio = versions_due >= 1 ? 1.02 : 0.98;
		versions_due -= versions_due >= 1;
	}
	c.ratio = ratio;
	c.lo = ratio * 0.999;
	c.hi = ratio * 1.001;
	c.decision = c.lo > 1 ? DECISION_IMPROVED : c.hi < 1 ? DECISION_REGRESSED : DECISION_MATCHED;
	comparison_to_json(result, &c);
}

/* What a real worker says at length. */
static void add_build_and_checks(cJSON *result)
{
	cJSON *build = cJSON_CreateObject(), *checks = cJSON_CreateArray();
	int i;

	json_set_num(build, "ms", 12.5);
	json_set_bool(build, "cached", false);
	json_set_str(build, "log", "kernel.c: note: nothing to say, at length");
	json_set(result, "build", build);
	for (i = 0; i < 3; i++) {
		cJSON *check = cJSON_CreateObject();

		json_set_str(check, "case", "full-1k");
		json_set_str(check, "kind", "normal");
		json_set_bool(check, "ok", true);
		json_push(checks, check);
	}
	json_set(result, "checks", checks);
}

static void evaluate(cJSON *result, const cJSON *request)
{
	char verdict[32];
	double speed = measure(verdict, json_str(request, "candidate", ""));

	json_set_str(result, "verdict", faulty ? "evaluator-fault" : verdict);
	if (faulty || speed <= 0) {
		json_set_str(result, "reason", faulty ? "told to fail" : "the source asked for it");
		return;
	}
	add_score(result, request, speed);
	add_build_and_checks(result);
	if (json_str(request, "incumbent", NULL))
		add_comparison(result, speed, json_str(request, "incumbent", NULL));
}

static void peers(cJSON *result, const cJSON *request)
{
	cJSON *list = cJSON_CreateArray(), *peer = cJSON_CreateObject();

	json_set_str(peer, "name", "FakeBLAS");
	add_score(peer, request, 20);
	json_push(list, peer);
	json_set(result, "peers", list);
	json_set_num(result, "peak", 100);
	json_set_str(result, "device", "fake device");
}

static void add_counter(cJSON *counters, const char *id, const char *group, const char *unit, double value)
{
	cJSON *c = cJSON_CreateObject();

	json_set_str(c, "id", id);
	json_set_str(c, "label", id);
	json_set_str(c, "group", group);
	json_set_str(c, "unit", unit);
	json_set_num(c, "value", value);
	json_push(counters, c);
}

/* Counters of a kernel that is as fast as the evaluation says. */
static void profile(cJSON *result, const cJSON *request)
{
	cJSON *counters = cJSON_CreateArray(), *launches = cJSON_CreateArray(), *launch = cJSON_CreateObject();
	char verdict[32];
	double speed = measure(verdict, json_str(request, "candidate", ""));

	json_set_str(launch, "kernel", "attention");
	json_set_int(launch, "registers", 168);
	json_push(launches, launch);
	add_counter(counters, "pipe-active", "pipe", "%", speed);
	add_counter(counters, "duration", "time", "ns", 1e7 / speed);
	add_counter(counters, "occupancy", "occupancy", "%", 12.5);
	add_counter(counters, "unknown", "memory", "bytes", NAN);
	json_set_str(result, "case", json_str(request, "case", "full"));
	json_set_str(result, "device", "fake device");
	if (profile_faulty) {
		json_set_str(result, "verdict", "evaluator-fault");
		json_set_str(result, "reason", "told to fail");
	}
	json_set(result, "launches", launches);
	if (!no_permission)
		json_set(result, "counters", counters);
	else
		cJSON_Delete(counters);
	if (no_permission)
		json_set_str(result, "counters_absent", "hardware counters are reserved for root here");
}

static cJSON *answer_to(const cJSON *request)
{
	cJSON *result = cJSON_CreateObject();

	json_set(result, "id", cJSON_Duplicate(json_get(request, "id"), true));
	json_set_str(result, "event", "result");
	return result;
}

static void finish(struct job *job, bool cancelled)
{
	cJSON *result = answer_to(job->request);

	if (cancelled)
		json_set_str(result, "verdict", "cancelled");
	else if (strcmp(json_str(job->request, "op", ""), "peers") == 0)
		peers(result, job->request);
	else if (strcmp(json_str(job->request, "op", ""), "profile") == 0)
		profile(result, job->request);
	else
		evaluate(result, job->request);
	say(result);
	cJSON_Delete(job->request);
	job->request = NULL;
}

/* False when the worker shall end. */
static bool take(struct job *job, cJSON *request)
{
	const char *op = json_str(request, "op", "");
	bool more = strcmp(op, "quit") != 0;

	if (strcmp(op, "cancel") == 0 && job->request)
		finish(job, true);
	if (more && strcmp(op, "cancel") != 0 && !job->request) {
		cJSON *progress = answer_to(request);

		json_set_str(progress, "event", "progress");
		json_set_str(progress, "stage", "time");
		json_set_int(progress, "done", 1);
		json_set_int(progress, "total", 2);
		say(progress);
		job->request = request;
		job->due_ms = clock_mono_ms() + (strcmp(op, "profile") == 0 ? profile_ms : delay_ms);
		return true;
	}
	cJSON_Delete(request);
	return more;
}

static void hello(void)
{
	cJSON *m = cJSON_CreateObject();
	const char *backends[] = { "cpu", "cuda" };

	json_set_int(m, "hello", 1);
	json_set_str(m, "worker", PACKAGE_VERSION);
	json_set_str(m, "host", "here");
	json_set_int(m, "pid", getpid());
	json_set(m, "backends", cJSON_CreateStringArray(backends, 2));
	json_set_str(m, "device", "fake device");
	json_set_str(m, "sandbox", "none");
	say(m);
}

static void heartbeat(const struct job *job)
{
	cJSON *m = cJSON_CreateObject();

	json_set_str(m, "event", "heartbeat");
	if (job->request)
		json_set(m, "id", cJSON_Duplicate(json_get(job->request, "id"), true));
	say(m);
}

static bool take_lines(struct job *job, struct buf *in)
{
	char *newline;

	while ((newline = in->len ? memchr(in->data, '\n', in->len) : NULL)) {
		size_t len = (size_t)(newline - in->data);
		cJSON *request = NULL;
		bool more = json_parse(&request, in->data, len, NULL) != AVO_OK || take(job, request);

		buf_consume(in, len + 1);
		if (!more)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct buf in = BUF_INIT;
	struct job job = { 0 };
	ssize_t n = 1;
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--fault") == 0)
			faulty = true;
		if (strcmp(argv[i], "--profile-fault") == 0)
			profile_faulty = true;
		if (strcmp(argv[i], "--no-permission") == 0)
			no_permission = true;
		if (strcmp(argv[i], "--profile-ms") == 0 && i + 1 < argc)
			profile_ms = atol(argv[i + 1]);
		if (strcmp(argv[i], "--versions") == 0 && i + 1 < argc)
			versions = strtod(argv[i + 1], NULL);
		if (strcmp(argv[i], "--ms") == 0 && i + 1 < argc)
			delay_ms = atol(argv[i + 1]);
	}
	/* the suites are beside avo, not beside this program */
	if (getenv("AVO_TOP_SRCDIR"))
		setenv("AVO_DATA_DIR", getenv("AVO_TOP_SRCDIR"), 0);
	hello();
	while (n > 0) {
		struct pollfd p = { .fd = 0, .events = POLLIN };
		int64_t left = job.request ? job.due_ms - clock_mono_ms() : HEARTBEAT_MS;
		int ready;

		if (job.request && left <= 0) {
			finish(&job, false);
			continue;
		}
		ready = poll(&p, 1, left < HEARTBEAT_MS ? (int)left : HEARTBEAT_MS);
		if (ready == 0)
			heartbeat(&job);
		if (ready > 0) {
			char *room = buf_reserve(&in, 65536);

			n = read(0, room, 65536);
			if (n > 0)
				buf_commit(&in, (size_t)n);
			if (!take_lines(&job, &in))
				break;
		}
	}
	cJSON_Delete(job.request);
	buf_release(&in);
	return 0;
}
