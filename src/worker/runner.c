#include "avo.h"
#include "base/log.h"
#include "worker/job.h"
#include "worker/peers.h"
#include "worker/runner.h"

#include <errno.h>
#include <unistd.h>

#define MAX_BACKENDS 8

/* Opened when first needed, kept until the process ends: compilers, peaks and device contexts are worth keeping. */
struct opened {
	const struct backend_ops *ops;
	struct backend *b;
};

static enum avo_status open_backend(struct backend **out, struct opened *list, const struct backend_ops *ops,
				    struct error *err)
{
	enum avo_status st;
	int i;

	for (i = 0; i < MAX_BACKENDS && list[i].ops; i++)
		if (list[i].ops == ops) {
			*out = list[i].b;
			return AVO_OK;
		}
	if (i == MAX_BACKENDS)
		return error_set(err, AVO_USAGE, "too many backends");
	st = ops->open(out, err);
	if (st == AVO_OK)
		list[i] = (struct opened){ ops, *out };
	return st;
}

static const struct task_case *profiled_case(const struct job *job)
{
	int i;

	for (i = 0; i < job->suite.count; i++)
		if (strcmp(job->suite.cases[i].name, job->case_name) == 0)
			return &job->suite.cases[i];
	return &job->suite.cases[0];
}

static enum avo_status run_profile(cJSON *result, struct backend *b, struct job *job, struct job_progress *progress,
				   struct error *err)
{
	const struct task_case *c = profiled_case(job);
	struct build_report report;
	struct build *build = NULL;
	enum avo_status st;
	char device[160];

	if (!job->ops->profile)
		return error_set(err, AVO_USAGE, "the backend %s has no counters", job->ops->name);
	job_progress(progress, "profile", 0, 0);
	json_set_str(result, "case", c->name);
	if (job->ops->probe(device, sizeof(device)))
		json_set_str(result, "device", device);
	build_report_init(&report);
	st = job->ops->build(&build, &report, b, job->candidate, job->cache, err);
	if (st == AVO_OK && report.verdict != VERDICT_PASSED)
		st = error_set(err, AVO_NEGATIVE, "the candidate does not build: %s", report.error);
	if (st == AVO_OK)
		st = job->ops->profile(result, b, build, c, err);
	job->ops->build_free(build);
	build_report_release(&report);
	return st;
}

static enum avo_status perform(cJSON *result, struct opened *list, struct job *job, struct job_progress *progress,
			       struct error *err)
{
	struct backend *b = NULL;
	enum avo_status st = open_backend(&b, list, job->ops, err);

	if (st != AVO_OK)
		return st;
	if (strcmp(job->op, "evaluate") == 0)
		return worker_evaluate(result, b, job, progress, err);
	if (strcmp(job->op, "peers") == 0)
		return peers_measure(result, b, job, progress, err);
	return run_profile(result, b, job, progress, err);
}

static void do_request(struct opened *list, const char *line, size_t len, int out)
{
	cJSON *request = NULL, *result = cJSON_CreateObject();
	struct job_progress progress = { .fd = out };
	struct job job = { 0 };
	struct error err = { 0 };
	enum avo_status st = json_parse(&request, line, len, &err);

	if (st == AVO_OK)
		st = job_parse(&job, request, &err);
	progress.id = job.id;
	json_set_int(result, "id", job.id);
	json_set_str(result, "event", "result");
	if (st == AVO_OK)
		st = perform(result, list, &job, &progress, &err);
	if (st != AVO_OK) {
		json_set_str(result, "verdict", verdict_name(VERDICT_EVALUATOR_FAULT));
		json_set_str(result, "reason", err.text);
		log_warn("job %lld: %s", (long long)job.id, err.text);
	}
	job_write_line(out, result);
	job_release(&job);
	cJSON_Delete(request);
	cJSON_Delete(result);
}

void runner_main(int in, int out)
{
	struct opened list[MAX_BACKENDS] = { { 0 } };
	struct buf input = BUF_INIT;
	int i;

	for (;;) {
		char *newline = input.len ? memchr(input.data, '\n', input.len) : NULL, *room;
		ssize_t n;

		if (newline) {
			size_t len = (size_t)(newline - input.data);

			do_request(list, input.data, len, out);
			buf_consume(&input, len + 1);
			continue;
		}
		room = buf_reserve(&input, 65536);
		n = room ? read(in, room, 65536) : 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		buf_commit(&input, (size_t)n);
	}
	for (i = 0; i < MAX_BACKENDS && list[i].ops; i++)
		list[i].ops->close(list[i].b);
	buf_release(&input);
}
