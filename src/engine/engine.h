/*
 * The engine: one per run, a daemon that owns the run's lock, journal, lineage
 * and operator. It outlives every viewer.
 */
#ifndef AVO_ENGINE_ENGINE_H
#define AVO_ENGINE_ENGINE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/conf.h"
#include "base/error.h"

/* How a run is started; 0 and -1 mean what avo.conf says. */
struct engine_options {
	const char *run_dir;
	int64_t steps;			/* stop after so many further steps; 0: no such limit */
	int64_t attempts;		/* after so many further attempts */
	int64_t time_ms;		/* after so much further active time */
	bool start_paused;
	bool accept_conf;		/* follow avo.conf where it names another operator or opens the gate */
	bool foreground;		/* stay in this process (tests, debuggers) instead of a daemon */
	bool exit_when_idle;		/* end when finished, stopped, or out of budget, instead of waiting for viewers */
};

/* Runs the engine in this process until it ends. */
enum avo_status engine_main(const struct engine_options *o, struct error *err);

/*
 * Starts the engine as a daemon in its own session and waits until its socket
 * answers (or it failed, with its own words). AVO_BUSY: one is running already (its pid in the text).
 */
enum avo_status engine_start(const struct engine_options *o, pid_t *pid, struct error *err);

/* The pid of the live engine of a run, 0 when there is none (by the lock, not by the pid file). */
enum avo_status engine_pid(pid_t *out, const char *run_dir, struct error *err);

/* The record has an engine's start and no end, and none lives: it was killed, or its machine was. */
struct run_state;
bool engine_died(const struct run_state *s, const char *run_dir);

/* Makes a run directory: avo.conf, the seed as v0, the journal's first event. */
struct run_options {
	const char *dir;
	const char *name;		/* NULL: the directory's name */
	const char *backend, *suite, *seed, *operator_name, *gate;	/* NULL: default */
	const char *model, *base_url;	/* for operator agent; NULL: not set */
};
enum avo_status run_create(const struct run_options *o, struct error *err);

/* Finds the run that `dir` (or the current directory and its parents when NULL) is in; owned path. */
enum avo_status run_find(char **out, const char *dir, struct error *err);

#endif
