#include "avo.h"
#include "base/path.h"
#include "cli/attach.h"
#include "cli/commands.h"
#include "engine/engine.h"
#include "llm/key.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#define ANSWER_MS 30000

void cli_forget_key(const char *run_dir)
{
	char *path = path_join(run_dir, "avo.conf");
	struct conf *conf = NULL;

	if (conf_open(&conf, path, NULL) != AVO_OK)
		conf = NULL;
	llm_key_forget(conf);
	conf_free(conf);
	free(path);
}

int cli_engine_join(struct cli_engine *e, const struct cli_call *call, const char *run_dir)
{
	struct engine_options options = { .run_dir = run_dir, .start_paused = true };
	struct error err;
	enum avo_status st;
	pid_t pid;

	memset(e, 0, sizeof(*e));
	st = control_connect(&e->client, run_dir, false, &err);
	if (st == AVO_NEGATIVE) {
		st = engine_start(&options, &pid, &err);
		e->started = st == AVO_OK;
		if (st == AVO_OK || st == AVO_BUSY)
			st = control_connect(&e->client, run_dir, false, &err);
	}
	cli_forget_key(run_dir);
	return st == AVO_OK ? 0 : cli_fail(call, &err);
}

void cli_engine_leave(struct cli_engine *e)
{
	if (!e->client)
		return;
	if (e->started)
		control_call(e->client, cli_command_json("stop"), NULL, ANSWER_MS, NULL);
	control_close(e->client);
	e->client = NULL;
}

cJSON *cli_command_json(const char *name)
{
	const struct passwd *user = getpwuid(getuid());
	cJSON *command = cJSON_CreateObject();

	json_set_str(command, "cmd", name);
	json_set_str(command, "by", user ? user->pw_name : "user");
	return command;
}

int cli_engine_call(struct cli_engine *e, const struct cli_call *call, cJSON *command, cJSON **answer)
{
	struct error err;

	if (control_call(e->client, command, answer, ANSWER_MS, &err) != AVO_OK)
		return cli_fail(call, &err);
	return 0;
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	interrupted = sig;
}

static void print_message(const struct cli_call *call, const cJSON *event)
{
	char *line = json_print_new(event);

	cli_print_event(call, line, strlen(line));
	fflush(stdout);
	free(line);
}

/* Prints what has arrived; true when `until` was satisfied. */
static bool print_arrived(struct cli_engine *e, const struct cli_call *call, cli_until_fn *until, void *arg)
{
	cJSON *message;
	bool done = false;

	while (!done && (message = control_next(e->client))) {
		const cJSON *event = json_obj(message, "event");

		if (event) {
			print_message(call, event);
			done = until && until(arg, event);
		}
		cJSON_Delete(message);
	}
	return done;
}

int cli_follow(struct cli_engine *e, const struct cli_call *call, cli_until_fn *until, void *arg)
{
	struct sigaction act = { .sa_handler = on_interrupt }, old_int, old_term;
	struct error err;
	int status = 0;

	interrupted = 0;
	sigaction(SIGINT, &act, &old_int);
	sigaction(SIGTERM, &act, &old_term);
	while (!interrupted && !print_arrived(e, call, until, arg)) {
		struct pollfd p = { .fd = control_fd(e->client), .events = control_events(e->client) };
		enum avo_status st;

		if (ferror(stdout))
			break;
		if (poll(&p, 1, 1000) < 0 && errno != EINTR)
			break;
		st = control_pump(e->client, &err);
		if (st == AVO_CLOSED) {
			print_arrived(e, call, until, arg);
			break;
		}
		if (st != AVO_OK) {
			status = cli_fail(call, &err);
			break;
		}
	}
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	if (interrupted && !e->started)
		fprintf(stderr, "avo %s: left; the run goes on (avo stop ends it)\n", call->command->name);
	return status;
}
