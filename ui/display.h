/*
 * The terminal. The only file that knows curses, and the only one that reads
 * from or writes to the terminal.
 *
 * Curses writes into memory; each frame then goes out in one write, as far as the
 * terminal takes it without blocking. While it does not, no further frame is
 * made (display_ready). However the program ends, by return, signal, crash or out of
 * memory, the terminal is put back; a terminal that hangs up ends the program.
 */
#ifndef AVO_UI_DISPLAY_H
#define AVO_UI_DISPLAY_H

#include "base/error.h"
#include "base/loop.h"
#include "ui/canvas.h"
#include "ui/theme.h"

struct display;

struct display_hooks {
	void (*key)(void *arg, uint32_t key);
	void (*resized)(void *arg, int cols, int rows);
	void (*resumed)(void *arg);		/* after a suspension or another program on the terminal */
	void (*drained)(void *arg);		/* the terminal takes frames again */
	void (*ended)(void *arg, const char *why, int exit_status);	/* hang-up or a signal: leave now */
};

struct display_options {
	bool color;
	bool without_terminal;		/* scripted tests: no terminal is needed; LINES and COLUMNS give the size */
};

enum avo_status display_open(struct display **out, struct loop *loop, const struct display_options *o,
			     const struct display_hooks *hooks, void *arg, struct error *err);
void display_close(struct display *d);		/* restores the terminal; NULL is fine */
void display_size(const struct display *d, int *cols, int *rows);
/* A size by decree, for scripts. */
void display_resize(struct display *d, int cols, int rows);
enum color_depth display_depth(const struct display *d);

bool display_ready(const struct display *d);
void display_show(struct display *d, const struct canvas *c, const struct theme *t);
/* The next display_show sends every cell. */
void display_redraw(struct display *d);
/* Hands the terminal to somebody else (an editor) and takes it back. */
void display_leave(struct display *d);
void display_return(struct display *d);
/* Stops this process as Ctrl-Z does, until it is continued. */
void display_suspend(struct display *d);
/* Puts text into the clipboard of the user's terminal, over any number of ssh hops (OSC 52). */
void display_copy(struct display *d, const char *text);
/* Keys typed so far that wait for their meaning (a lone ESC). */
bool display_key_waits(const struct display *d);

#endif
