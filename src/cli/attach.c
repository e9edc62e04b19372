#include "avo.h"
#include "base/path.h"
#include "cli/attach.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "engine/engine.h"
#include "journal/journal.h"
#include "llm/key.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>


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
		control_call(e->client, cli_command_json("stop"), NULL, CLI_ANSWER_MS, NULL);
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

	if (control_call(e->client, command, answer, CLI_ANSWER_MS, &err) != AVO_OK)
		return cli_fail(call, &err);
	return 0;
}

int cli_subscribe(struct cli_engine *e, const struct cli_call *call, const char *run_dir, uint64_t after)
{
	struct error err;

	e->run_dir = run_dir;
	e->seen = after;
	if (control_subscribe(e->client, after, &err) == AVO_OK)
		return 0;
	/* it ended in this moment: what it recorded is what there is to say */
	return err.status == AVO_CLOSED ? 0 : cli_fail(call, &err);
}

/* --- being interrupted --- */

static volatile sig_atomic_t interrupted;
static const int leaving[] = { SIGINT, SIGTERM, SIGHUP };

static void on_interrupt(int sig)
{
	interrupted = sig;
}

int cli_interrupted(void)
{
	return interrupted;
}

/* What was ignored when we were started (nohup, a shell's &) stays ignored. */
static void catch_signals(struct sigaction old[ARRAY_LEN(leaving)])
{
	struct sigaction act = { .sa_handler = on_interrupt };
	size_t i;

	interrupted = 0;
	for (i = 0; i < ARRAY_LEN(leaving); i++) {
		sigaction(leaving[i], NULL, &old[i]);
		if (old[i].sa_handler != SIG_IGN)
			sigaction(leaving[i], &act, NULL);
	}
}

static void restore_signals(struct sigaction old[ARRAY_LEN(leaving)])
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(leaving); i++)
		sigaction(leaving[i], &old[i], NULL);
}

void cli_leave_line(const struct cli_call *call, const char *run_dir, bool ours)
{
	char word[PATH_WORD_SIZE];
	pid_t pid = 0;

	engine_pid(&pid, run_dir, NULL);
	path_word_here(word, run_dir);
	if (ours)
		cli_complain(call, "left; the engine was started for this and is stopped. Go on: avo run %s", word);
	else if (pid)
		cli_complain(call, "left; the run goes on. Watch it: avo attach %s; end it: avo stop %s", word, word);
	else
		cli_complain(call, "left; no engine runs. Go on: avo run %s", word);
}

/* Where the run stands, and how to come back to it. */
static void take_leave(const struct cli_engine *e, const struct cli_call *call)
{
	char *journal = path_join(e->run_dir, ".avo/journal");
	struct buf summary = BUF_INIT;
	struct run_state state;

	/* the terminal has written ^C, and may have thrown away the end of the line before it */
	if (interrupted == SIGINT && isatty(STDERR_FILENO))
		fputc('\n', stderr);
	cli_leave_line(call, e->run_dir, e->started);
	state_init(&state);
	if (state_load(&state, journal, NULL) == AVO_OK) {
		cli_summary(&summary, &state, e->run_dir);
		fputs(buf_cstr(&summary), stderr);
	}
	state_release(&state);
	buf_release(&summary);
	free(journal);
}

/* --- events --- */

struct follower {
	struct cli_engine *engine;
	const struct cli_call *call;
	cli_until_fn *until;
	void *arg;
	bool done;		/* until said so */
};

static void take_event(struct follower *f, const cJSON *event)
{
	uint64_t seq = (uint64_t)json_int(event, "seq", 0);
	char *line;

	if (seq <= f->engine->seen)
		return;
	f->engine->seen = seq;
	line = json_print_new(event);
	cli_print_event(f->call, line, strlen(line));
	fflush(stdout);
	free(line);
	f->done = f->until && f->until(f->arg, event);
}

static bool ends(const struct follower *f)
{
	return f->done || interrupted || ferror(stdout);
}

/* An engine does not wait for somebody whose output is stuck: what it left out is in the journal's files. */
static void take_missed(struct follower *f)
{
	char *journal = path_join(f->engine->run_dir, ".avo/journal");
	struct journal_reader *reader = NULL;
	struct journal_ref ref;
	const char *line;
	size_t len;

	if (journal_reader_open(&reader, journal, NULL) == AVO_OK) {
		while (!ends(f) && journal_reader_next(reader, &line, &len, &ref, NULL) == AVO_OK) {
			cJSON *event;

			if (json_parse(&event, line, len, NULL) != AVO_OK)
				continue;
			take_event(f, event);
			cJSON_Delete(event);
		}
	}
	journal_reader_close(reader);
	free(journal);
}

static void take_arrived(struct follower *f)
{
	cJSON *message;

	while (!ends(f) && (message = control_next(f->engine->client))) {
		const cJSON *event = json_obj(message, "event");

		if (event)
			take_event(f, event);
		else if (json_get(message, "resync"))
			take_missed(f);
		cJSON_Delete(message);
	}
}

/* Waits for more and reads it; false at the end, with the exit status. */
static bool wait_for_more(struct follower *f, int *status)
{
	struct pollfd p = { .fd = control_fd(f->engine->client), .events = control_events(f->engine->client) };
	struct error err;
	enum avo_status st;

	if (poll(&p, 1, 1000) < 0 && errno != EINTR)
		return false;
	st = control_pump(f->engine->client, &err);
	if (st == AVO_CLOSED) {
		take_arrived(f);
		take_missed(f);
	} else if (st != AVO_OK) {
		*status = cli_fail(f->call, &err);
	}
	return st == AVO_OK;
}

int cli_follow(struct cli_engine *e, const struct cli_call *call, cli_until_fn *until, void *arg)
{
	struct follower f = { .engine = e, .call = call, .until = until, .arg = arg };
	struct sigaction old[ARRAY_LEN(leaving)];
	int status = 0;

	catch_signals(old);
	do
		take_arrived(&f);
	while (!ends(&f) && wait_for_more(&f, &status));
	restore_signals(old);
	if (interrupted)
		take_leave(e, call);
	return status;
}

void cli_events_after(const char *run_dir, uint64_t after, cli_until_fn *fn, void *arg)
{
	char *journal = path_join(run_dir, ".avo/journal");
	struct journal_reader *reader = NULL;
	struct journal_ref ref;
	bool enough = false;
	const char *line;
	size_t len;

	if (journal_reader_open(&reader, journal, NULL) == AVO_OK) {
		while (!enough && journal_reader_next(reader, &line, &len, &ref, NULL) == AVO_OK) {
			cJSON *event;

			if (json_parse(&event, line, len, NULL) != AVO_OK)
				continue;
			enough = (uint64_t)json_int(event, "seq", 0) > after && fn(arg, event);
			cJSON_Delete(event);
		}
	}
	journal_reader_close(reader);
	free(journal);
}
