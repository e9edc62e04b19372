/* The workbench: opens on a run, returns when the user leaves it. The run goes on. */
#ifndef AVO_UI_WORKBENCH_H
#define AVO_UI_WORKBENCH_H

#include <stdbool.h>

#include "base/error.h"

struct workbench_options {
	const char *run_dir;
	bool read_only;
	bool ascii;
	bool color;
	const char *command;		/* executed first, as if typed behind ':'; may be NULL */
	const char *replay;		/* a journal directory to play instead of attaching; may be NULL */
	double replay_speed;		/* 1: as it happened; 0: as fast as it can be drawn */
};

enum avo_status workbench_run(const struct workbench_options *o, struct error *err);

#endif
