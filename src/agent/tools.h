/*
 * The tools of the agent: small, each with a name, a description and a schema
 * in one table (toolbox.c). They work in the operator's scratch directory; what
 * belongs to the engine (evaluation, directions, the record) they reach through a port, so
 * that the same tools can be offered to other agents.
 */
#ifndef AVO_AGENT_TOOLS_H
#define AVO_AGENT_TOOLS_H

#include "base/json.h"
#include "base/loop.h"
#include "journal/state.h"
#include "knowledge/knowledge.h"
#include "lineage/lineage.h"
#include "llm/llm.h"

struct toolbox;
struct tool_call;

/* What tools ask of whoever runs them. */
struct tool_port {
	void *arg;
	/* Submits the working directory, measured even if the record answers it when `again`; the answer comes through toolbox_answer(). False with *why set: not now. */
	bool (*evaluate)(void *arg, const char *title, const char *why_changed, int direction, bool again, const char **why);
	/*
	 * Counters of a version, an attempt or the working directory ("work"), from the record unless `again`, else measured,
	 * beside those of `against` (NULL: of its parent, for work of what was measured before); answered later likewise.
	 */
	bool (*profile)(void *arg, const char *what, const char *case_name, const char *against, bool again, const char **why);
	int (*direction_open)(void *arg, const char *title, const char *hypothesis, const char *expected);
	void (*direction_close)(void *arg, int direction, enum direction_state state, const char *outcome);
	/* Persistent memory: adds a note (its number), or removes one (false: no such note). */
	int (*note_add)(void *arg, const char *text);
	bool (*note_remove)(void *arg, int number);
	/* The step is to end: with what the agent says about it. */
	void (*submit)(void *arg, const char *summary);
};

struct tool {
	const char *name, *action;	/* action: the kind it has in the journal */
	const char *description;
	const char *schema;
	/* Answers with call_answer() now, or later. */
	void (*run)(struct tool_call *call, const cJSON *args);
	/* A line about these arguments for the journal; appended. */
	void (*summarize)(struct buf *out, const cJSON *args);
};

/* The one call that runs. */
struct tool_call {
	struct toolbox *box;
	const struct tool *tool;
	char *id;			/* of the tool use; owned */
	bool goes_on;			/* the answer is about something that still runs: to ask again is no repetition */
};

typedef void tool_answer_fn(void *arg, const char *id, const char *text, bool is_error);

struct toolbox {
	struct loop *loop;
	const struct run_state *state;
	struct lineage *lineage;
	struct knowledge *knowledge;	/* may be NULL: then searching says why not */
	char *run_dir;
	char *work_dir;			/* the candidate's files: tools read and write here */
	char *temp_dir;			/* /tmp of the shell */
	char *blob_dir;
	struct tool_port port;
	tool_answer_fn *answer;
	void *answer_arg;
	struct tool_call call;		/* id NULL: none runs */
	struct shell_job *jobs;
	struct loop_timer *shell_look;	/* at what they use, while any runs */
	unsigned looks;
	uint64_t disk_before;		/* in work_dir and temp_dir when the first of them started: bytes, files */
	long files_before;
	uint64_t memory_max, disk_max;	/* bytes of all jobs together; 0: SHELL_MEMORY, SHELL_DISK */
	bool held;			/* something is measured: jobs stand still */
	int next_job;
	int next_blob;
};

/* The table, in the order in which models see it (the order is part of the cached prefix). */
extern const struct tool agent_tools[];
extern const size_t agent_tool_count;
const struct tool *tool_find(const char *name);
/* The same for a request. `out` must hold agent_tool_count entries. */
void tools_for_model(struct llm_tool *out);

/* Runs one tool use; the answer comes exactly once, perhaps before this returns. One at a time. */
void toolbox_run(struct toolbox *box, const struct block *use);
/* An answer to the running call, from a port that answers later. */
void toolbox_answer(struct toolbox *box, const char *text, bool is_error);
/* Drops the running call without an answer and kills background jobs. */
void toolbox_stop(struct toolbox *box);

/* For the tools. */
void call_answer(struct tool_call *call, const char *text);
void call_error(struct tool_call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Answers with the text, cut to head and tail when it is long; the whole goes to a blob that is named. */
void call_answer_long(struct tool_call *call, const char *text, size_t len);
#define TOOL_INLINE_MAX 24000		/* bytes of an answer */

/* tool_*.c */
void tool_read(struct tool_call *call, const cJSON *args);
void tool_write(struct tool_call *call, const cJSON *args);
void tool_edit(struct tool_call *call, const cJSON *args);
void tool_shell(struct tool_call *call, const cJSON *args);
void tool_search(struct tool_call *call, const cJSON *args);
void tool_read_knowledge(struct tool_call *call, const cJSON *args);
void tool_lineage(struct tool_call *call, const cJSON *args);
void tool_evaluate(struct tool_call *call, const cJSON *args);
void tool_profile(struct tool_call *call, const cJSON *args);
void tool_direction(struct tool_call *call, const cJSON *args);
void tool_note(struct tool_call *call, const cJSON *args);
void tool_submit(struct tool_call *call, const cJSON *args);
void shell_stop_all(struct toolbox *box);
/* Jobs stand still while something is measured, and go on after it; their time does not count meanwhile. */
void shell_hold(struct toolbox *box, bool held);

#endif
