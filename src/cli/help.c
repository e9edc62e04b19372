#include "avo.h"
#include "cli/commands.h"
#include "engine/settings.h"

/*
 * Everything that describes the commands is made here from the one table:
 * `avo help`, `avo NAME --help`, the manual page's COMMANDS section
 * (`avo help --man`). Completion scripts have a file of their own.
 */

static void print_options(FILE *out, const struct cli_option *options)
{
	for (; options && options->name; options++) {
		char left[64];

		snprintf(left, sizeof(left), "%s%c%s--%s%s%s", options->letter ? "-" : "   ",
			 options->letter ? options->letter : ' ', options->letter ? ", " : "", options->name,
			 options->arg ? " " : "", options->arg ? options->arg : "");
		fprintf(out, "  %-26s %s\n", left, options->help);
	}
}

void cli_print_command_help(FILE *out, const struct cli_command *command)
{
	fprintf(out, "usage: avo %s%s%s%s\n\n%s.\n", command->name, command->options ? " [OPTIONS]" : "",
		*command->args ? " " : "", command->args, command->summary);
	if (command->details)
		fprintf(out, "\n%s\n", command->details);
	if (command->options) {
		fputs("\noptions:\n", out);
		print_options(out, command->options);
	}
	fputs("\noptions of every command:\n", out);
	print_options(out, cli_global_options());
}

void cli_print_help(FILE *out)
{
	const struct cli_command *const *c;

	fputs("usage: avo COMMAND [OPTIONS] [ARGUMENTS]\n\n"
	      "A terminal workbench in which an autonomous agent evolves GPU kernels and an\n"
	      "engineer watches, steps, reads diffs and approves commits.\n\n", out);
	for (c = cli_commands; *c; c++)
		fprintf(out, "  %-12s %s\n", (*c)->name, (*c)->summary);
	fputs("\n'avo COMMAND --help' tells more. DIR is a run's directory; without it, the run\n"
	      "around the current directory is meant.\n", out);
}

/* Text as roff: hyphens and backslashes kept, no line may start with a request. */
static void print_roff(FILE *out, const char *text)
{
	bool line_start = true;

	for (; *text; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			fputs("\\&", out);
		line_start = *text == '\n';
		if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\\')
			fputs("\\e", out);
		else
			fputc(*text, out);
	}
	fputc('\n', out);
}

static void print_man_command(FILE *out, const struct cli_command *command)
{
	const struct cli_option *o;

	fprintf(out, ".SS \"avo %s%s%s%s\"\n", command->name, command->options ? " [options]" : "",
		*command->args ? " " : "", command->args);
	fprintf(out, "%s.\n", command->summary);
	if (command->details) {
		fputs(".PP\n", out);
		print_roff(out, command->details);
	}
	for (o = command->options; o && o->name; o++) {
		fputs(".TP\n", out);
		if (o->letter)
			fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
		fputs("\\fB\\-\\-", out);
		for (const char *n = o->name; *n; n++)
			fprintf(out, *n == '-' ? "\\-" : "%c", *n);
		fprintf(out, "\\fR%s\\fI%s\\fR\n", o->arg ? " " : "", o->arg ? o->arg : "");
		print_roff(out, o->help);
	}
}

/* The settings of avo.conf, section by section, for avo.conf(5). */
static void print_man_settings(FILE *out)
{
	const struct setting *s;
	size_t section = 0;

	for (s = settings_table; s->key; s++) {
		size_t len = strcspn(s->key, ".");

		if (len != section || (s != settings_table && strncmp(s->key, s[-1].key, len) != 0))
			fprintf(out, ".SS [%.*s]\n", (int)len, s->key);
		section = len;
		fputs(".TP\n.B ", out);
		print_roff(out, s->key + len + 1);
		print_roff(out, s->help);
		fprintf(out, "(%s; default: %s).\n", setting_type_name(s->type), *s->fallback ? s->fallback : "not set");
	}
}

static int run_help(const struct cli_call *call)
{
	const struct cli_command *const *c;

	if (cli_flag(call, "man-conf")) {
		print_man_settings(stdout);
		return 0;
	}

	if (cli_flag(call, "man")) {
		for (c = cli_commands; *c; c++)
			print_man_command(stdout, *c);
		return 0;
	}
	if (call->argc == 0) {
		cli_print_help(stdout);
		return 0;
	}
	for (c = cli_commands; *c; c++) {
		if (strcmp((*c)->name, call->argv[0]) == 0) {
			cli_print_command_help(stdout, *c);
			return 0;
		}
	}
	return cli_usage(call, "there is no command '%s'", call->argv[0]);
}

static const struct cli_option help_options[] = {
	{ "man", 0, NULL, "the commands as a section of a manual page, in roff" },
	{ "man-conf", 0, NULL, "the settings of avo.conf likewise" },
	{ NULL, 0, NULL, NULL },
};

const struct cli_command cmd_help = {
	"help", "[COMMAND]", "Say what avo and its commands do", NULL, help_options, 0, 1, run_help,
};
