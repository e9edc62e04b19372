#include "avo.h"
#include "base/str.h"
#include "cli/commands.h"
#include "task/score.h"

/*
 * The completion scripts, made from the table of commands. What a value may be is read from the table where it is spelled
 * there ("cpu|cuda"), and asked of avo where it is data (seeds, suites, operators), so that no list is kept twice.
 */

static const struct {
	const char *option, *list;
} asked[] = { { "suite", "suites" }, { "seed", "seeds" }, { "operator", "operators" } };

static const char *list_of(const char *option)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(asked); i++)
		if (strcmp(asked[i].option, option) == 0)
			return asked[i].list;
	return NULL;
}

/* "cpu|cuda" names its values, "N" and "NAME|PATH" do not. Prints those of a first word, apart by spaces; false: none. */
static bool print_choices(const char *arg)
{
	size_t n = strcspn(arg, " "), i;

	if (!memchr(arg, '|', n))
		return false;
	for (i = 0; i < n; i++)
		if (arg[i] != '|' && (arg[i] < 'a' || arg[i] > 'z'))
			return false;
	for (i = 0; i < n; i++)
		putchar(arg[i] == '|' ? ' ' : arg[i]);
	return true;
}

static void print_verdicts(void)
{
	int i;

	for (i = VERDICT_NONE + 1; i < VERDICT_COUNT; i++)
		printf("%s ", verdict_name((enum verdict)i));
	for (i = DECISION_NONE + 1; i < DECISION_COUNT; i++)
		printf("%s%s", decision_name((enum decision)i), i + 1 < DECISION_COUNT ? " " : "");
}

static void print_commands(void)
{
	const struct cli_command *const *c;

	for (c = cli_commands; *c; c++)
		printf("%s%s", (*c)->name, c[1] ? " " : "");
}

/* The words that an option's value or a command's first argument may be; false when they are a path, a number, a text. */
static bool print_values(const char *name, const char *arg)
{
	if (strcmp(name, "verdict") == 0) {
		print_verdicts();
		return true;
	}
	if (strcmp(arg, "[COMMAND]") == 0) {
		print_commands();
		return true;
	}
	return print_choices(arg);
}

static void print_bash_value(const struct cli_option *o)
{
	const char *list = list_of(o->name);

	if (!o->arg)
		return;
	printf("\t\t--%s) ", o->name);
	if (list) {
		printf("values=$(avo list %s 2>/dev/null | cut -d' ' -f1)", list);
	} else {
		fputs("values='", stdout);
		print_values(o->name, o->arg);
		putchar('\'');
	}
	puts("; valued=yes ;;");
}

static void print_bash_case(const struct cli_command *command)
{
	const struct cli_option *o;

	printf("\t%s)\n\t\toptions='", command->name);
	for (o = command->options; o && o->name; o++)
		printf("--%s ", o->name);
	for (o = cli_global_options(); o->name; o++)
		printf("--%s%s", o->name, o[1].name ? " " : "");
	fputs("'\n\t\tvalues='", stdout);
	print_values("", command->args);
	puts("'");
	if (command->options) {
		puts("\t\tcase $prev in");
		for (o = command->options; o->name; o++)
			print_bash_value(o);
		puts("\t\tesac");
	}
	puts("\t\t;;");
}

static void print_bash(void)
{
	const struct cli_command *const *c;

	puts("# bash completion for avo, made by `avo completion bash`\n"
	     "# the run that is meant: one that is named, the one around here, or the only one below\n"
	     "_avo_run() {\n"
	     "\tlocal word\n"
	     "\tfor word in \"${COMP_WORDS[@]:2}\"; do [ ! -e \"$word/avo.conf\" ] || { echo \"$word\"; return; }; done\n"
	     "\tset -- */avo.conf\n"
	     "\tif [ -e avo.conf ] || [ $# -ne 1 ] || [ ! -e \"$1\" ]; then echo .; else echo \"${1%/avo.conf}\"; fi\n"
	     "}\n"
	     "_avo() {\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} options= values= valued=\n"
	     "\tif [ \"$COMP_CWORD\" -eq 1 ]; then");
	fputs("\t\tCOMPREPLY=($(compgen -W '", stdout);
	print_commands();
	puts("' -- \"$cur\"))\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in");
	for (c = cli_commands; *c; c++)
		print_bash_case(*c);
	puts("\tesac\n"
	     "\tif [ -n \"$values\" ] && { [ -n \"$valued\" ] || [ \"$COMP_CWORD\" -eq 2 ]; }; then\n"
	     "\t\tCOMPREPLY=($(compgen -W \"$values\" -- \"$cur\"))\n"
	     "\t\t[ \"$prev\" != --seed ] || COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
	     "\t\t[ ${#COMPREPLY[@]} -eq 0 ] && [ -z \"$valued\" ] || return\n"
	     "\tfi\n"
	     "\tcase $cur in\n"
	     "\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
	     "\t[av]|[av][0-9]*) COMPREPLY=($(compgen -W \"$(git -C \"$(_avo_run)\" for-each-ref --format='%(refname:lstrip=-1)' refs/tags refs/avo/attempts 2>/dev/null)\" -- \"$cur\") $(compgen -f -- \"$cur\")) ;;\n"
	     "\t*) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
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

static void print_zsh_values(const char *name, const char *arg)
{
	const char *list = list_of(name);

	if (list) {
		printf("{compadd -- $(avo list %s 2>/dev/null | cut -d\" \" -f1)}", list);
		return;
	}
	putchar('(');
	print_values(name, arg);
	putchar(')');
}

static void print_zsh_options(const struct cli_option *o)
{
	for (; o && o->name; o++) {
		printf("\t\t\t'--%s%s[", o->name, o->arg ? "=" : "");
		print_zsh_text(o->help);
		putchar(']');
		if (o->arg) {
			putchar(':');
			print_zsh_text(o->arg);
			putchar(':');
			if (list_of(o->name) || strchr(o->arg, '|') || strcmp(o->name, "verdict") == 0)
				print_zsh_values(o->name, o->arg);
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
		if (strchr((*c)->args, '|') || strcmp((*c)->args, "[COMMAND]") == 0) {
			fputs("\t\t\t'2:what:", stdout);
			print_zsh_values("", (*c)->args);
			puts("' \\");
		}
		puts("\t\t\t'*:run:_files' ;;");
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
