/* The workbench from the inside: what its parts share. workbench.c owns it. */
#ifndef AVO_UI_WB_H
#define AVO_UI_WB_H

#include "base/loop.h"
#include "ui/canvas.h"
#include "ui/display.h"
#include "ui/keys.h"
#include "ui/layout.h"
#include "ui/model.h"
#include "ui/prompt.h"
#include "ui/settings.h"
#include "ui/theme.h"
#include "ui/view.h"
#include "ui/workbench.h"

enum screen_id { SCREEN_WATCH, SCREEN_REVIEW, SCREEN_COUNT };

/* Panes side by side, each with the views opened in it. */
struct screen {
	struct view *panes[SLOT_COUNT];		/* the top view of each; NULL: not on this screen */
	enum slot focus;
	enum preset preset;
	bool zoom;
	struct layout layout;			/* as last computed */
};

/* What a prompt is being typed for. */
struct prompt_use {
	enum request request;			/* REQ_COMMAND: run the text; else: the request with the text as argument */
	int attempt;				/* of approve and reject */
};

struct script;

struct workbench {
	const struct workbench_options *options;
	struct loop *loop;
	struct display *display;
	struct canvas canvas;
	struct theme theme;
	struct keymap keys;
	struct settings settings;
	struct model *model;
	struct prompt prompt;
	struct prompt_use use;
	struct screen screens[SCREEN_COUNT];
	enum screen_id screen;
	struct script *script;
	char needle[128];		/* what is searched for; "" when nothing is */
	char mark[24];			/* "v3", "a17": one side of a diff; "" when nothing is marked */
	char note[512];			/* a word to the user in place of the footer */
	int note_style;
	bool was_connected;		/* to an engine, when the model last changed */
	bool was_gone;			/* the run, when a frame was last due */
	bool dirty;			/* the screen does not show what is */
	bool urgent;			/* because of a key: show it at once */
	int64_t painted_ms;
	struct loop_timer *paint_timer, *tick_timer;
	bool quit;
	int exit_status;
	char ended[128];		/* why the terminal's end ended us */
	uint64_t held_seq;		/* where the record stood when the screen was held */
};

/* --- screen.c: panes --- */
struct screen *wb_screen(struct workbench *wb);
struct view *wb_focused(struct workbench *wb);
void screen_open(struct workbench *wb);				/* the default views */
void screen_release(struct workbench *wb);
void screen_paint(struct workbench *wb);
/* Shows a view in its slot: on top of what is there, or what is open already; moves the focus there. */
enum avo_status screen_view(struct workbench *wb, const struct view_ops *ops, int argc, char **argv, struct error *err);
struct view *screen_find(struct workbench *wb, const struct view_ops *ops);
bool screen_close_top(struct workbench *wb);			/* false: nothing but the base views is open */
void screen_focus_next(struct workbench *wb, int direction);
void screen_focus_side(struct workbench *wb, int direction);

/* --- command.c: text and keys to requests --- */
/* Runs a line of the command language; a failure becomes the note. */
void wb_command(struct workbench *wb, const char *text);
enum avo_status wb_execute(struct workbench *wb, const char *text, struct error *err);
void wb_key(struct workbench *wb, uint32_t key);
enum avo_status wb_source(struct workbench *wb, const char *path, bool must_exist, struct error *err);

/* --- dispatch.c: requests --- */
enum avo_status wb_request(struct workbench *wb, enum request r, int argc, char **argv, struct error *err);
void wb_prompt_done(struct workbench *wb, const char *text);
/* Writes text to a file: what save-display and its kin do. */
enum avo_status wb_save(const char *path, const struct buf *text, struct error *err);

/* --- status.c --- */
void status_paint(struct workbench *wb, struct rect r);
void footer_paint(struct workbench *wb, struct rect r);

/* --- actions.c: commands to the engine --- */
bool actions_request(struct workbench *wb, enum request r, int argc, char **argv, enum avo_status *st, struct error *err);
void actions_answered(void *wb, int id, const cJSON *answer);
void actions_prompt_done(struct workbench *wb, const char *text);
enum avo_status actions_edit(struct workbench *wb, struct error *err);

/* --- workbench.c --- */
void wb_note(struct workbench *wb, int style, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void wb_dirty(struct workbench *wb);
void wb_paint(struct workbench *wb);
/* The revision under the cursor, "v3" or "a17"; "" when there is none. Returns out. */
char *wb_revision(struct workbench *wb, char out[24]);

#endif
