/*
 * How things look: colours by meaning, never by place, each with a column for
 * 256 colours, one for 8, and one for a terminal without colour, where weight,
 * underline and reverse must carry what matters.
 */
#ifndef AVO_UI_THEME_H
#define AVO_UI_THEME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum text_attr { ATTR_BOLD = 1, ATTR_DIM = 2, ATTR_UNDERLINE = 4, ATTR_REVERSE = 8 };

/*     id,            name,            256: fg   bg  attr            8: fg bg attr           none: attr */
#define STYLES(X) \
	X(DEFAULT,        "default",        -1,  -1, 0,                  -1, -1, 0,              0) \
	X(DIM,            "dim",           245,  -1, 0,                  -1, -1, ATTR_DIM,       0) \
	X(STRONG,         "strong",         -1,  -1, ATTR_BOLD,          -1, -1, ATTR_BOLD,      ATTR_BOLD) \
	X(HEADING,        "heading",       110,  -1, ATTR_BOLD,           6, -1, ATTR_BOLD,      ATTR_BOLD | ATTR_UNDERLINE) \
	X(COLUMN,         "column",        244,  -1, 0,                   6, -1, 0,              0) \
	X(STATUS,         "status",        252, 236, 0,                  -1, -1, 0,              0) \
	X(STATUS_KEY,     "status-key",    117, 236, ATTR_BOLD,           6, -1, ATTR_BOLD,      ATTR_BOLD) \
	X(RUNNING,        "running",        16, 114, ATTR_BOLD,           2, -1, ATTR_BOLD,      ATTR_BOLD) \
	X(PAUSED,         "paused",         16, 179, ATTR_BOLD,           3, -1, ATTR_BOLD,      ATTR_BOLD | ATTR_UNDERLINE) \
	X(FAILED,         "failed",        231, 160, ATTR_BOLD,           1, -1, ATTR_BOLD,      ATTR_REVERSE | ATTR_BOLD) \
	X(NEEDS_YOU,      "needs-you",      16, 220, ATTR_BOLD,           0,  3, ATTR_BOLD,      ATTR_REVERSE | ATTR_BOLD) \
	X(BORDER,         "border",        240,  -1, 0,                  -1, -1, ATTR_DIM,       0) \
	X(BORDER_FOCUS,   "border-focus",  110,  -1, 0,                   6, -1, ATTR_BOLD,      ATTR_BOLD) \
	X(TITLE,          "title",         250,  -1, 0,                  -1, -1, 0,              0) \
	X(TITLE_FOCUS,    "title-focus",   117,  -1, ATTR_BOLD,           6, -1, ATTR_BOLD,      ATTR_BOLD) \
	X(KEY,            "key",           117,  -1, ATTR_BOLD,           6, -1, ATTR_BOLD,      ATTR_BOLD) \
	X(GOOD,           "good",          114,  -1, 0,                   2, -1, 0,              ATTR_BOLD) \
	X(BAD,            "bad",           203,  -1, 0,                   1, -1, 0,              ATTR_UNDERLINE) \
	X(WARN,           "warn",          179,  -1, 0,                   3, -1, 0,              ATTR_UNDERLINE) \
	X(VERSION,        "version",       117,  -1, 0,                   6, -1, 0,              0) \
	X(ADDED,          "added",         114,  -1, 0,                   2, -1, 0,              ATTR_BOLD) \
	X(REMOVED,        "removed",       203,  -1, 0,                   1, -1, 0,              0) \
	X(HUNK,           "hunk",          110,  -1, 0,                   6, -1, 0,              ATTR_UNDERLINE) \
	X(LINE_BEST,      "line-best",     117,  -1, ATTR_BOLD,           6, -1, ATTR_BOLD,      ATTR_BOLD) \
	X(LINE_CASE,      "line-case",     242,  -1, 0,                  -1, -1, ATTR_DIM,       0) \
	X(LINE_PEER,      "line-peer",     179,  -1, 0,                   3, -1, 0,              0) \
	X(AXIS,           "axis",          242,  -1, 0,                  -1, -1, ATTR_DIM,       0) \
	X(LIVE,           "live",          159,  -1, 0,                   6, -1, ATTR_BOLD,      ATTR_BOLD) \
	X(MARKED,         "marked",        220,  -1, ATTR_BOLD,           3, -1, ATTR_BOLD,      ATTR_BOLD) \
	X(PROMPT,         "prompt",         -1,  -1, ATTR_BOLD,          -1, -1, ATTR_BOLD,      ATTR_BOLD) \
	X(ERROR,          "error",         231, 124, 0,                   7,  1, 0,              ATTR_REVERSE) \
	X(SELECTED,       "selected",       -1, 238, ATTR_BOLD,          -1, -1, ATTR_REVERSE,   ATTR_REVERSE) \
	X(CURRENT,        "current",        -1, 235, 0,                  -1, -1, ATTR_BOLD,      ATTR_BOLD) \
	X(MATCH,          "match",          16, 179, 0,                  -1, -1, ATTR_REVERSE,   ATTR_UNDERLINE | ATTR_BOLD)

enum style {
#define X(id, ...) STYLE_##id,
	STYLES(X)
#undef X
	STYLE_COUNT
};

struct look { int16_t fg, bg; uint8_t attr; };		/* colours: -1 is the terminal's own */

enum color_depth { COLOR_NONE, COLOR_8, COLOR_256 };

struct theme {
	enum color_depth depth;
	struct look looks[STYLE_COUNT];
};

void theme_init(struct theme *t, enum color_depth depth);
const char *style_name(enum style s);
int style_parse(const char *name);			/* -1: no such style */
/* "color NAME FG BG [ATTR...]": numbers or names of colours; changes nothing where the terminal has too few. */
enum avo_status theme_color(struct theme *t, int argc, char **argv, struct error *err);
/* The look of a cell: its style with the flags of canvas.h laid over it. */
struct look theme_look(const struct theme *t, int style, int cell_flags);

#endif
