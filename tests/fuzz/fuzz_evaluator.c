/*
 * What a worker says to the engine. Promise: whatever comes down the pipe, a job ends at most once, with a verdict
 * that can be read. The worker is replaced by a pipe that the input is written to.
 */
#include "avo.h"
#include "base/child.h"

#include <unistd.h>

static int pipe_end = -1;

static enum avo_status feed_spawn(pid_t *pid, const struct child_spec *spec, struct error *err)
{
	*pid = 0;
	if (pipe_end >= 0)
		close(pipe_end);
	pipe_end = dup(spec->stdout_fd);
	return AVO_OK;
}

static void feed_kill(pid_t pid)
{
}

#define child_spawn feed_spawn
#define child_kill feed_kill
#include "score/link.c"
#include "score/evaluator.h"
#include "task/score.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int ended;

static void on_done(void *arg, const cJSON *result)
{
	struct comparison comparison;
	struct score score;

	score_from_json(&score, result);
	comparison_from_json(&comparison, result);
	if (++ended > 1 || score.count > SCORE_MAX_CASES || !json_str(result, "verdict", NULL))
		abort();
}

static void on_progress(void *arg, const char *stage, int done, int total)
{
	if (!stage)
		abort();
}

/* Written in pieces, since the pipe holds less than the longest input; the engine reads in between. */
static void feed(struct loop *loop, const uint8_t *data, size_t size)
{
	size_t sent = 0;
	int i;

	while (sent < size && pipe_end >= 0) {
		size_t piece = size - sent < 4096 ? size - sent : 4096;
		ssize_t n = write(pipe_end, data + sent, piece);

		if (n <= 0)
			break;
		sent += (size_t)n;
		for (i = 0; i < 4; i++)
			loop_once(loop, 0);
	}
	if (pipe_end >= 0)
		close(pipe_end);
	pipe_end = -1;
	for (i = 0; i < 6; i++)
		loop_once(loop, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct evaluation_callbacks callbacks = { on_progress, on_done };
	struct evaluator *evaluator;
	struct loop *loop;
	cJSON *request = cJSON_CreateObject();

	ended = 0;
	signal(SIGPIPE, SIG_IGN);
	json_set_str(request, "op", size && data[0] & 1 ? "profile" : "evaluate");
	if (loop_new(&loop, NULL) != AVO_OK || evaluator_new(&evaluator, loop, "worker", NULL) != AVO_OK)
		abort();
	evaluator_submit(evaluator, request, 1000, &callbacks, NULL);
	feed(loop, data, size);
	ended = -1000000;	/* freeing cancels */
	evaluator_free(evaluator);
	loop_free(loop);
	return 0;
}
