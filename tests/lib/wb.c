/*
 * wb [--ascii] [--no-color] [--read-only] [--replay=SPEED] RUN [COMMAND]: the workbench on a run, for the screen tests.
 * Exits with the status that the command line would.
 */
#include "avo.h"
#include "ui/workbench.h"

#include "base/path.h"

int main(int argc, char **argv)
{
	struct workbench_options o = { .color = true };
	struct error err;
	const char *replay = NULL;
	char *journal = NULL;
	int i = 1;
	enum avo_status st;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--ascii") == 0)
			o.ascii = true;
		else if (strcmp(argv[i], "--no-color") == 0)
			o.color = false;
		else if (strcmp(argv[i], "--read-only") == 0)
			o.read_only = true;
		else if (strncmp(argv[i], "--replay=", 9) == 0 && i + 1 < argc)
			replay = argv[i] + 9;
		else
			break;
	}
	if (i >= argc) {
		fputs("usage: wb [--ascii] [--no-color] [--read-only] [--replay=SPEED] RUN [COMMAND]\n", stderr);
		return 2;
	}
	o.run_dir = argv[i];
	if (replay) {
		o.replay_speed = atof(replay);
		o.replay = journal = path_join(o.run_dir, ".avo/journal");
	}
	o.command = i + 1 < argc ? argv[i + 1] : NULL;
	st = workbench_run(&o, &err);
	if (st != AVO_OK)
		fprintf(stderr, "wb: %s\n", err.text);
	free(journal);
	return error_exit_status(st);
}
