#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/attach.h"
#include "cli/bench.h"
#include "cli/commands.h"
#include "cli/gpu.h"
#include "cli/text.h"
#include "engine/engine.h"
#include "lineage/lineage.h"
#include "task/task.h"
#include "ui/workbench.h"

#include <math.h>
#include <time.h>
#include <unistd.h>

/* Making a run, starting its engine, and watching it: with a workbench, or a line an event. */

/* The best seed for the GPU that is here; elsewhere the one that runs on every GPU, and a word. */
static const char *choose_gpu_seed(const struct cli_call *call)
{
	const char *seed = gpu_seed();

	if (seed)
		return seed;
	cli_complain(call, "no GPU is seen here: the seed is sm80, which runs on all since Ampere; for a run on Hopper or Blackwell say "
			   "--seed sm90a or --seed sm100a");
	return "sm80";
}

static int run_init(const struct cli_call *call)
{
	struct run_options o = {
		.dir = call->argv[0],
		.name = cli_value(call, "name"),
		.backend = cli_value(call, "backend"),
		.suite = cli_value(call, "suite"),
		.seed = cli_value(call, "seed"),
		.operator_name = cli_value(call, "operator"),
		.gate = cli_value(call, "gate"),
		.model = cli_value(call, "model"),
		.base_url = cli_value(call, "base-url"),
	};
	char word[PATH_WORD_SIZE];
	struct error err;

	if (!o.seed && o.backend && strcmp(o.backend, "cuda") == 0)
		o.seed = choose_gpu_seed(call);
	if (run_create(&o, &err) != AVO_OK)
		return cli_fail(call, &err);
	if (!call->global->json)
		printf("created %s; start it with: avo run %s\n", path_word_here(word, o.dir), word);
	return 0;
}

static bool on_terminal(const struct cli_call *call)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !call->global->json;
}

static int open_workbench(const struct cli_call *call, const char *run_dir)
{
	struct workbench_options o = {
		.run_dir = run_dir,
		.read_only = cli_flag(call, "read-only"),
		.ascii = call->global->ascii,
		.color = call->global->color,
		.command = cli_value(call, "command"),
	};
	struct error err;

	if (workbench_run(&o, &err) != AVO_OK)
		return cli_fail(call, &err);
	cli_leave_line(call, run_dir, false);
	return 0;
}

static bool engine_options_of(struct engine_options *o, const struct cli_call *call)
{
	return cli_number(&o->steps, call, "steps", 1, 1000000000) &&
	       cli_number(&o->attempts, call, "attempts", 1, 1000000000) &&
	       cli_duration(&o->time_ms, call, "time");
}

/*
 * Ends the watch when nothing more will happen without somebody's word. An engine that was joined may wait for viewers
 * when it has finished; one that was started for this ends, after the profile that a finished run still takes.
 */
static bool run_is_over(void *arg, const cJSON *event)
{
	const bool *joined = arg;
	const char *type = json_str(event, "type", ""), *state = json_str(event, "state", "");

	if (strcmp(type, "engine-stopped") == 0)
		return true;
	return strcmp(type, "state") == 0 && (strcmp(state, "failed") == 0 || (*joined && strcmp(state, "finished") == 0));
}

static bool has_journal(const char *run_dir)
{
	char *journal = path_join(run_dir, ".avo/journal");
	bool yes = path_is_dir(journal);

	free(journal);
	return yes;
}

/* What somebody who has just seen a run end may want to do next. */
static void print_next(const struct cli_run *run)
{
	const struct version *best = state_newest(&run->state);
	char word[PATH_WORD_SIZE];

	path_word_here(word, run->dir);
	printf("\nlook: avo log %s", word);
	if (best && best->id > 0)
		printf("; avo diff v0 v%d %s", best->id, word);
	printf("; avo attach %s (the workbench)\ngo on: avo run %s\n", word, word);
}

/* What is left of a killed process may hold its lock for a moment longer than its sockets. */
static bool has_died(const struct run_state *s, const char *run_dir)
{
	int tries;

	if (s->state == ENGINE_FINISHED || s->state == ENGINE_FAILED || !s->engine_pid)
		return false;
	for (tries = 0; tries < 100 && !engine_died(s, run_dir); tries++)
		usleep(20000);
	return engine_died(s, run_dir);
}

/* Reads the journal again and closes with what the run came to; the ratios are measured here and now, in one session. */
static int close_watch(const struct cli_call *call, const char *run_dir)
{
	static const struct bench_options summary = { .repeats = 5, .brief = true };
	char *argv[] = { (char *)run_dir };
	struct cli_call reread = *call;
	struct buf text = BUF_INIT;
	char word[PATH_WORD_SIZE];
	struct cli_run run;
	int status;

	if (!has_journal(run_dir)) {
		cli_complain(call, "%s is gone: it was deleted or moved away", run_dir);
		return 3;
	}
	reread.argc = 1;
	reread.argv = argv;
	status = cli_open_run(&run, &reread);
	if (status)
		return status;
	if (run.state.state == ENGINE_FAILED)
		status = 3;
	if (has_died(&run.state, run.dir)) {
		cli_complain(call, "the engine died without a last word (%s/.avo/engine.log may have one); avo run %s goes on", run.dir,
			     path_word_here(word, run.dir));
		status = 3;
	}
	if (!call->global->json) {
		cli_summary(&text, &run.state, run.dir);
		printf("\n%s", buf_cstr(&text));
		buf_release(&text);
		if (!status && run.state.version_count > 1 && !cli_flag(call, "headless")) {
			puts("\nmeasuring best, seed and peers once more, together");
			fflush(stdout);
			status = cli_bench(call, &run, &summary);
		}
		if (!status)
			print_next(&run);
	}
	cli_close_run(&run);
	return status;
}

static uint64_t last_seq(const char *run_dir)
{
	char *journal = path_join(run_dir, ".avo/journal");
	struct run_state s;
	uint64_t seq = 0;

	state_init(&s);
	if (state_load(&s, journal, NULL) == AVO_OK)
		seq = s.seq;
	state_release(&s);
	free(journal);
	return seq;
}

static bool stands_still(const struct control_client *client)
{
	const char *state = json_str(control_hello(client), "state", "");

	return strcmp(state, "finished") == 0 || strcmp(state, "failed") == 0;
}

/*
 * A line an event until the run has ended; may_be_over: that no engine answers is then no mistake; joined: the engine was
 * not started for this.
 */
static int watch(const struct cli_call *call, const char *run_dir, uint64_t after, bool may_be_over, bool joined)
{
	struct cli_engine engine = { 0 };
	struct error err;
	int status = 0;

	if (control_connect(&engine.client, run_dir, true, &err) != AVO_OK) {
		if (!may_be_over || err.status != AVO_NEGATIVE)
			return cli_fail(call, &err);
	} else {
		status = cli_subscribe(&engine, call, run_dir, after);
		if (!status && !(joined && stands_still(engine.client)))
			status = cli_follow(&engine, call, run_is_over, &joined);
		control_close(engine.client);
	}
	return status;
}

/* An engine that runs keeps the limits that it was started with: what was asked for would not hold, so nothing is done. */
static int refuse_limits(const struct cli_call *call, const char *run_dir)
{
	char word[PATH_WORD_SIZE];

	path_word_here(word, run_dir);
	cli_complain(call, "an engine runs on %s already, and --steps, --attempts and --time cannot change its limits. "
			   "Watch it: avo attach %s; end it: avo stop %s", word, word, word);
	return 1;
}

static int say_detached(const struct cli_call *call, const char *run_dir, pid_t pid)
{
	char word[PATH_WORD_SIZE];
	cJSON *json;

	path_word_here(word, run_dir);
	if (!call->global->json) {
		printf("%s runs (pid %ld). Watch it: avo attach %s; end it: avo stop %s\n", word, (long)pid, word, word);
		return 0;
	}
	json = cJSON_CreateObject();
	json_set_int(json, "pid", pid);
	cli_print_json(json);
	return 0;
}

static int watch_to_end(const struct cli_call *call, const char *run_dir, uint64_t after, bool joined)
{
	int status = watch(call, run_dir, after, true, joined);

	return status || cli_interrupted() ? status : close_watch(call, run_dir);
}

static int run_run(const struct cli_call *call)
{
	const char *names[CLI_MAX_NAMES];
	struct engine_options o = { 0 };
	struct error err;
	bool terminal = on_terminal(call) && !cli_flag(call, "headless") && !cli_flag(call, "detach");
	enum avo_status st;
	uint64_t after;
	char *run;
	pid_t pid;
	int count, status;

	if (!engine_options_of(&o, call))
		return 2;
	status = cli_run_and_names(&run, names, &count, call);
	if (status)
		return status;
	after = last_seq(run);
	o.run_dir = run;
	o.exit_when_idle = !terminal;
	o.accept_conf = cli_flag(call, "accept-conf");
	st = engine_start(&o, &pid, &err);
	/* the engine has read its key: nothing that is started from here needs it */
	cli_forget_key(run);
	if (st == AVO_BUSY && (o.steps || o.attempts || o.time_ms))
		status = refuse_limits(call, run);
	else if (st != AVO_OK && (st != AVO_BUSY || cli_flag(call, "detach")))
		status = cli_fail(call, &err);
	else if (cli_flag(call, "detach"))
		status = say_detached(call, run, pid);
	else if (terminal)
		status = open_workbench(call, run);
	else
		status = watch_to_end(call, run, after, st == AVO_BUSY);
	free(run);
	return status;
}

static int run_attach(const struct cli_call *call)
{
	const char *names[CLI_MAX_NAMES];
	char *run;
	int count, status = cli_run_and_names(&run, names, &count, call);

	if (status)
		return status;
	cli_forget_key(run);
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !call->global->json)
		status = open_workbench(call, run);
	else
		status = watch(call, run, last_seq(run), false, true);
	free(run);
	return status;
}

/* Prints a journal at the pace at which it was written, or speed times that. */
static int replay_lines(const struct cli_call *call, const char *journal, double speed)
{
	struct journal_reader *reader;
	struct journal_ref ref;
	struct error err;
	const char *line;
	int64_t previous = -1;
	size_t len;

	if (journal_reader_open(&reader, journal, &err) != AVO_OK)
		return cli_fail(call, &err);
	while (journal_reader_next(reader, &line, &len, &ref, &err) == AVO_OK) {
		cJSON *event = NULL;
		int64_t at = json_parse(&event, line, len, NULL) == AVO_OK ? clock_parse(json_str(event, "t", "")) : -1;

		if (speed > 0 && previous >= 0 && at > previous) {
			double wait = (double)(at - previous) / 1000 / speed;
			struct timespec ts = { .tv_sec = (time_t)wait, .tv_nsec = (long)(fmod(wait, 1) * 1e9) };

			fflush(stdout);
			nanosleep(&ts, NULL);
		}
		previous = at;
		cli_print_event(call, line, len);
		cJSON_Delete(event);
	}
	journal_reader_close(reader);
	return 0;
}

static int run_replay(const struct cli_call *call)
{
	const char *text = cli_value(call, "speed"), *dir = call->argc ? call->argv[0] : ".";
	struct workbench_options o = { .ascii = call->global->ascii, .color = call->global->color, .read_only = true };
	struct error err;
	double speed = 1;
	char *journal;
	int status;

	if (text && (!str_to_double(&speed, text) || speed < 0))
		return cli_usage(call, "--speed wants a number, 0 or more, not '%s'", text);
	journal = path_join(dir, ".avo/journal");
	if (!path_is_dir(journal)) {
		free(journal);
		journal = xstrdup(dir);
	}
	if (!path_is_dir(journal)) {
		cli_complain(call, "%s holds no journal", dir);
		status = 3;
	} else if (on_terminal(call)) {
		o.run_dir = dir;
		o.replay = journal;
		o.replay_speed = speed;
		status = workbench_run(&o, &err) == AVO_OK ? 0 : cli_fail(call, &err);
	} else {
		status = replay_lines(call, journal, speed);
	}
	free(journal);
	return status;
}

/* The name of the suite as long as it means what it meant, else the run's own copy. */
static char *suite_to_fork(const char *run_dir, const char *name)
{
	char *copy = suite_of_run(run_dir, name), *found = suite_find(name);
	struct buf now = BUF_INIT, then = BUF_INIT;
	bool same = path_read(&now, found, SUITE_MAX_BYTES, NULL) == AVO_OK && path_read(&then, copy, SUITE_MAX_BYTES, NULL) == AVO_OK &&
		    strcmp(buf_cstr(&now), buf_cstr(&then)) == 0;

	buf_release(&now);
	buf_release(&then);
	free(found);
	if (!same)
		return copy;
	free(copy);
	return xstrdup(name);
}

/* The files of a version in a temporary directory become the seed of a new run. */
static int run_fork(const struct cli_call *call)
{
	struct lineage *lineage = NULL;
	char commit[COMMIT_ID_SIZE];
	char *run = NULL, *temp = NULL, *seed = NULL, *journal = NULL, *suite = NULL;
	struct run_options o = { .dir = call->argv[1] };
	struct run_state state;
	char word[PATH_WORD_SIZE], from[PATH_WORD_SIZE];
	struct error err;
	int status = 0;

	state_init(&state);
	if (run_find(&run, call->argc > 2 ? call->argv[2] : NULL, &err) != AVO_OK ||
	    lineage_open(&lineage, run, LINEAGE_READ, &err) != AVO_OK ||
	    lineage_resolve(commit, lineage, call->argv[0], &err) != AVO_OK ||
	    path_temp_dir(&temp, "/tmp", "avo-fork-", &err) != AVO_OK) {
		status = cli_fail(call, &err);
		goto out;
	}
	seed = path_join(temp, "seed");
	journal = path_join(run, ".avo/journal");
	if (lineage_export(lineage, commit, seed, &err) != AVO_OK || state_load(&state, journal, &err) != AVO_OK) {
		status = cli_fail(call, &err);
		goto out;
	}
	o.seed = seed;
	suite = suite_to_fork(run, state.suite);
	o.backend = state.backend;
	o.suite = cli_value(call, "suite") ? cli_value(call, "suite") : suite;
	o.operator_name = state.operator;
	o.gate = gate_name(state.gate);
	if (run_create(&o, &err) != AVO_OK)
		status = cli_fail(call, &err);
	else if (!call->global->json)
		printf("created %s from %s of %s; start it with: avo run %s\n", path_word_here(word, o.dir), call->argv[0],
		       path_word_here(from, run), word);
out:
	state_release(&state);
	lineage_close(lineage);
	if (temp)
		path_remove_tree(temp, NULL);
	free(journal);
	free(suite);
	free(seed);
	free(temp);
	free(run);
	return status;
}

static const struct cli_option init_options[] = {
	{ "backend", 0, "cpu|cuda", "where candidates run (default cpu)" },
	{ "suite", 0, "NAME", "the cases that are scored (default: cpu, or mha on cuda; avo list suites)" },
	{ "seed", 0, "NAME|PATH", "version v0, attention forward: a seed of avo's (avo list seeds), a directory or a file" },
	{ "operator", 0, "NAME", "what varies (default mutate; avo list operators)" },
	{ "gate", 0, "auto|manual", "who turns an improved attempt into a version (default auto)" },
	{ "name", 0, "NAME", "shown on the screen (default: the directory's name)" },
	{ "model", 0, "NAME", "operator agent: the model" },
	{ "base-url", 0, "URL", "operator agent: the model's server" },
	{ NULL, 0, NULL, NULL },
};
static const struct cli_option run_options[] = {
	{ "headless", 0, NULL, "no workbench even on a terminal, and no measurement at the end: one line an event until then" },
	{ "detach", 'd', NULL, "start the engine and return: the run goes on by itself" },
	{ "steps", 0, "N", "finish after N further variation steps" },
	{ "attempts", 0, "N", "finish after N further attempts" },
	{ "accept-conf", 0, NULL, "follow avo.conf where it names another operator, or opens the gate" },
	{ "time", 0, "TIME", "finish after so much further active time (90s, 2m, 1h30m)" },
	{ "command", 'c', "COMMAND", "workbench: do this first, as if typed behind ':'" },
	{ NULL, 0, NULL, NULL },
};
static const struct cli_option attach_options[] = {
	{ "read-only", 'r', NULL, "watch without being able to command" },
	{ "command", 'c', "COMMAND", "workbench: do this first, as if typed behind ':'" },
	{ NULL, 0, NULL, NULL },
};
static const struct cli_option replay_options[] = {
	{ "speed", 0, "X", "times as fast as it happened (default 1; 0: at once)" },
	{ NULL, 0, NULL, NULL },
};
static const struct cli_option fork_options[] = {
	{ "suite", 0, "NAME", "score the new run on another suite" },
	{ NULL, 0, NULL, NULL },
};

const struct cli_command cmd_init = {
	"init", "DIR", "Create a run: a git repository with a seed kernel and its settings", NULL, init_options, 1, 1, run_init,
};
const struct cli_command cmd_run = {
	"run", "[DIR]", "Start a run, or join it, and open the workbench on it",
	"The engine is a process of its own: leaving the workbench does not end the run.\n"
	"Without a terminal one line an event is printed until the run has ended, then a\n"
	"summary with the newest version, the seed and the peers measured together. Ctrl-C\n"
	"leaves the watching, not the run: avo stop ends that. An engine that runs already is\n"
	"joined, until it has finished; its limits stay as they are, so that giving others is\n"
	"refused. With the gate 'manual' the run waits for a decision while there is budget\n"
	"left; when that is used up it ends with status 0, and avo pending shows what can\n"
	"still be approved.",
	run_options, 0, 1, run_run,
};
const struct cli_command cmd_attach = {
	"attach", "[DIR]", "Open a workbench on a run without starting anything", NULL, attach_options, 0, 1, run_attach,
};
const struct cli_command cmd_replay = {
	"replay", "[DIR]", "Play a run's journal again", "DIR is a run, or a directory with journal segments.",
	replay_options, 0, 1, run_replay,
};
const struct cli_command cmd_fork = {
	"fork", "vN DIR [RUN]", "Create a new run whose seed is a version or attempt of this one", NULL, fork_options, 2, 3, run_fork,
};
