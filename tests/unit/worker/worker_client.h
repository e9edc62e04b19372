/* Tests that talk to the real avo-worker: one job at a time through the engine's own client. */
#ifndef TEST_WORKER_CLIENT_H
#define TEST_WORKER_CLIENT_H

#include "base/json.h"
#include "base/loop.h"
#include "score/evaluator.h"

struct client {
	struct loop *loop;
	struct evaluator *evaluator;
	char *scratch;			/* a directory of the test's own, removed at the end */
};

void client_open(struct client *c);
void client_close(struct client *c);
/* Runs a job to its end; the result is owned. suite NULL: "cpu-quick". */
cJSON *client_evaluate(struct client *c, const char *candidate, const char *incumbent, const char *suite);
cJSON *client_run(struct client *c, cJSON *request);
/* scratch/NAME/kernel.c with this text; owned path of the directory. */
char *client_candidate(struct client *c, const char *name, const char *source);

#endif
