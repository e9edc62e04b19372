/*
 * fakengine RUN: holds the control socket of a fixture run as its engine would,
 * writes every command it is given to standard output, and agrees to all of
 * them but "gate", which it refuses. Ends with SIGTERM.
 */
#include "avo.h"
#include "base/loop.h"
#include "base/path.h"
#include "control/server.h"
#include "journal/state.h"

#include <signal.h>

static struct run_state state;

static enum avo_status on_command(void *arg, const char *name, const cJSON *request, cJSON *answer, struct error *err)
{
	struct buf line = BUF_INIT;
	cJSON *copy = cJSON_Duplicate(request, true);

	cJSON_DeleteItemFromObject(copy, "id");
	cJSON_DeleteItemFromObject(copy, "by");		/* whoever runs the test */
	cJSON_DeleteItemFromObject(copy, "dir");	/* wherever it runs */
	json_print(&line, copy);
	puts(buf_cstr(&line));
	fflush(stdout);
	buf_release(&line);
	cJSON_Delete(copy);
	if (strcmp(name, "gate") == 0)
		return error_set(err, AVO_USAGE, "the gate of this run is fixed");
	if (strcmp(name, "approve") == 0) {
		json_set_str(answer, "version", "v6");
		json_set_str(answer, "commit", "0123456789abcdef0123456789abcdef01234567");
	}
	return AVO_OK;
}

static void on_greet(void *arg, cJSON *answer)
{
	json_set_int(answer, "seq", (int64_t)state.seq);
	json_set_int(answer, "pid", 1);
}

static uint64_t on_last_seq(void *arg)
{
	return state.seq;
}

static void on_signal(void *arg, int sig)
{
	loop_stop(arg);
}

int main(int argc, char **argv)
{
	static const struct control_handlers handlers = { on_command, on_greet, on_last_seq };
	struct control_server *server = NULL;
	struct loop *loop = NULL;
	struct error err;
	char *journal;
	enum avo_status st;

	if (argc != 2)
		return 2;
	journal = path_join(argv[1], ".avo/journal");
	state_init(&state);
	st = state_load(&state, journal, &err);
	if (st == AVO_OK)
		st = loop_new(&loop, &err);
	if (st == AVO_OK)
		st = control_server_new(&server, loop, argv[1], &handlers, NULL, &err);
	if (st != AVO_OK) {
		fprintf(stderr, "fakengine: %s\n", err.text);
		return 3;
	}
	loop_on_signal(loop, SIGTERM, on_signal, loop);
	loop_run(loop);
	control_server_free(server);
	loop_free(loop);
	state_release(&state);
	free(journal);
	return 0;
}
