/*
 * The command line: a table of subcommands, one file per group. Every command
 * prints data on stdout and words for people on stderr, and returns the exit
 * status of DESIGN: 0 done, 1 negative result, 2 usage, 3 environment missing.
 */
#ifndef AVO_CLI_CLI_H
#define AVO_CLI_CLI_H

#include <stdbool.h>

#include "base/error.h"

/* Options that every command understands; taken out of argv before the command sees it. */
struct cli_global {
	bool json;		/* --json: one object a line */
	bool color;		/* a terminal, no NO_COLOR, no --no-color */
	bool ascii;		/* --ascii, or the locale is not UTF-8 */
};

struct cli_command {
	const char *name;
	const char *args;	/* "[DIR]" */
	const char *summary;	/* one line, for `avo help` and the manual page */
	const char *help;	/* the options, one a line: "  -n N      how many" ; may be NULL */
	int (*run)(const struct cli_global *global, int argc, char **argv);	/* argv[0] is the command's name */
};

int cli_main(int argc, char **argv);

/* Prints "avo: text" (or {"error":...} with --json) and returns the exit status that belongs to err. */
int cli_fail(const struct cli_global *global, const struct error *err);
/* "avo NAME: text" and "Try 'avo NAME --help'."; returns 2. */
int cli_usage(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
