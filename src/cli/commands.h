/* Every subcommand, and what several of them share. */
#ifndef AVO_CLI_COMMANDS_H
#define AVO_CLI_COMMANDS_H

#include <stdio.h>

#include "cli/cli.h"

/* help.c */
void cli_print_help(FILE *out);
void cli_print_command_help(FILE *out, const struct cli_command *command);
const struct cli_option *cli_global_options(void);
extern const struct cli_command cmd_help;

/* completion.c, list.c */
extern const struct cli_command cmd_completion, cmd_list;

/* read.c: what the journal holds */
void cli_print_event(const struct cli_call *call, const char *line, size_t len);
extern const struct cli_command cmd_log, cmd_attempts, cmd_pending, cmd_directions, cmd_events;

/* show.c: one thing in full, and diffs */
extern const struct cli_command cmd_show, cmd_diff;

/* run.c: making, starting and watching runs */
extern const struct cli_command cmd_init, cmd_run, cmd_attach, cmd_replay, cmd_fork;

/* steer.c: commands to a live engine */
extern const struct cli_command cmd_status, cmd_pause, cmd_resume, cmd_stop, cmd_step, cmd_approve, cmd_reject, cmd_hint, cmd_gate;

/* score.c: the scoring function by hand */
extern const struct cli_command cmd_score, cmd_bench, cmd_redteam;

/* counters.c */
extern const struct cli_command cmd_counters;

/* report.c */
extern const struct cli_command cmd_report;

/* doctor.c, knowledge.c */
extern const struct cli_command cmd_doctor, cmd_knowledge;

#endif
