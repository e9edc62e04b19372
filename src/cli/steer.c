#include "avo.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/attach.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "engine/engine.h"
#include "journal/record.h"

#include <signal.h>
#include <errno.h>
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

/* Commands that tell the engine what to do, and status, which asks it. */

static void print_pending(const cJSON *status, const char *word)
{
	const cJSON *item, *pending = json_arr(status, "pending");

	cJSON_ArrayForEach(item, pending)
		printf("needs you  %s waits: avo approve %s %s, or avo reject %s -m TEXT %s\n", item->valuestring,
		       item->valuestring, word, item->valuestring, word);
}

static void print_peers(const cJSON *status, double best)
{
	const cJSON *peer;

	cJSON_ArrayForEach(peer, json_arr(status, "peers")) {
		double value = json_num(peer, "geomean", NAN);

		printf("peer       %s %.2f %s", json_str(peer, "name", "?"), value, json_str(peer, "unit", ""));
		if (isfinite(best / value))
			printf(", best is x%.2f", best / value);
		putchar('\n');
	}
}

static void print_count(const cJSON *status, const char *key, const char *noun)
{
	long long n = json_int(status, key, 0);

	printf("%lld %s%s, ", n, noun, n == 1 ? "" : "s");
}

static void print_best(const cJSON *status, const cJSON *best)
{
	const char *version = json_str(best, "version", "?");
	double geomean = json_num(best, "geomean", NAN);

	if (isfinite(geomean))
		printf("best       %s %.2f %s\n", version, geomean, json_str(best, "unit", ""));
	else if (strcmp(json_str(status, "state", ""), "failed") == 0)
		printf("best       none: the seed %s has no score, and nothing can be measured against it\n", version);
	else
		printf("best       %s not scored yet\n", version);
	print_peers(status, geomean);
}

/* "waits for the worker (srun ...) since 4m07s, it said: job 4711 queued" */
static void print_wait(const cJSON *wait)
{
	const cJSON *said = json_arr(wait, "said"), *last = cJSON_GetArrayItem(said, cJSON_GetArraySize(said) - 1);
	char since[32], next[32];

	if (!wait)
		return;
	printf("worker     waits for the worker (");
	cli_print_clean(json_str(wait, "worker", "?"), 0);
	printf(") since %s", clock_age(since, sizeof(since), (int64_t)(json_num(wait, "since_s", 0) * 1000)));
	if (last) {
		printf(", it said: ");
		cli_print_clean(last->valuestring, 0);
	}
	if (json_get(wait, "next_s"))
		printf("; try %lld in %s", (long long)json_int(wait, "tries", 0) + 1,
		       clock_age(next, sizeof(next), (int64_t)(json_num(wait, "next_s", 0) * 1000)));
	putchar('\n');
}

static void print_status(const cJSON *status, const char *run_dir, pid_t pid)
{
	const cJSON *best = json_obj(status, "best");
	const char *reason = json_str(status, "reason", NULL), *state = json_str(status, "state", "?");
	char age[32], word[PATH_WORD_SIZE];

	printf("run        ");
	cli_print_clean(json_str(status, "run", "?"), 0);
	printf(" (%s, suite %s, operator %s, gate %s)\n", json_str(status, "backend", "?"), json_str(status, "suite", "?"), json_str(status, "operator", "?"),
	       json_str(status, "gate", "?"));
	if (pid)
		printf("engine     running, pid %ld\n", (long)pid);
	else
		printf("engine     not running\n");
	if (json_str(status, "trouble", NULL))
		printf("trouble    %s\n", json_str(status, "trouble", ""));
	print_wait(json_obj(status, "wait"));
	printf("state      %s%s%s\n", strcmp(state, "none") == 0 ? "never started" : state, reason ? ": " : "", reason ? reason : "");
	printf("progress   ");
	print_count(status, "versions", "version");
	print_count(status, "attempts", "attempt");
	print_count(status, "directions", "direction");
	printf("%s active\n",
	       clock_age(age, sizeof(age), (int64_t)(json_num(status, "active_s", 0) * 1000)));
	if (best)
		print_best(status, best);
	print_pending(status, path_word_here(word, run_dir));
}

/* The engine knows more than the journal: what it could not write, what it waits for. */
static void ask_engine(cJSON *status, const char *run_dir, pid_t pid)
{
	static const char *const members[] = { "state", "reason", "wait", "active_s" };
	struct control_client *client = NULL;
	cJSON *answer = NULL;
	struct error err = { 0 };
	size_t i;

	json_set_int(status, "pid", pid);
	if (control_connect(&client, run_dir, true, &err) != AVO_OK ||
	    control_call(client, cli_command_json("status"), &answer, CLI_ANSWER_MS, &err) != AVO_OK)
		json_set_str(status, "trouble", err.text);
	for (i = 0; answer && i < ARRAY_LEN(members); i++) {
		cJSON_DeleteItemFromObjectCaseSensitive(status, members[i]);
		if (json_get(answer, members[i]))
			json_set(status, members[i], cJSON_Duplicate(json_get(answer, members[i]), true));
	}
	cJSON_Delete(answer);
	control_close(client);
}

/* Without an engine nothing runs, whatever it recorded last. */
static void judge_record(cJSON *status, const struct cli_run *run)
{
	const struct run_state *s = &run->state;

	json_set_num(status, "active_s", (double)s->active_ms / 1000);
	if (s->state == ENGINE_FINISHED || s->state == ENGINE_FAILED || s->state == ENGINE_NONE)
		return;
	if (engine_died(s, run->dir)) {
		json_set_str(status, "state", "died");
		json_set_str(status, "reason", "the engine died without a last word; avo run goes on from what it recorded");
	} else if (s->state != ENGINE_AWAITING) {
		json_set_str(status, "state", "stopped");
	}
}

static int run_status(const struct cli_call *call)
{
	struct cli_run run;
	struct error err;
	cJSON *status;
	pid_t pid = 0;
	int rc = cli_open_run(&run, call);

	if (rc)
		return rc;
	if (engine_pid(&pid, run.dir, &err) != AVO_OK)
		pid = 0;
	status = record_status(&run.state);
	json_set_bool(status, "engine", pid != 0);
	if (pid)
		ask_engine(status, run.dir, pid);
	else
		judge_record(status, &run);
	if (call->global->json) {
		cli_print_json(status);
	} else {
		print_status(status, run.dir, pid);
		cJSON_Delete(status);
	}
	cli_close_run(&run);
	return 0;
}

/* What else somebody must know who let a run go on: nothing moves before a decision. */
static void say_resumed(struct cli_engine *engine, const char *word)
{
	cJSON *status = NULL;
	const cJSON *first;

	if (control_call(engine->client, cli_command_json("status"), &status, CLI_ANSWER_MS, NULL) != AVO_OK)
		status = NULL;
	first = cJSON_GetArrayItem(json_arr(status, "pending"), 0);
	if (first && strcmp(json_str(status, "state", ""), "awaiting") == 0)
		printf("%s waits: avo approve %s %s, or avo reject %s -m TEXT %s; then the run goes on\n", first->valuestring,
		       first->valuestring, word, first->valuestring, word);
	else
		printf("%s goes on\n", word);
	cJSON_Delete(status);
}

static void say_paused(struct cli_engine *engine, const char *word)
{
	printf("paused; what is being evaluated is finished first. Go on: avo resume %s\n", word);
}

static void say_stopped(struct cli_engine *engine, const char *word)
{
	printf("stopped; start it again where it was: avo run %s\n", word);
}

/* Runs one simple command against the engine that is there; no engine is a message. */
static int simple(const struct cli_call *call, const char *name, void (*done)(struct cli_engine *engine, const char *word))
{
	const char *names[CLI_MAX_NAMES];
	struct cli_engine engine = { 0 };
	char *run, word[PATH_WORD_SIZE];
	struct error err;
	int count, status = cli_run_and_names(&run, names, &count, call);

	if (status)
		return status;
	if (control_connect(&engine.client, run, false, &err) != AVO_OK)
		status = cli_fail(call, &err);
	else
		status = cli_engine_call(&engine, call, cli_command_json(name), NULL);
	if (!status && !call->global->json)
		done(&engine, path_word_here(word, run));
	control_close(engine.client);
	free(run);
	return status;
}

static int run_pause(const struct cli_call *call)
{
	return simple(call, "pause", say_paused);
}

static int run_resume(const struct cli_call *call)
{
	return simple(call, "resume", say_resumed);
}

#define END_MS 30000		/* an evaluation that is cancelled, and a worker's client that is told to leave, take their time */

/* Until the lock is free. */
static bool wait_for_end(const char *run_dir)
{
	int64_t end = clock_mono_ms() + END_MS;
	pid_t pid = 1;

	while (engine_pid(&pid, run_dir, NULL) == AVO_OK && pid && clock_mono_ms() < end)
		usleep(20000);
	return !pid;
}

/* Whoever holds the lock on this machine; 0: nobody, or an engine elsewhere. */
static pid_t holder_here(const char *run_dir)
{
	char *path = path_join(run_dir, ".avo/engine.lock"), host[64] = "", here[64] = "";
	struct buf text = BUF_INIT;
	pid_t pid = 0;

	gethostname(here, sizeof(here) - 1);
	if (engine_pid(&pid, run_dir, NULL) != AVO_OK || path_read(&text, path, 256, NULL) != AVO_OK ||
	    sscanf(buf_cstr(&text), "%*d %63s", host) != 1 || strcmp(host, here) != 0)
		pid = 0;
	buf_release(&text);
	free(path);
	return pid;
}

static int signal_engine(const struct cli_call *call, const char *run_dir, int sig)
{
	pid_t pid = holder_here(run_dir);
	char word[PATH_WORD_SIZE];

	path_word_here(word, run_dir);
	if (pid <= 0) {
		cli_complain(call, "no engine runs on %s on this machine", word);
		return 1;
	}
	if (kill(pid, sig) != 0) {
		cli_complain(call, "the engine, pid %ld, cannot be signalled: %s", (long)pid, strerror(errno));
		return 3;
	}
	if (!wait_for_end(run_dir)) {
		cli_complain(call, "the engine, pid %ld, has not ended; the last resort is: avo stop --kill %s", (long)pid, word);
		return 3;
	}
	if (!call->global->json)
		printf("%s; start it again where it was: avo run %s\n", sig == SIGKILL ? "killed" : "stopped", word);
	return 0;
}

static bool print_what_was_left(void *arg, const cJSON *event)
{
	const char *type = json_str(event, "type", "");

	if (strcmp(type, "warning") == 0)
		cli_complain(arg, "%s", json_str(event, "text", ""));
	return strcmp(type, "engine-stopped") == 0;
}

/* Asks the engine to end, waits until it has, and says what it could not end. */
static int stop_engine(struct cli_engine *engine, const struct cli_call *call, const char *run_dir)
{
	uint64_t seen = (uint64_t)json_int(control_hello(engine->client), "seq", 0);
	char word[PATH_WORD_SIZE];
	int status = cli_engine_call(engine, call, cli_command_json("stop"), NULL);

	if (status)
		return status;
	if (!wait_for_end(run_dir)) {
		cli_complain(call, "the engine, pid %lld, is still ending; the last resort is: avo stop --kill %s",
			     (long long)json_int(control_hello(engine->client), "pid", 0), path_word_here(word, run_dir));
		return 3;
	}
	cli_events_after(run_dir, seen, print_what_was_left, (void *)call);
	if (!call->global->json)
		say_stopped(engine, path_word_here(word, run_dir));
	return 0;
}

static int run_stop(const struct cli_call *call)
{
	const char *names[CLI_MAX_NAMES];
	struct cli_engine engine = { 0 };
	struct error err;
	char *run;
	int count, status = cli_run_and_names(&run, names, &count, call);

	if (status)
		return status;
	if (cli_flag(call, "kill"))
		status = signal_engine(call, run, SIGKILL);
	else if (control_connect(&engine.client, run, false, &err) == AVO_OK)
		status = stop_engine(&engine, call, run);
	else if (err.status == AVO_NEGATIVE && holder_here(run) > 0)
		status = signal_engine(call, run, SIGTERM);	/* its socket was removed */
	else
		status = cli_fail(call, &err);
	control_close(engine.client);
	free(run);
	return status;
}

struct step_wait {
	int versions;
	int pending;		/* the newest attempt that came to wait for approval, or -1 */
};

static bool step_is_over(void *arg, const cJSON *event)
{
	struct step_wait *wait = arg;
	const char *type = json_str(event, "type", ""), *state = json_str(event, "state", "");

	if (strcmp(type, "version") == 0)
		wait->versions++;
	if (strcmp(type, "pending") == 0)
		wait->pending = (int)str_to_id(json_str(event, "attempt", ""), 'a');
	return strcmp(type, "state") == 0 && strcmp(state, "stepping") != 0 && strcmp(state, "running") != 0;
}

/* Opens the user's editor on the candidate's files; true when it ended well. */
static bool edit_tree(const struct cli_call *call, const char *run_dir)
{
	const char *editor = getenv("VISUAL") ? getenv("VISUAL") : getenv("EDITOR");
	char *line = xasprintf("%s .", editor ? editor : "vi");
	const char *argv[] = { "sh", "-c", line, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct error err;
	int status = 0;
	pid_t pid;

	spec.argv = argv;
	spec.cwd = run_dir;
	spec.stdin_fd = 0;
	spec.stdout_fd = 1;
	spec.stderr_fd = 2;
	spec.foreground = true;
	if (child_spawn(&pid, &spec, &err) != AVO_OK) {
		cli_fail(call, &err);
		free(line);
		return false;
	}
	waitpid(pid, &status, 0);
	free(line);
	if (status)
		cli_complain(call, "the editor failed; nothing is submitted");
	return status == 0;
}

#define SUBMIT_TRIES 3000	/* ten minutes: the seed of a new run may be measured first */

/* What was saved is submitted as soon as the engine takes a candidate. */
static int submit_tree(struct cli_engine *engine, const struct cli_call *call, const char *run_dir)
{
	struct error err;
	int tries;

	if (!edit_tree(call, run_dir))
		return 1;
	for (tries = 0; tries < SUBMIT_TRIES; tries++) {
		cJSON *command = cli_command_json("submit");
		enum avo_status st;

		json_set_str(command, "dir", run_dir);
		json_set_str(command, "title", cli_value(call, "message"));
		if (cli_flag(call, "again"))
			json_set_bool(command, "again", true);
		st = control_call(engine->client, command, NULL, CLI_ANSWER_MS, &err);
		if (st != AVO_BUSY)
			return st == AVO_OK ? 0 : cli_fail(call, &err);
		usleep(200000);
	}
	return cli_fail(call, &err);
}

static void say_waiting(const struct cli_call *call, int id, const char *run_dir)
{
	char word[PATH_WORD_SIZE];

	path_word_here(word, run_dir);
	if (!call->global->json)
		cli_complain(call, "a%d waits: avo approve a%d %s, or avo reject a%d -m TEXT %s", id, id, word, id, word);
}

/* What came of whole steps: 0 when a version did, or an attempt that only waits for a word; 1 when nothing is better. */
static int step_outcome(const struct cli_call *call, const struct step_wait *wait, const char *run_dir)
{
	if (wait->pending >= 0)
		say_waiting(call, wait->pending, run_dir);
	if (wait->versions || wait->pending >= 0)
		return 0;
	if (!call->global->json)
		cli_complain(call, "no new version");
	return 1;
}

static int step_in(struct cli_run *run, const struct cli_call *call, int64_t count)
{
	struct step_wait wait = { .pending = -1 };
	struct cli_engine engine;
	cJSON *command;
	int status = cli_engine_join(&engine, call, run->dir);

	if (status)
		return status;
	status = cli_subscribe(&engine, call, run->dir, (uint64_t)json_int(control_hello(engine.client), "seq", 0));
	if (status) {
		cli_engine_leave(&engine);
		return status;
	}
	command = cli_command_json("step");
	json_set_int(command, "count", count);
	json_set_str(command, "unit", cli_flag(call, "action") ? "action" : "step");
	status = cli_engine_call(&engine, call, command, NULL);
	if (status && state_pending(&run->state))
		say_waiting(call, state_pending(&run->state)->id, run->dir);
	if (!status && strcmp(run->state.operator, "manual") == 0 && !cli_flag(call, "action"))
		status = submit_tree(&engine, call, run->dir);
	if (!status)
		status = cli_follow(&engine, call, step_is_over, &wait);
	cli_engine_leave(&engine);
	if (status || cli_interrupted() || cli_flag(call, "action"))
		return status;
	return step_outcome(call, &wait, run->dir);
}

static int run_step(const struct cli_call *call)
{
	struct cli_run run;
	int64_t count = 1;
	int status;

	if (!cli_number(&count, call, "number", 1, 1000000))
		return 2;
	status = cli_open_run(&run, call);
	if (status)
		return status;
	/* what came before is not printed again */
	status = step_in(&run, call, count);
	cli_close_run(&run);
	return status;
}

/* The attempt named, or the one that waits longest; NULL after a message. */
static const struct attempt *pending_attempt(const struct cli_run *run, const struct cli_call *call)
{
	const struct attempt *a = run->name_count ? state_attempt(&run->state, (int)str_to_id(run->names[0], 'a')) : state_pending(&run->state);

	if (!a && run->name_count)
		cli_usage(call, "there is no attempt '%s' (avo pending lists what waits)", run->names[0]);
	else if (!a)
		cli_complain(call, "nothing waits for approval");
	return a;
}

static int decide(const struct cli_call *call, const char *verb)
{
	struct cli_engine engine;
	const struct attempt *a;
	struct cli_run run;
	cJSON *command, *answer = NULL;
	char id[16];
	int status = cli_open_run(&run, call);

	if (status)
		return status;
	a = pending_attempt(&run, call);
	if (!a) {
		status = run.name_count ? 2 : 1;
		cli_close_run(&run);
		return status;
	}
	snprintf(id, sizeof(id), "a%d", a->id);
	status = cli_engine_join(&engine, call, run.dir);
	if (!status) {
		command = cli_command_json(verb);
		json_set_str(command, "attempt", id);
		json_set_str(command, strcmp(verb, "approve") == 0 ? "message" : "reason", cli_value(call, "message"));
		status = cli_engine_call(&engine, call, command, &answer);
		cli_engine_leave(&engine);
	}
	if (!status && call->global->json)
		cli_print_json(cJSON_Duplicate(answer, true));
	else if (!status && strcmp(verb, "approve") == 0)
		printf("%s is %s now, commit %.7s\n", id, json_str(answer, "version", "a version"), json_str(answer, "commit", ""));
	else if (!status)
		printf("%s rejected\n", id);
	cJSON_Delete(answer);
	cli_close_run(&run);
	return status;
}

static int run_approve(const struct cli_call *call)
{
	return decide(call, "approve");
}

static int run_reject(const struct cli_call *call)
{
	return decide(call, "reject");
}

/* Words and an optional run: "avo hint TEXT... [DIR]", "avo gate manual [DIR]". */
static int tell(const struct cli_call *call, const char *member, const char *done)
{
	const char *names[CLI_MAX_NAMES];
	struct cli_engine engine = { 0 };
	struct error err;
	struct buf text = BUF_INIT;
	cJSON *command;
	char *run;
	int count, i, status = cli_run_and_names(&run, names, &count, call);

	if (status)
		return status;
	for (i = 0; i < count; i++)
		buf_printf(&text, "%s%s", i ? " " : "", names[i]);
	command = cli_command_json(call->command->name);
	json_set_str(command, member, buf_cstr(&text));
	if (!text.len) {
		status = cli_usage(call, "what? avo %s %s", call->command->name, call->command->args);
		cJSON_Delete(command);
	} else if (control_connect(&engine.client, run, false, &err) != AVO_OK) {
		status = cli_fail(call, &err);
		cJSON_Delete(command);
	} else {
		status = cli_engine_call(&engine, call, command, NULL);
	}
	if (!status && !call->global->json)
		puts(done);
	control_close(engine.client);
	buf_release(&text);
	free(run);
	return status;
}

static int run_hint(const struct cli_call *call)
{
	return tell(call, "text", "the agent reads it at its next turn");
}

static int run_gate(const struct cli_call *call)
{
	return tell(call, "gate", "set");
}

static const struct cli_option stop_options[] = {
	{ "kill", 0, NULL, "last resort: kill an engine that does not answer" },
	{ NULL, 0, NULL, NULL },
};
static const struct cli_option step_options[] = {
	{ "number", 'n', "N", "that many (default 1)" },
	{ "action", 0, NULL, "single actions instead of whole steps" },
	{ "message", 'm', "TEXT", "operator manual: what was changed" },
	{ "again", 0, NULL, "operator manual: measure it even if the record answers it" },
	{ NULL, 0, NULL, NULL },
};
static const struct cli_option approve_options[] = {
	{ "message", 'm', "TEXT", "added to the commit message" },
	{ NULL, 0, NULL, NULL },
};
static const struct cli_option reject_options[] = {
	{ "message", 'm', "TEXT", "why; kept in the record, and an agent is told" },
	{ NULL, 0, NULL, NULL },
};

const struct cli_command cmd_status = {
	"status", "[DIR]", "Say what a run is doing and whether it needs you", NULL, NULL, 0, 1, run_status,
};
const struct cli_command cmd_pause = {
	"pause", "[DIR]", "Hold a run before its next action", NULL, NULL, 0, 1, run_pause,
};
const struct cli_command cmd_resume = {
	"resume", "[DIR]", "Let a paused run go on", NULL, NULL, 0, 1, run_resume,
};
const struct cli_command cmd_stop = {
	"stop", "[DIR]", "End the engine of a run; nothing is lost",
	"Waits until it has ended, and says what of its worker could not be ended.", stop_options, 0, 1, run_stop,
};
const struct cli_command cmd_step = {
	"step", "[DIR]", "Run single variation steps, or single actions, and wait for them",
	"Joins the engine, or starts one that is paused and stops it afterwards. With the\n"
	"operator 'manual' your editor opens on the working tree; what you saved is submitted.\n"
	"Ends with status 0 when a version came of it, or an attempt that waits for approval,\n"
	"and with 1 when nothing was better; single actions end with 0.",
	step_options, 0, 1, run_step,
};
const struct cli_command cmd_approve = {
	"approve", "[aN] [DIR]", "Commit an attempt that waits for approval",
	"Without an attempt, the one that waits longest.", approve_options, 0, 2, run_approve,
};
const struct cli_command cmd_reject = {
	"reject", "[aN] [DIR]", "Turn down an attempt that waits for approval",
	"Without an attempt, the one that waits longest.", reject_options, 0, 2, run_reject,
};
const struct cli_command cmd_hint = {
	"hint", "TEXT [DIR]", "Send a message to the agent",
	"The operator 'agent' reads it at its next turn; one that reads none refuses it.", NULL, 1, -1, run_hint,
};
const struct cli_command cmd_gate = {
	"gate", "auto|manual [DIR]", "Choose who turns an improved attempt into a version", NULL, NULL, 1, 2, run_gate,
};
