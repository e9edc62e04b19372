/* Every subcommand, and the help that is made from their descriptions. */
#ifndef AVO_CLI_COMMANDS_H
#define AVO_CLI_COMMANDS_H

#include <stdio.h>

#include "cli/cli.h"

/* help.c */
void cli_print_help(FILE *out);
void cli_print_command_help(FILE *out, const struct cli_command *command);
const struct cli_option *cli_global_options(void);
extern const struct cli_command cmd_help, cmd_completion;

#endif
