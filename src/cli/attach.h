/* A command's connection to the engine of a run: joined when one runs, started paused when none does. */
#ifndef AVO_CLI_ATTACH_H
#define AVO_CLI_ATTACH_H

#include "cli/cli.h"
#include "control/client.h"

#define CLI_ANSWER_MS 30000	/* how long an engine may take to answer a command */

struct cli_engine {
	struct control_client *client;
	bool started;		/* by us: cli_engine_leave() stops it again */
	const char *run_dir;	/* since cli_subscribe(), whose caller keeps it */
	uint64_t seen;		/* the newest event that was printed */
};

/* Joins the run's engine, or starts one that is paused. Prints its own message; returns an exit status. */
int cli_engine_join(struct cli_engine *e, const struct cli_call *call, const char *run_dir);
void cli_engine_leave(struct cli_engine *e);

/*
 * Once no engine will be started any more: takes the model's key out of this process's environment (llm/key.h),
 * which an editor or a shell started from here would inherit.
 */
void cli_forget_key(const char *run_dir);

/* Sends a command (members taken over) and waits for the answer; prints a refusal. Returns an exit status. */
int cli_engine_call(struct cli_engine *e, const struct cli_call *call, cJSON *command, cJSON **answer);
/* {"cmd":name,"by":<login name>} */
cJSON *cli_command_json(const char *name);

/* Asks for every event behind `after`. Prints its own message; returns an exit status. */
int cli_subscribe(struct cli_engine *e, const struct cli_call *call, const char *run_dir, uint64_t after);
/*
 * Prints events as they come, none left out, until `until` says so, the engine goes, or SIGINT, SIGTERM or SIGHUP comes:
 * then where the run stands and how to come back to it. Returns an exit status.
 */
typedef bool cli_until_fn(void *arg, const cJSON *event);
int cli_follow(struct cli_engine *e, const struct cli_call *call, cli_until_fn *until, void *arg);
/* The events behind a seq, from the journal's files, until fn says enough. */
void cli_events_after(const char *run_dir, uint64_t after, cli_until_fn *fn, void *arg);
/*
 * One line on stderr, whoever leaves a run and however (q, Ctrl-C, a hang-up): it goes on, how to come back, how to end it.
 * `ours`: the engine was started for this command and is stopped.
 */
void cli_leave_line(const struct cli_call *call, const char *run_dir, bool ours);
/* The signal that ended cli_follow(), by which the program then ends too, so that a shell's loop ends with it; 0: none did. */
int cli_interrupted(void);

#endif
