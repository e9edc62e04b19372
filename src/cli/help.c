#include "avo.h"
#include "cli/commands.h"
#include "engine/settings.h"

/*
 * Everything that describes the commands is made here from the one table:
 * `avo help`, `avo NAME --help`, the manual page's COMMANDS section
 * (`avo help --man`) and the completion scripts (`avo completion SHELL`).
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

static void print_bash_case(const struct cli_command *command)
{
	const struct cli_option *o;

	printf("\t%s) words='", command->name);
	for (o = command->options; o && o->name; o++)
		printf("--%s ", o->name);
	for (o = cli_global_options(); o->name; o++)
		printf("--%s%s", o->name, o[1].name ? " " : "");
	puts("' ;;");
}

static void print_bash(void)
{
	const struct cli_command *const *c;

	puts("# bash completion for avo, made by `avo completion bash`\n"
	     "_avo() {\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} words=\n"
	     "\tif [ \"$COMP_CWORD\" -eq 1 ]; then");
	fputs("\t\tCOMPREPLY=($(compgen -W '", stdout);
	for (c = cli_commands; *c; c++)
		printf("%s%s", (*c)->name, c[1] ? " " : "");
	puts("' -- \"$cur\"))\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in");
	for (c = cli_commands; *c; c++)
		print_bash_case(*c);
	puts("\tesac\n"
	     "\tcase $cur in\n"
	     "\t-*) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) ;;\n"
	     "\t[av][0-9]*) COMPREPLY=($(compgen -W \"$(git for-each-ref --format='%(refname:lstrip=-1)' refs/tags refs/avo/attempts 2>/dev/null)\" -- \"$cur\")) ;;\n"
	     "\t*) COMPREPLY=($(compgen -d -- \"$cur\")) ;;\n"
	     "\tesac\n"
	     "}\n"
	     "complete -o filenames -F _avo avo");
}

/* zsh's _arguments wants brackets, colons and quotes escaped. */
static void print_zsh_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (strchr("[]:\\", *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

static void print_zsh_options(const struct cli_option *o)
{
	for (; o && o->name; o++) {
		printf("\t\t\t'--%s%s[", o->name, o->arg ? "=" : "");
		print_zsh_text(o->help);
		fputs("]", stdout);
		if (o->arg) {
			fputs(":", stdout);
			print_zsh_text(o->arg);
			fputs(":", stdout);
		}
		puts("' \\");
	}
}

static void print_zsh(void)
{
	const struct cli_command *const *c;

	puts("#compdef avo\n# zsh completion for avo, made by `avo completion zsh`\n"
	     "_avo() {\n\tlocal -a commands\n\tcommands=(");
	for (c = cli_commands; *c; c++) {
		printf("\t\t'%s:", (*c)->name);
		print_zsh_text((*c)->summary);
		puts("'");
	}
	puts("\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe 'command' commands\n\t\treturn\n\tfi\n\tcase $words[2] in");
	for (c = cli_commands; *c; c++) {
		printf("\t%s)\n\t\t_arguments \\\n", (*c)->name);
		print_zsh_options((*c)->options);
		print_zsh_options(cli_global_options());
		puts("\t\t\t'*:run:_files -/' ;;");
	}
	puts("\tesac\n}\n_avo \"$@\"");
}

static int run_completion(const struct cli_call *call)
{
	if (strcmp(call->argv[0], "bash") == 0)
		print_bash();
	else if (strcmp(call->argv[0], "zsh") == 0)
		print_zsh();
	else
		return cli_usage(call, "there is completion for bash and for zsh, not for '%s'", call->argv[0]);
	return 0;
}

const struct cli_command cmd_completion = {
	"completion", "bash|zsh", "Print the completion script of a shell", NULL, NULL, 1, 1, run_completion,
};
