/* A command's connection to the engine of a run: joined when one runs, started paused when none does. */
#ifndef AVO_CLI_ATTACH_H
#define AVO_CLI_ATTACH_H

#include "cli/cli.h"
#include "control/client.h"

struct cli_engine {
	struct control_client *client;
	bool started;		/* by us: cli_engine_leave() stops it again */
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

/*
 * Prints events as they come until `until` says so, the engine goes, or the user interrupts.
 * Returns an exit status.
 */
typedef bool cli_until_fn(void *arg, const cJSON *event);
int cli_follow(struct cli_engine *e, const struct cli_call *call, cli_until_fn *until, void *arg);

#endif
