#include "avo.h"
#include "cli/commands.h"

/* In the order in which a newcomer needs them. */
const struct cli_command *const cli_commands[] = {
	&cmd_init, &cmd_list, &cmd_run, &cmd_attach, &cmd_status,
	&cmd_step, &cmd_pause, &cmd_resume, &cmd_stop,
	&cmd_pending, &cmd_approve, &cmd_reject, &cmd_gate, &cmd_hint,
	&cmd_log, &cmd_show, &cmd_diff, &cmd_attempts, &cmd_directions, &cmd_events,
	&cmd_score, &cmd_bench, &cmd_counters, &cmd_redteam,
	&cmd_fork, &cmd_replay, &cmd_report,
	&cmd_knowledge, &cmd_doctor,
	&cmd_help, &cmd_completion,
	NULL,
};
