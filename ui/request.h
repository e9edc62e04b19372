/*
 * Everything the workbench can be asked to do, in one list. The same names
 * serve key bindings, the ':' line, avorc, `-c` and test scripts; the help page
 * and the manual's table are made from this list.
 */
#ifndef AVO_UI_REQUEST_H
#define AVO_UI_REQUEST_H

#include <stdbool.h>

enum request_flag {
	REQ_ARGS = 1,		/* takes arguments behind its name */
	REQ_COMMANDS = 2,	/* commands the engine: refused on a read-only workbench */
};

/*      id,             name,             flags,         footer,     help */
#define REQUESTS(GROUP, X) \
	GROUP("Moving") \
	X(UP,           "move-up",        0,             "",         "One line up") \
	X(DOWN,         "move-down",      0,             "",         "One line down") \
	X(HALF_UP,      "half-up",        0,             "",         "Half a page up") \
	X(HALF_DOWN,    "half-down",      0,             "",         "Half a page down") \
	X(PAGE_UP,      "page-up",        0,             "",         "A page up") \
	X(PAGE_DOWN,    "page-down",      0,             "",         "A page down") \
	X(FIRST,        "first",          0,             "",         "The first line") \
	X(LAST,         "last",           0,             "",         "The last line") \
	X(GOTO,         "goto",           REQ_ARGS,      "",         "The line with this number, or a version or attempt: goto v12") \
	X(SCROLL_LEFT,  "scroll-left",    0,             "",         "Scroll sideways, to the left") \
	X(SCROLL_RIGHT, "scroll-right",   0,             "",         "Scroll sideways, to the right") \
	X(PREVIOUS,     "previous",       0,             "previous", "The previous version, attempt or waiting approval") \
	X(NEXT,         "next",           0,             "next",     "The next version, attempt or waiting approval") \
	GROUP("Panes") \
	X(PANE_LEFT,    "pane-left",      0,             "",         "The pane to the left") \
	X(PANE_RIGHT,   "pane-right",     0,             "",         "The pane to the right") \
	X(NEXT_PANE,    "next-pane",      0,             "panes",    "The next pane") \
	X(PREV_PANE,    "prev-pane",      0,             "",         "The pane before") \
	X(VIEW,         "view",           REQ_ARGS,      "",         "Show a view: view lineage, view attempt a12, view diff v3 v5") \
	X(ENTER,        "enter",          0,             "open",     "Open what the cursor is on") \
	X(BACK,         "back",           0,             "back",     "Leave a page, a search, a filter; never ends or destroys anything") \
	X(FOLD,         "fold",           0,             "fold",     "Unfold or fold what hangs below the line") \
	X(ZOOM,         "zoom",           0,             "zoom",     "Give this pane the whole screen, and back") \
	X(LAYOUT_NEXT,  "layout-next",    0,             "",         "The next arrangement of the panes") \
	X(LAYOUT_PREV,  "layout-previous", 0,            "",         "The arrangement before") \
	X(FOLLOW,       "follow",         0,             "follow",   "Keep the newest line in sight, or stop doing so") \
	X(HOLD,         "hold",           0,             "hold",     "Hold the screen still; the run goes on, and so does its record") \
	GROUP("Finding") \
	X(SEARCH,       "search",         REQ_ARGS,      "search",        "Search in this view") \
	X(FIND_NEXT,    "find-next",      0,             "",         "The next match") \
	X(FIND_PREV,    "find-previous",  0,             "",         "The match before") \
	X(FILTER,       "filter",         REQ_ARGS,      "filter",        "Show only lines with this text; empty shows all") \
	X(MARK,         "mark",           0,             "mark",     "Mark the version or attempt, as one side of a diff") \
	GROUP("Reading kernels") \
	X(DIFF,         "diff",           REQ_ARGS,      "diff",     "Diff with the parent, or of any two: diff v3 a17, diff v3 work") \
	X(DIFF_MARK,    "diff-mark",      0,             "",         "Diff with what is marked") \
	X(CONTEXT_MORE, "context-more",   0,             "",         "More lines around each change") \
	X(CONTEXT_LESS, "context-less",   0,             "",         "Fewer lines around each change") \
	X(CHART,        "chart",          0,             "chart",    "Scores: chart and table, chart alone, table alone") \
	X(CASES,        "cases",          0,             "cases",    "Chart: one line a case, or only the running best") \
	X(EDIT,         "edit",           0,             "edit",     "Open the working tree in $EDITOR, then offer to submit it") \
	X(COPY,         "copy",           0,             "",         "Copy the line to the clipboard of your terminal (OSC 52)") \
	GROUP("Steering the run") \
	X(STEP,         "step",           REQ_COMMANDS | REQ_ARGS, "step", "Run one variation step (or that many), then pause") \
	X(ACTION,       "action",         REQ_COMMANDS | REQ_ARGS, "action", "Run one action (or that many), then pause") \
	X(CONTINUE,     "continue",       REQ_COMMANDS,  "run",      "Let the run go on") \
	X(PAUSE,        "pause",          REQ_COMMANDS,  "pause",    "Pause the run after the action in progress") \
	X(STOP,         "stop",           REQ_COMMANDS,  "",         "Stop the engine; the run can be resumed with avo run") \
	X(REVIEW,       "review",         REQ_ARGS,      "review",   "Everything an approval rests on, on one screen") \
	X(APPROVE,      "approve",        REQ_COMMANDS | REQ_ARGS, "approve", "Review the waiting attempt and, after y, make it a version") \
	X(REJECT,       "reject",         REQ_COMMANDS | REQ_ARGS, "reject", "Reject the waiting attempt, with a reason") \
	X(MESSAGE,      "message",        REQ_COMMANDS | REQ_ARGS, "message", "Tell the operator something") \
	X(SUBMIT,       "submit",         REQ_COMMANDS | REQ_ARGS, "submit", "Submit the working tree as an attempt") \
	X(GATE,         "gate",           REQ_COMMANDS | REQ_ARGS, "",  "gate auto or gate manual: who turns an improvement into a version") \
	GROUP("The workbench") \
	X(HELP,         "help",           0,             "help",     "This page") \
	X(COMMAND,      "command",        0,             "",         "Type any of these by name") \
	X(SET,          "set",            REQ_ARGS,      "",         "Change a setting: set context 5; set alone lists them") \
	X(BIND,         "bind",           REQ_ARGS,      "",         "Bind a key: bind generic <C-r> redraw") \
	X(COLOR,        "color",          REQ_ARGS,      "",         "Change a colour: color added green default bold") \
	X(SOURCE,       "source",         REQ_ARGS,      "",         "Read commands from a file") \
	X(SAVE_DISPLAY, "save-display",   REQ_ARGS,      "",         "Write the screen to a file as text") \
	X(SAVE_ANSI,    "save-ansi",      REQ_ARGS,      "",         "Write the screen to a file with its colours") \
	X(SAVE_VIEW,    "save-view",      REQ_ARGS,      "",         "Write every line of this view to a file") \
	X(RESIZE,       "resize",         REQ_ARGS,      "",         "Scripts: another size, resize 100 30") \
	X(REDRAW,       "redraw",         0,             "",         "Draw the whole screen anew") \
	X(SUSPEND,      "suspend",        0,             "",         "Back to the shell; fg returns") \
	X(CLOSE,        "close",          0,             "close",    "Close this page; with none open, leave the workbench") \
	X(QUIT,         "quit",           0,             "quit",     "Leave the workbench; the run goes on")

enum request {
	REQ_NONE,
#define REQUEST_SKIP(title)
#define X(id, ...) REQ_##id,
	REQUESTS(REQUEST_SKIP, X)
#undef X
	REQ_COUNT
};

struct request_info {
	const char *group;	/* set on the first of a group, else NULL */
	const char *name, *footer, *help;
	int flags;
};

const struct request_info *request_info(enum request r);
enum request request_parse(const char *name);		/* REQ_NONE: no such request */

#endif
