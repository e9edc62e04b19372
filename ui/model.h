/*
 * What the workbench knows of a run. The journal's files are the source of truth:
 * they are read at the start and followed afterwards; the engine's socket tells
 * when to look, carries commands, and what is live and not kept (progress, words
 * being streamed). Without an engine the files alone are followed. In replay the
 * journal is played by its times.
 */
#ifndef AVO_UI_MODEL_H
#define AVO_UI_MODEL_H

#include "base/loop.h"
#include "journal/state.h"
#include "lineage/lineage.h"

/* One line of the journal, as the event list shows it. */
struct model_event {
	uint64_t seq;
	int64_t time_ms;
	struct journal_ref ref;
	const char *type;		/* interned; lives as long as the model */
	char *text;			/* one line; owned */
	uint8_t style;
	int step;			/* the step that was under way, -1 before the first */
	int action;			/* of action events, else -1 */
};

/* What the engine said that is not in the journal. */
struct model_live {
	int attempt;			/* -1: none is being evaluated */
	char stage[32];
	int done, total;
	struct buf text;		/* words of an agent since its last message */
	char waiting[400];		/* what it waits for, with a countdown; "" when for nothing */
};

struct model_options {
	const char *run_dir;
	const char *journal_dir;	/* NULL: run_dir/.avo/journal */
	bool read_only;
	bool replay;
	double speed;			/* replay: 1 as it happened, 0 as fast as it can be read */
};

struct model_hooks {
	void (*changed)(void *arg);				/* something new to draw */
	void (*answered)(void *arg, int id, const cJSON *answer);	/* a command's answer */
};

struct model {
	struct run_state state;
	struct model_event *events;
	size_t event_count, event_cap;
	struct model_live live;
	uint64_t generation;		/* counts changes of what the views show */
	bool loaded;			/* everything that was there at the start has been read */
	bool connected;			/* to an engine */
	bool gone;			/* the record is not where it was: the run was deleted or moved away */
	bool held;			/* nothing is taken in while this is set */
	int64_t held_ms;		/* the time at which it was */
	uint64_t announced;		/* newest seq the engine told of */
	char trouble[sizeof(((struct error *)0)->text)];		/* why the journal cannot be read on; "" when all is well */
	struct model_private *private;
};

enum avo_status model_new(struct model **out, const struct model_options *o, struct loop *loop,
			  const struct model_hooks *hooks, void *arg, struct error *err);
void model_free(struct model *m);

/* True while there is something to wait for: lines to read, an answer to come. Not true for ever on a live run. */
bool model_busy(const struct model *m);
void model_hold(struct model *m, bool held);
/* The time ages are counted to: now, or in replay the time the play has reached. */
int64_t model_now_ms(const struct model *m);
/* True while something on the screen changes with the clock alone. */
bool model_ticks(const struct model *m);

/* Sends a command (owned by the call) to the engine; its answer comes through the hook. AVO_NEGATIVE: no engine runs. */
enum avo_status model_command(struct model *m, cJSON *command, int *id, struct error *err);
/* False when the engine has said that the run's operator reads no messages. */
bool model_takes_messages(const struct model *m);
/* The full event behind a reference; borrowed until the next call. NULL when it cannot be had. */
const cJSON *model_fetch(struct model *m, struct journal_ref ref);
/* The run's repository, opened at first use; NULL with err set when that fails. */
struct lineage *model_lineage(struct model *m, struct error *err);
const char *model_run_dir(const struct model *m);

#endif
