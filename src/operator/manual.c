/*
 * The operator `manual`: the engineer edits, avo scores. A step waits for one
 * submission (the control command `submit`) and ends with its verdict.
 */
#include "avo.h"
#include "base/mem.h"
#include "operator/builtin.h"

struct manual {
	struct operator_host *host;
	bool waiting;		/* a step is open and nothing is being evaluated */
};

static enum avo_status manual_open(void **out, struct operator_host *host, const struct conf *conf, struct error *err)
{
	struct manual *m = xcalloc(1, sizeof(*m));

	m->host = host;
	*out = m;
	return AVO_OK;
}

static void manual_close(void *op)
{
	free(op);
}

static void manual_begin(void *op, const struct step_begin *begin)
{
	struct manual *m = op;

	m->waiting = true;
	m->host->live(m->host, "text", "waiting for a candidate: edit the working tree and submit it (e, or avo step)");
}

/* Submissions are actions of the engineer, who needs no permission to go on. */
static void manual_go(void *op)
{
}

static int manual_submit(void *op, const struct candidate *candidate)
{
	struct manual *m = op;
	int attempt;

	if (!m->waiting)
		return -1;
	attempt = m->host->evaluate(m->host, candidate);
	m->waiting = attempt <= 0;
	return attempt;
}

static void manual_evaluated(void *op, const struct attempt *attempt, bool committed, const cJSON *result)
{
	struct manual *m = op;

	m->host->step_done(m->host, committed ? STEP_COMMITTED : STEP_GAVE_UP, NULL);
}

static void manual_cancel(void *op)
{
	struct manual *m = op;

	m->waiting = false;
	m->host->step_done(m->host, STEP_STOPPED, NULL);
}

const struct operator_ops operator_manual = {
	.name = "manual",
	.summary = "you, or a program of yours: what is in the working tree is submitted by avo step",
	.open = manual_open,
	.close = manual_close,
	.begin = manual_begin,
	.go = manual_go,
	.evaluated = manual_evaluated,
	.cancel = manual_cancel,
	.submit = manual_submit,
};
