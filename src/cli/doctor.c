#include "avo.h"
#include "base/buf.h"
#include "base/child.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/text.h"
#include "sandbox/sandbox.h"

#include <stdarg.h>
#include <unistd.h>

/* doctor: what this machine has, what it lacks, and what that costs. */

static const char *const state_names[] = { "ok", "note", "missing", "broken" };
static const enum cli_color state_colors[] = { CLI_GOOD, CLI_WARN, CLI_WARN, CLI_BAD };

void doctor_say(struct doctor *d, enum doctor_state state, const char *check, const char *hint, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	if (state == DOCTOR_BROKEN)
		d->cpu = false;
	if (d->call->global->json) {
		cJSON *line = cJSON_CreateObject();

		json_set_str(line, "check", check);
		json_set_str(line, "state", state_names[state]);
		json_set_str(line, "value", buf_cstr(&text));
		json_set_str(line, "hint", hint);
		cli_print_json(line);
	} else {
		printf("%s%-8s%s %-12s ", cli_paint(d->call, state_colors[state]), state_names[state],
		       cli_paint(d->call, CLI_PLAIN), check);
		cli_print_clean(buf_cstr(&text), 0);
		putchar('\n');
		if (hint)
			printf("                      %s\n", hint);
	}
	buf_release(&text);
}

char *doctor_first_line(const char *const *argv)
{
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct buf out = BUF_INIT;
	char *line = NULL;

	spec.argv = argv;
	if (child_run(&result, &out, &spec, 10000, NULL) == AVO_OK && result.wait_status == 0 && !result.timed_out)
		line = xstrndup(buf_cstr(&out), strcspn(buf_cstr(&out), "\n"));
	buf_release(&out);
	return line;
}

#define USER_NAMESPACES \
	"(sysctl kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu; a container needs them allowed from outside)"

/* What a missing layer leaves open is said by the checks; this says how to get it. */
static const char *layer_hint(unsigned layers)
{
	if (getenv("AVO_SANDBOX_LAYERS"))
		return "AVO_SANDBOX_LAYERS is set and takes layers away: unset it";
	if (!(layers & SANDBOX_NAMESPACES))
		return access("/usr/bin/bwrap", X_OK) == 0 ?
		       "no namespaces, not for bubblewrap either: let users make user namespaces " USER_NAMESPACES :
		       "no namespaces: install bubblewrap, or let users make user namespaces " USER_NAMESPACES;
	if (!(layers & SANDBOX_LANDLOCK))
		return "no landlock: the kernel is older than 5.13 or boots without it (add landlock to the lsm= option)";
	if (!(layers & SANDBOX_SECCOMP))
		return "no seccomp: CPU candidates and plans cannot be sealed; run a kernel with CONFIG_SECCOMP_FILTER";
	return NULL;
}

static void print_act(struct doctor *d, const struct sandbox_check *check)
{
	if (d->call->global->json) {
		cJSON *line = cJSON_CreateObject();

		json_set_str(line, "check", "sandbox");
		json_set_str(line, "act", check->act);
		json_set_bool(line, "tried", check->tried);
		json_set_bool(line, "blocked", check->blocked);
		json_set_str(line, "by", check->by);
		cli_print_json(line);
		return;
	}
	printf("         %s%-12s%s %-36s %s\n", cli_paint(d->call, check->blocked ? CLI_DIM : CLI_WARN),
	       !check->tried ? "-" : check->blocked ? "blocked" : "POSSIBLE", cli_paint(d->call, CLI_PLAIN), check->act, check->by);
}

/* The self-check: what foreign code was able to do when it tried. */
static void doctor_sandbox(struct doctor *d)
{
	struct sandbox_check checks[SANDBOX_MAX_CHECKS];
	unsigned layers = sandbox_layers();
	struct error err = { 0 };
	int i, count, tried = 0, blocked = 0;
	char text[64];

	if (sandbox_self_check(checks, &count, &err) != AVO_OK) {
		doctor_say(d, DOCTOR_BROKEN, "sandbox", "compilers and candidates cannot be started confined", "%s", err.text);
		return;
	}
	for (i = 0; i < count; i++) {
		tried += checks[i].tried;
		blocked += checks[i].tried && checks[i].blocked;
	}
	sandbox_describe(text, sizeof(text), layers);
	/* a candidate runs sealed or not at all */
	if (!(layers & SANDBOX_SECCOMP))
		doctor_say(d, DOCTOR_BROKEN, "sandbox", layer_hint(layers), "%s", text);
	else
		doctor_say(d, blocked < tried ? DOCTOR_NOTE : DOCTOR_OK, "sandbox", layer_hint(layers),
			   "%s: %d of %d attacks from inside blocked", text, blocked, tried);
	for (i = 0; i < count; i++)
		print_act(d, &checks[i]);
}

static void (*const checks_in_order[])(struct doctor *) = {
	doctor_compiler, doctor_worker, doctor_data, doctor_sandbox, doctor_processor, doctor_clock, doctor_openblas, doctor_cuda,
	doctor_git, doctor_libraries, doctor_file_system, doctor_socket, doctor_terminal, doctor_locale, doctor_session,
	doctor_model,
};

static int sum_up(const struct doctor *d)
{
	if (d->call->global->json) {
		cJSON *line = cJSON_CreateObject();

		json_set_str(line, "check", "summary");
		json_set_bool(line, "cpu", d->cpu);
		json_set_bool(line, "cuda", d->cuda);
		cli_print_json(line);
	} else {
		printf("\nThe cpu backend %s; the cuda backend %s.\n", d->cpu ? "can run" : "cannot run: see \"broken\" above",
		       d->cuda ? "can run" : "cannot");
	}
	return d->cpu ? 0 : 3;
}

static int run_doctor(const struct cli_call *call)
{
	struct doctor d = { .call = call, .dir = call->argc ? call->argv[0] : ".", .cpu = true };
	size_t i;

	for (i = 0; i < ARRAY_LEN(checks_in_order); i++)
		checks_in_order[i](&d);
	return sum_up(&d);
}

const struct cli_command cmd_doctor = {
	.name = "doctor",
	.args = "[DIR]",
	.summary = "Say what this machine can run, what it lacks and what that costs",
	.details = "Tries the compiler, the sandbox (by attacking it from inside), the clock, the GPU's libraries and the\n"
		   "file system of DIR, where a run is or will be. In a run with a model it asks it once, which costs a\n"
		   "fraction of a cent, and says what it can do. Exit status 0 when the cpu backend can run, 3 when not.",
	.max_args = 1,
	.run = run_doctor,
};
