#include "avo.h"
#include "cli/evaluate.h"
#include "score/evaluator.h"

#include <signal.h>
#include <unistd.h>

#define JOB_DEADLINE_MS (30 * 60 * 1000)

struct job {
	struct loop *loop;
	struct evaluation *evaluation;
	cJSON *result;
	bool show_progress;
	bool interrupted;
};

static void on_progress(void *arg, const char *stage, int done, int total)
{
	struct job *job = arg;

	if (!job->show_progress)
		return;
	if (total > 0)
		fprintf(stderr, "\r%-10s %d/%d \033[K", stage, done, total);
	else
		fprintf(stderr, "\r%-10s \033[K", stage);
}

static void on_done(void *arg, const cJSON *result)
{
	struct job *job = arg;

	job->result = cJSON_Duplicate(result, true);
	loop_stop(job->loop);
}

static void on_signal(void *arg, int sig)
{
	struct job *job = arg;

	job->interrupted = true;
	evaluator_cancel(job->evaluation);
}

cJSON *cli_job(const char *op, const char *backend, const char *suite, const char *cache)
{
	cJSON *request = cJSON_CreateObject();

	json_set_str(request, "op", op);
	json_set_str(request, "backend", backend);
	json_set_str(request, "suite", suite);
	json_set_str(request, "cache", cache);
	return request;
}

int cli_evaluate(cJSON **result, const struct cli_call *call, const char *worker, cJSON *request)
{
	static const struct evaluation_callbacks callbacks = { .progress = on_progress, .done = on_done };
	struct job job = { .show_progress = isatty(STDERR_FILENO) && !call->global->json };
	struct evaluator *evaluator = NULL;
	struct error err;
	int status = 0;

	*result = NULL;
	if (loop_new(&job.loop, &err) != AVO_OK || evaluator_new(&evaluator, job.loop, worker, &err) != AVO_OK) {
		cJSON_Delete(request);
		status = cli_fail(call, &err);
		goto out;
	}
	job.evaluation = evaluator_submit(evaluator, request, JOB_DEADLINE_MS, &callbacks, &job);
	loop_on_signal(job.loop, SIGINT, on_signal, &job);
	loop_on_signal(job.loop, SIGTERM, on_signal, &job);
	if (!job.result)
		loop_run(job.loop);
	if (job.show_progress)
		fputs("\r\033[K", stderr);
	if (job.interrupted) {
		cli_complain(call, "interrupted");
		cJSON_Delete(job.result);
		status = 1;
	} else {
		*result = job.result;
	}
out:
	evaluator_free(evaluator);
	loop_free(job.loop);
	return status;
}
