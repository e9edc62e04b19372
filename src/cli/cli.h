/*
 * The command line: a table of subcommands, one file per group. Commands say
 * what options they take; parsing, --help, the manual page's table and shell
 * completion all come from that one description.
 *
 * Every command prints data on stdout and words for people on stderr, and
 * returns 0 done, 1 negative result, 2 usage, 3 environment missing.
 */
#ifndef AVO_CLI_CLI_H
#define AVO_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct cli_option {
	const char *name;	/* without the dashes */
	char letter;		/* 0: none */
	const char *arg;	/* "N"; NULL: a flag */
	const char *help;	/* one line */
};

/* Options that every command understands. */
struct cli_global {
	bool json;		/* --json: one object a line */
	bool color;		/* stdout is a terminal, no NO_COLOR, no --no-color */
	bool ascii;		/* --ascii, or the locale is not UTF-8 */
};

struct cli_call;

struct cli_command {
	const char *name;
	const char *args;	/* "[DIR]", for the usage line */
	const char *summary;	/* one line */
	const char *details;	/* a paragraph or two for --help and the manual; may be NULL */
	const struct cli_option *options;	/* ends with a NULL name; may be NULL */
	int min_args, max_args;	/* positional arguments; max -1: any number */
	int (*run)(const struct cli_call *call);
};

#define CLI_MAX_OPTIONS 24

/* One parsed invocation. */
struct cli_call {
	const struct cli_global *global;
	const struct cli_command *command;
	int argc;		/* positional arguments only */
	char **argv;
	const char *values[CLI_MAX_OPTIONS];	/* by position in command->options; NULL: not given */
};

int cli_main(int argc, char **argv);

/* The value of an option, "" for a flag that was given, NULL when it was not. */
const char *cli_value(const struct cli_call *call, const char *name);
static inline bool cli_flag(const struct cli_call *call, const char *name)
{
	return cli_value(call, name) != NULL;
}
/* A whole number option; false (after a message) when it is not one in [min, max]. Not given: *out is untouched. */
bool cli_number(int64_t *out, const struct cli_call *call, const char *name, int64_t min, int64_t max);
/* A duration option in milliseconds, likewise. */
bool cli_duration(int64_t *out_ms, const struct cli_call *call, const char *name);

/*
 * "avo NAME: text" as one line on stderr ("avo: text" without a command); the text may repeat what was typed or read,
 * control characters are shown. The only way in which commands complain.
 */
void cli_complain(const struct cli_call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints "avo: text" (with --json {"error":...,"status":N} on stdout) and returns the exit status that belongs to err. */
int cli_fail(const struct cli_call *call, const struct error *err);
/* "avo NAME: text" and "Try 'avo NAME --help'."; returns 2. */
int cli_usage(const struct cli_call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Splits positional arguments into names (v3, a17, text) and the run: an argument that is a
 * directory with a run in it is the run, else the run around the current directory is taken. On success *run is an
 * owned path and names[0..*count) are the rest. Prints its own message; returns an exit status.
 */
#define CLI_MAX_NAMES 16
int cli_run_and_names(char **run, const char *names[CLI_MAX_NAMES], int *count, const struct cli_call *call);

/* The table, for help and for generators; ends with NULL. */
extern const struct cli_command *const cli_commands[];

#endif
