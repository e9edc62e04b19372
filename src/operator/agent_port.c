#include "avo.h"
#include "base/mem.h"
#include "candidate/source.h"
#include "operator/agent.h"

/* --- evaluate ----------------------------------------------------------------------- */

/* Files that break the rules are an attempt that failed: they stay where they are, and the agent is told why. */
static bool port_evaluate(void *arg, const char *title, const char *why_changed, int direction, bool again, const char **why)
{
	struct agent *a = arg;
	struct source source;
	struct error err = { 0 };
	struct candidate c = { .title = title, .why = why_changed, .direction = direction, .again = again };
	enum avo_status st = source_from_dir(&source, a->box.work_dir, SOURCE_CANDIDATE, &err);
	bool ok = st == AVO_OK || st == AVO_USAGE;
	int attempt;

	if (!ok) {
		*why = "the working directory cannot be read";
	} else if (st == AVO_OK && !source.count) {
		*why = "the working directory is empty; lineage restore brings a version's files back";
		ok = false;
	} else {
		c.files = source.files;
		c.file_count = source.count;
		c.refused = st == AVO_USAGE ? err.text : NULL;
		attempt = a->host->evaluate(a->host, &c);
		a->step_attempts += attempt != 0;
		ok = attempt >= 0;
		a->out_of_budget = !ok;
		if (attempt == 0)
			toolbox_answer(&a->box, a->host->known, false);
		if (!ok)
			*why = "the run's budget is used up; the step ends here";
	}
	source_release(&source);
	return ok;
}

/* --- the ledger, notes, the end ------------------------------------------------------- */

static int port_direction_open(void *arg, const char *title, const char *hypothesis, const char *expected)
{
	struct agent *a = arg;

	return a->host->direction_open(a->host, title, hypothesis, expected);
}

static void port_direction_close(void *arg, int direction, enum direction_state state, const char *outcome)
{
	struct agent *a = arg;

	a->host->direction_close(a->host, direction, state, outcome);
}

static int port_note_add(void *arg, const char *text)
{
	struct agent *a = arg;

	return memory_note(&a->memory, text);
}

static bool port_note_remove(void *arg, int number)
{
	struct agent *a = arg;

	return memory_forget(&a->memory, number);
}

static void port_submit(void *arg, const char *summary)
{
	struct agent *a = arg;

	a->submitted = true;
	free(a->farewell);
	a->farewell = xstrdup(summary);
}

void agent_port_init(struct tool_port *port, struct agent *a)
{
	*port = (struct tool_port){
		.arg = a,
		.evaluate = port_evaluate,
		.profile = agent_profile,
		.direction_open = port_direction_open,
		.direction_close = port_direction_close,
		.note_add = port_note_add,
		.note_remove = port_note_remove,
		.submit = port_submit,
	};
}
