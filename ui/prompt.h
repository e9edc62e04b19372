/*
 * The line at the bottom in which something is typed: a command, a search, a
 * reason, or the answer to a question. Pure: keys in, text out.
 */
#ifndef AVO_UI_PROMPT_H
#define AVO_UI_PROMPT_H

#include <stdint.h>

#include "ui/canvas.h"
#include "ui/input.h"

enum prompt_kind { PROMPT_CLOSED, PROMPT_COMMAND, PROMPT_SEARCH, PROMPT_FILTER, PROMPT_TEXT, PROMPT_CONFIRM, PROMPT_KINDS };

enum prompt_event { PROMPT_EDITING, PROMPT_DONE, PROMPT_CANCELLED };

#define PROMPT_MAX 1024
#define PROMPT_HISTORY 64

struct prompt {
	enum prompt_kind kind;
	char label[512];
	char text[PROMPT_MAX];
	size_t len, at;			/* bytes; at: the cursor */
	char *history[PROMPT_KINDS][PROMPT_HISTORY];	/* newest last */
	int history_count[PROMPT_KINDS];
	int recall;			/* how far back in history; 0: the line being typed */
	char typed[PROMPT_MAX];		/* kept while history is looked at */
};

/* Completes the text in place: `names` holds candidates for the word under the cursor; returns how many fit. */
typedef int prompt_complete_fn(void *arg, const char *line, size_t word_start, char *out, size_t size, int which);

void prompt_open(struct prompt *p, enum prompt_kind kind, const char *label, const char *text);
void prompt_close(struct prompt *p);
void prompt_release(struct prompt *p);
/*
 * One key. A confirmation is DONE on 'y' or 'Y' alone, CANCELLED on anything else.
 * On DONE the text is in p->text, the kind still set; close it afterwards.
 */
enum prompt_event prompt_key(struct prompt *p, uint32_t key, prompt_complete_fn *complete, void *arg);
/* Draws the line and places the canvas's cursor. */
void prompt_draw(struct prompt *p, struct canvas *c, struct rect r);

#endif
