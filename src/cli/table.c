#include "avo.h"
#include "cli/commands.h"

/* In the order in which a newcomer needs them. */
const struct cli_command *const cli_commands[] = {
	&cmd_show, &cmd_diff, &cmd_log, &cmd_attempts, &cmd_directions, &cmd_events,
	&cmd_pending,
	&cmd_report, &cmd_doctor, &cmd_knowledge,
	&cmd_help, &cmd_completion,
	NULL,
};
