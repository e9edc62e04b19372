#include "avo.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/attach.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "engine/engine.h"

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

static const struct cli_option global_options[] = {
	{ "json", 0, NULL, "one JSON object a line on stdout" },
	{ "no-color", 0, NULL, "no colours (also: NO_COLOR in the environment)" },
	{ "ascii", 0, NULL, "no characters beyond ASCII" },
	{ "help", 'h', NULL, "this text" },
	{ NULL, 0, NULL, NULL },
};

const struct cli_option *cli_global_options(void)
{
	return global_options;
}

static const struct cli_command *find_command(const char *name)
{
	const struct cli_command *const *c;

	for (c = cli_commands; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

static int option_index(const struct cli_option *options, const char *name, size_t len)
{
	int i;

	for (i = 0; options && options[i].name; i++)
		if (strlen(options[i].name) == len && strncmp(options[i].name, name, len) == 0)
			return i;
	return -1;
}

static int letter_index(const struct cli_option *options, char letter)
{
	int i;

	for (i = 0; options && options[i].name; i++)
		if (options[i].letter == letter)
			return i;
	return -1;
}

const char *cli_value(const struct cli_call *call, const char *name)
{
	int i = option_index(call->command->options, name, strlen(name));

	return i < 0 ? NULL : call->values[i];
}

bool cli_number(int64_t *out, const struct cli_call *call, const char *name, int64_t min, int64_t max)
{
	const char *text = cli_value(call, name);
	long n;

	if (!text)
		return true;
	if (!str_to_long(&n, text, (long)min, (long)max)) {
		cli_usage(call, "--%s wants a whole number from %lld to %lld, not '%s'", name,
			  (long long)min, (long long)max, text);
		return false;
	}
	*out = n;
	return true;
}

bool cli_duration(int64_t *out_ms, const struct cli_call *call, const char *name)
{
	const char *text = cli_value(call, name);
	int64_t ms;

	if (!text)
		return true;
	ms = clock_parse_duration(text);
	if (ms <= 0) {
		cli_usage(call, "--%s wants a duration such as 90s, 2m, 1h30m or 4d, not '%s'", name, text);
		return false;
	}
	*out_ms = ms;
	return true;
}

static void complain(const struct cli_call *call, const char *fmt, va_list ap)
{
	struct buf text = BUF_INIT, line = BUF_INIT;

	buf_vprintf(&text, fmt, ap);
	if (call && call->command)
		buf_printf(&line, "avo %s: ", call->command->name);
	else
		buf_addstr(&line, "avo: ");
	str_escape(&line, buf_cstr(&text), text.len);
	fprintf(stderr, "%s\n", buf_cstr(&line));
	buf_release(&text);
	buf_release(&line);
}

void cli_complain(const struct cli_call *call, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(call, fmt, ap);
	va_end(ap);
}

int cli_fail(const struct cli_call *call, const struct error *err)
{
	int status = error_exit_status(err->status);

	if (call->global->json) {
		cJSON *obj = cJSON_CreateObject();
		char *line;

		json_set_str(obj, "error", err->text);
		json_set_int(obj, "status", status);
		line = json_print_new(obj);
		puts(line);
		free(line);
		cJSON_Delete(obj);
	}
	cli_complain(call, "%s", err->text);
	return status ? status : 3;
}

int cli_usage(const struct cli_call *call, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(call, fmt, ap);
	va_end(ap);
	fprintf(stderr, "Try 'avo %s --help'.\n", call->command->name);
	return 2;
}

static bool is_run(const char *dir)
{
	char *conf = path_join(dir, "avo.conf");
	bool yes = path_exists(conf);

	free(conf);
	return yes;
}

int cli_run_and_names(char **run, const char *names[CLI_MAX_NAMES], int *count, const struct cli_call *call)
{
	const char *dir = NULL;
	struct error err;
	int i;

	*count = 0;
	for (i = 0; i < call->argc; i++) {
		if (!dir && path_is_dir(call->argv[i]) && (is_run(call->argv[i]) || i == call->argc - 1))
			dir = call->argv[i];
		else if (*count < CLI_MAX_NAMES)
			names[(*count)++] = call->argv[i];
	}
	/* what is not a directory where only one fits is a typing error: never go on with the run around here */
	if (!dir && *count && strcmp(call->command->args, "[DIR]") == 0)
		dir = names[0];
	if (run_find(run, dir, &err) != AVO_OK)
		return cli_fail(call, &err);
	return 0;
}

struct parser {
	struct cli_call *call;
	struct cli_global *global;
	bool want_help;
};

static bool take_global(struct parser *p, int which)
{
	switch (which) {
	case 0: p->global->json = true; return true;
	case 1: p->global->color = false; return true;
	case 2: p->global->ascii = true; return true;
	case 3: p->want_help = true; return true;
	default: return false;
	}
}

/* One "--name", "--name=value" or "--name value"; returns how many further words it used, -1 after a message. */
static int take_long(struct parser *p, const char *word, const char *next)
{
	const char *name = word + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct cli_option *options = p->call->command->options;
	int i = option_index(options, name, len);

	if (i < 0) {
		if (!equals && take_global(p, option_index(global_options, name, len)))
			return 0;
		cli_usage(p->call, "there is no option %s", word);
		return -1;
	}
	if (!options[i].arg) {
		if (equals) {
			cli_usage(p->call, "--%s takes no value", options[i].name);
			return -1;
		}
		p->call->values[i] = "";
		return 0;
	}
	if (!equals && !next) {
		cli_usage(p->call, "--%s wants a value: %s", options[i].name, options[i].arg);
		return -1;
	}
	p->call->values[i] = equals ? equals + 1 : next;
	return equals ? 0 : 1;
}

/* "-n 3", "-n3" or a cluster of flags. */
static int take_short(struct parser *p, const char *word, const char *next)
{
	const struct cli_option *options = p->call->command->options;
	const char *c;

	for (c = word + 1; *c; c++) {
		int i = letter_index(options, *c);

		if (i < 0) {
			if (take_global(p, letter_index(global_options, *c)))
				continue;
			cli_usage(p->call, "there is no option -%c", *c);
			return -1;
		}
		if (!options[i].arg) {
			p->call->values[i] = "";
			continue;
		}
		if (!c[1] && !next) {
			cli_usage(p->call, "-%c wants a value: %s", *c, options[i].arg);
			return -1;
		}
		p->call->values[i] = c[1] ? c + 1 : next;
		return c[1] ? 0 : 1;
	}
	return 0;
}

/* Sorts argv (behind the command's name) into options and positional arguments. */
static bool parse(struct parser *p, int argc, char **argv)
{
	bool only_names = false;
	int i;

	for (i = 0; i < argc; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;
		int used = 0;

		if (only_names || argv[i][0] != '-' || !argv[i][1])
			p->call->argv[p->call->argc++] = argv[i];
		else if (strcmp(argv[i], "--") == 0)
			only_names = true;
		else if (argv[i][1] == '-')
			used = take_long(p, argv[i], next);
		else
			used = take_short(p, argv[i], next);
		if (used < 0)
			return false;
		i += used;
	}
	return true;
}

static void end_by_signal(int sig)
{
	if (!sig)
		return;
	signal(sig, SIG_DFL);
	raise(sig);
}

static int run_command(const struct cli_command *command, struct cli_global *global, int argc, char **argv)
{
	struct cli_call call = { .global = global, .command = command };
	struct parser p = { .call = &call, .global = global };
	int status;

	call.argv = calloc((size_t)argc + 1, sizeof(*call.argv));
	if (!call.argv)
		return 3;
	if (!parse(&p, argc, argv)) {
		status = 2;
	} else if (p.want_help) {
		cli_print_command_help(stdout, command);
		status = 0;
	} else if (call.argc < command->min_args) {
		status = cli_usage(&call, "too few arguments: avo %s %s", command->name, command->args);
	} else if (command->max_args >= 0 && call.argc > command->max_args) {
		status = cli_usage(&call, "what is '%s' for? avo %s %s", call.argv[command->max_args], command->name,
				   command->args);
	} else {
		cli_text_ascii(global->ascii);
		status = command->run(&call);
	}
	free(call.argv);
	fflush(stdout);
	end_by_signal(cli_interrupted());
	if (ferror(stdout)) {
		cli_complain(NULL, "cannot write the output");
		return status ? status : 3;
	}
	return status;
}

static void unknown_command(const char *name)
{
	const struct cli_command *const *c;
	struct buf similar = BUF_INIT;

	for (c = cli_commands; *c; c++)
		if (strncmp((*c)->name, name, 2) == 0)
			buf_printf(&similar, "%s %s", similar.len ? "," : " Did you mean", (*c)->name);
	cli_complain(NULL, "there is no command '%s'.%s%s", name, buf_cstr(&similar), similar.len ? "?" : "");
	fputs("Try 'avo help'.\n", stderr);
	buf_release(&similar);
}

int cli_main(int argc, char **argv)
{
	const struct cli_command *command;
	struct cli_global global = { 0 };
	int first = 1;

	setlocale(LC_CTYPE, "");	/* numbers keep their point: they are parsed again */
	global.color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	global.ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	while (first < argc && strncmp(argv[first], "--", 2) == 0) {
		int which = option_index(global_options, argv[first] + 2, strlen(argv[first] + 2));
		struct cli_call none = { .global = &global };
		struct parser p = { .call = &none, .global = &global };

		if (strcmp(argv[first], "--version") == 0) {
			printf("avo %s\n", PACKAGE_VERSION);
			return 0;
		}
		if (!take_global(&p, which)) {
			cli_complain(NULL, "there is no option %s. Try 'avo help'.", argv[first]);
			return 2;
		}
		if (p.want_help) {
			cli_print_help(stdout);
			return 0;
		}
		first++;
	}
	if (first >= argc) {
		cli_print_help(stderr);
		return 2;
	}
	command = find_command(argv[first]);
	if (!command) {
		unknown_command(argv[first]);
		return 2;
	}
	return run_command(command, &global, argc - first - 1, argv + first + 1);
}
