#include "avo.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "engine/engine.h"
#include "journal/record.h"

#include <math.h>
#include <time.h>
#include <unistd.h>

/* Commands that print what the journal holds: log, attempts, directions, events, status, pending. */

static void print_version(const struct cli_call *call, const struct run_state *s, const struct version *v)
{
	char value[16], gain[16], interval[16], age[32];
	bool first = v->parent < 0;

	if (call->global->json) {
		cli_print_json(record_version(s, v));
		return;
	}
	printf("%sv%-4d%s %9s %-7s %8s %-7s %s%.7s%s %6s  ", cli_paint(call, CLI_BOLD), v->id, cli_paint(call, CLI_PLAIN),
	       cli_value_text(value, v->score.geomean), v->score.unit, first ? "seed" : cli_gain(gain, v->comparison.ratio),
	       first ? "" : cli_interval(interval, call, &v->comparison), cli_paint(call, CLI_DIM), v->commit,
	       cli_paint(call, CLI_PLAIN), clock_age(age, sizeof(age), clock_wall_ms() - v->time_ms));
	cli_print_clean(v->title, 0);
	if (v->attempt >= 0)
		printf("  (a%d)", v->attempt);
	putchar('\n');
}

static void print_cost(const struct run_state *s)
{
	const struct version *first = s->version_count ? &s->versions[0] : NULL, *best = state_champion(s);
	double percent;

	if (!(s->cost_usd > 0) || !best || best->id == 0)
		return;
	percent = (best->score.geomean / first->score.geomean - 1) * 100;
	printf("\n$%.2f spent: $%.2f a version", s->cost_usd, s->cost_usd / best->id);
	if (percent > 0)
		printf(", $%.2f for each +1%%", s->cost_usd / percent);
	putchar('\n');
}

/* Prints things 0..count-1 of a run, newest first, as many as --number says; *shown counts them. */
typedef bool print_fn(const struct cli_call *call, const struct cli_run *run, size_t i);

static void print_newest(const struct cli_call *call, const struct cli_run *run, size_t count, int64_t limit, print_fn *print)
{
	int64_t shown = 0;

	while (count-- > 0 && (!limit || shown < limit))
		shown += print(call, run, count);
}

/* Opens the run and reads --number; returns an exit status. */
static int open_list(struct cli_run *run, int64_t *limit, const struct cli_call *call)
{
	*limit = 0;
	return cli_number(limit, call, "number", 1, 1000000000) ? cli_open_run(run, call) : 2;
}

static bool print_version_at(const struct cli_call *call, const struct cli_run *run, size_t i)
{
	print_version(call, &run->state, &run->state.versions[i]);
	return true;
}

static int run_log(const struct cli_call *call)
{
	struct cli_run run;
	char word[PATH_WORD_SIZE];
	int64_t limit;
	int status = open_list(&run, &limit, call);

	if (status)
		return status;
	print_newest(call, &run, run.state.version_count, limit, print_version_at);
	if (!call->global->json)
		print_cost(&run.state);
	if (!run.state.version_count)
		cli_complain(call, "no version yet; start the run with: avo run %s", path_word_here(word, run.dir));
	cli_close_run(&run);
	return 0;
}

/* How the build went, from the full event: what compilers say is too long to keep in the state. */
static void add_build(cJSON *obj, const struct cli_run *run, const struct attempt *a)
{
	char *journal = cli_dot_path(run, "journal");
	cJSON *event = NULL, *build;

	if (a->scored.segment && journal_fetch(&event, journal, a->scored, NULL) == AVO_OK) {
		build = cJSON_DetachItemFromObjectCaseSensitive(event, "build");
		if (build) {
			cJSON_DeleteItemFromObjectCaseSensitive(build, "log");
			json_set(obj, "build", build);
		}
	}
	cJSON_Delete(event);
	free(journal);
}

static void print_attempt(const struct cli_call *call, const struct cli_run *run, const struct attempt *a)
{
	char value[16], gain[16], interval[16], parent[16] = "-";
	enum cli_color color = cli_verdict_color(a->verdict, a->comparison.decision);

	if (call->global->json) {
		cJSON *obj = record_attempt(&run->state, a);

		add_build(obj, run, a);
		cli_print_json(obj);
		return;
	}
	if (a->parent >= 0)
		snprintf(parent, sizeof(parent), "v%d", a->parent);
	printf("a%-4d %-4s %s%-15s%s %9s %8s %-7s ", a->id, parent, cli_paint(call, color), cli_outcome(a),
	       cli_paint(call, CLI_PLAIN), cli_value_text(value, a->score.geomean),
	       a->comparison.decision == DECISION_NONE ? "" : cli_gain(gain, a->comparison.ratio),
	       a->comparison.decision == DECISION_NONE ? "" : cli_interval(interval, call, &a->comparison));
	if (a->version >= 0)
		printf("-> v%d ", a->version);
	else if (a->stage == ATTEMPT_PENDING)
		printf("%swaits for approval%s ", cli_paint(call, CLI_WARN), cli_paint(call, CLI_PLAIN));
	cli_print_clean(a->title, 0);
	if (a->reason) {
		printf(": %s", cli_paint(call, CLI_DIM));
		cli_print_clean(a->reason, 0);
		fputs(cli_paint(call, CLI_PLAIN), stdout);
	}
	putchar('\n');
}

static bool wanted(const struct cli_call *call, const struct attempt *a)
{
	const char *verdict = cli_value(call, "verdict");

	return !verdict || strcmp(verdict, cli_outcome(a)) == 0 ||
	       (a->verdict != VERDICT_NONE && strcmp(verdict, verdict_name(a->verdict)) == 0);
}

static bool print_attempt_at(const struct cli_call *call, const struct cli_run *run, size_t i)
{
	if (!wanted(call, &run->state.attempts[i]))
		return false;
	print_attempt(call, run, &run->state.attempts[i]);
	return true;
}

static int run_attempts(const struct cli_call *call)
{
	const char *verdict = cli_value(call, "verdict");
	struct cli_run run;
	int64_t limit;
	int status;

	if (verdict && verdict_parse(verdict) == VERDICT_NONE && decision_parse(verdict) == DECISION_NONE)
		return cli_usage(call, "'%s' is neither a verdict nor a decision", verdict);
	status = open_list(&run, &limit, call);
	if (status)
		return status;
	print_newest(call, &run, run.state.attempt_count, limit, print_attempt_at);
	cli_close_run(&run);
	return 0;
}

/* --wait: until something waits for approval, or no engine runs that could bring it. */
static int open_pending(struct cli_run *run, const struct cli_call *call)
{
	for (;;) {
		int status = cli_open_run(run, call);
		pid_t pid = 0;

		if (status || !cli_flag(call, "wait") || state_pending(&run->state) ||
		    engine_pid(&pid, run->dir, NULL) != AVO_OK || !pid)
			return status;
		cli_close_run(run);
		usleep(200000);
	}
}

static int run_pending(const struct cli_call *call)
{
	struct cli_run run;
	int status = open_pending(&run, call), found = 0;
	const struct attempt *first;
	char word[PATH_WORD_SIZE];
	size_t i;

	if (status)
		return status;
	for (i = 0; i < run.state.attempt_count; i++) {
		if (run.state.attempts[i].stage != ATTEMPT_PENDING)
			continue;
		print_attempt(call, &run, &run.state.attempts[i]);
		found++;
	}
	first = state_pending(&run.state);
	path_word_here(word, run.dir);
	fflush(stdout);
	if (!found && !call->global->json)
		cli_complain(call, "nothing waits for approval");
	else if (!call->global->json && first)
		fprintf(stderr, "look: avo diff v%d a%d %s; then: avo approve a%d %s, or avo reject a%d -m TEXT %s\n",
			first->parent, first->id, word, first->id, word, first->id, word);
	cli_close_run(&run);
	return found ? 0 : 1;
}

static void print_direction(const struct cli_call *call, const struct run_state *s, const struct direction *d)
{
	if (call->global->json) {
		cli_print_json(record_direction(s, d));
		return;
	}
	printf("d%-4d %-8s %3d attempts  ", d->id, direction_state_name(d->state), d->attempts);
	cli_print_clean(d->title, 0);
	if (d->outcome) {
		printf(": %s", cli_paint(call, CLI_DIM));
		cli_print_clean(d->outcome, 0);
		fputs(cli_paint(call, CLI_PLAIN), stdout);
	}
	putchar('\n');
}

static bool print_direction_at(const struct cli_call *call, const struct cli_run *run, size_t i)
{
	print_direction(call, &run->state, &run->state.directions[i]);
	return true;
}

static int run_directions(const struct cli_call *call)
{
	struct cli_run run;
	int64_t limit;
	int status = open_list(&run, &limit, call);

	if (status)
		return status;
	print_newest(call, &run, run.state.direction_count, limit, print_direction_at);
	cli_close_run(&run);
	return 0;
}

/* One journal line for people: time, type, then the members that say the most. */
void cli_print_event(const struct cli_call *call, const char *line, size_t len)
{
	static const char *const shown[] = {
		"attempt", "version", "step", "direction", "state", "gate", "operator", "outcome", "verdict", "decision",
		"kind", "trigger", "act", "title", "text", "what", "case", "reason", "counters_absent", "result", "name", "by",
	};
	cJSON *event;
	bool transcript;
	size_t i;

	if (call->global->json) {
		fwrite(line, 1, len, stdout);
		putchar('\n');
		return;
	}
	if (json_parse(&event, line, len, NULL) != AVO_OK)
		return;
	/* a conversation is read in the workbench; a warning or a reason ends in what to do, and is never cut */
	transcript = strcmp(json_str(event, "type", ""), "message") == 0;
	printf("%s%.19s%s %-17s", cli_paint(call, CLI_DIM), json_str(event, "t", ""), cli_paint(call, CLI_PLAIN),
	       json_str(event, "type", "?"));
	for (i = 0; i < ARRAY_LEN(shown); i++) {
		const char *text = json_str(event, shown[i], NULL);

		if (!text || strcmp(text, "none") == 0)
			continue;
		putchar(' ');
		cli_print_clean(text, transcript ? 100 : 0);
	}
	if (strcmp(json_str(event, "type", ""), "device") == 0) {
		putchar(' ');
		cli_print_clean(json_str(event, "device", ""), 0);
	}
	if (isfinite(json_num(event, "ratio", NAN)))
		printf(" %+.2f%%", (json_num(event, "ratio", NAN) - 1) * 100);
	if (isfinite(json_num(event, "geomean", NAN)))
		printf(" %.2f %s", json_num(event, "geomean", NAN), json_str(event, "unit", ""));
	if (isfinite(json_num(event, "used", NAN)))
		printf(" %.4g of %.4g%s used", json_num(event, "used", NAN), json_num(event, "limit", NAN),
		       strcmp(json_str(event, "kind", ""), "time") == 0 ? " s" : "");
	putchar('\n');
	cJSON_Delete(event);
}

static bool event_wanted(const struct cli_call *call, const char *line, size_t len, int64_t after)
{
	const char *type = cli_value(call, "type");
	cJSON *event;
	bool yes;

	if (!type && !after)
		return true;
	if (json_parse(&event, line, len, NULL) != AVO_OK)
		return false;
	yes = (!type || strcmp(json_str(event, "type", ""), type) == 0) && json_int(event, "seq", 0) > after;
	cJSON_Delete(event);
	return yes;
}

static int print_events(const struct cli_call *call, struct journal_reader *reader, int64_t after)
{
	struct journal_ref ref;
	struct error err;
	const char *line;
	size_t len;

	for (;;) {
		enum avo_status st = journal_reader_next(reader, &line, &len, &ref, &err);

		if (st == AVO_NEGATIVE) {
			if (!cli_flag(call, "follow"))
				return 0;
			fflush(stdout);
			if (ferror(stdout))
				return 0;
			usleep(100000);
		} else if (st != AVO_OK) {
			return cli_fail(call, &err);
		} else if (event_wanted(call, line, len, after)) {
			cli_print_event(call, line, len);
		}
	}
}

static int run_events(const struct cli_call *call)
{
	const char *names[CLI_MAX_NAMES];
	struct journal_reader *reader;
	char *run, *journal;
	int64_t after = 0;
	struct error err;
	int count, status;

	if (!cli_number(&after, call, "after", 0, 1000000000))
		return 2;
	status = cli_run_and_names(&run, names, &count, call);
	if (status)
		return status;
	journal = path_join(run, ".avo/journal");
	if (journal_reader_open(&reader, journal, &err) == AVO_OK) {
		status = print_events(call, reader, after);
		journal_reader_close(reader);
	} else {
		status = cli_fail(call, &err);
	}
	free(journal);
	free(run);
	return status;
}

static const struct cli_option number_option[] = {
	{ "number", 'n', "N", "only the newest N" },
	{ NULL, 0, NULL, NULL },
};

static const struct cli_option attempts_options[] = {
	{ "number", 'n', "N", "only the newest N" },
	{ "verdict", 0, "WORD", "only these: passed, incorrect, build-failed, crashed, timed-out, cheated, improved, regressed, ..." },
	{ NULL, 0, NULL, NULL },
};

static const struct cli_option events_options[] = {
	{ "follow", 'f', NULL, "go on printing what happens, until interrupted" },
	{ "after", 0, "SEQ", "only events behind this sequence number" },
	{ "type", 0, "TYPE", "only events of this type" },
	{ NULL, 0, NULL, NULL },
};

static const struct cli_option pending_options[] = {
	{ "wait", 'w', NULL, "until one waits, or the run's engine has ended" },
	{ NULL, 0, NULL, NULL },
};

const struct cli_command cmd_log = {
	"log", "[DIR]", "List the versions of the lineage, newest first", NULL, number_option, 0, 1, run_log,
};
const struct cli_command cmd_attempts = {
	"attempts", "[DIR]", "List every attempt with its verdict and decision, newest first", NULL, attempts_options, 0, 1,
	run_attempts,
};
const struct cli_command cmd_pending = {
	"pending", "[DIR]", "List the attempts that wait for approval",
	"Exit status 1 when nothing waits.", pending_options, 0, 1, run_pending,
};
const struct cli_command cmd_directions = {
	"directions", "[DIR]", "List the ideas that were explored, newest first", NULL, number_option, 0, 1, run_directions,
};
const struct cli_command cmd_events = {
	"events", "[DIR]", "Print the journal: everything that happened",
	"With --json the journal's own lines are printed, byte for byte.", events_options, 0, 1, run_events,
};
