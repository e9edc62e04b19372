/* One job for a worker of this command's own, waited for. */
#ifndef AVO_CLI_EVALUATE_H
#define AVO_CLI_EVALUATE_H

#include "base/json.h"
#include "cli/cli.h"

/*
 * Runs a job (takes ownership of request) on a fresh worker started by the
 * template, shows its progress on a terminal, and returns its result (owned).
 * Prints its own message on failure; returns an exit status.
 */
int cli_evaluate(cJSON **result, const struct cli_call *call, const char *worker, cJSON *request);

/* {"op":op,"backend":...,"suite":...,"cache":...} */
cJSON *cli_job(const char *op, const char *backend, const char *suite, const char *cache);

#endif
