/*
 * A worker's result is believed only as far as it agrees with itself and with
 * the job it answers: the worker is trusted code, but it may be an old build on
 * a node, or have been handed another suite than ours. One rule a claim, in a
 * table; the first that does not hold makes the result an evaluator-fault.
 */
#ifndef AVO_SCORE_RESULT_CHECK_H
#define AVO_SCORE_RESULT_CHECK_H

#include <stdbool.h>

#include "base/json.h"
#include "task/task.h"

#define RESULT_WHY_SIZE 240

/* What a result must agree with; all borrowed. */
struct result_terms {
	const cJSON *request;		/* the job as it was sent */
	const cJSON *hello;		/* of the worker that answers */
	const struct suite *suite;	/* of the job; NULL when the job names none */
};

/* False: why is a sentence that says which claim does not hold. Results of op profile make no claims. */
bool result_check(char why[RESULT_WHY_SIZE], const cJSON *result, const struct result_terms *terms);

#endif
