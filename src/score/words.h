/* The last words of a worker's client: what ssh, srun and avo-worker say on stderr is for people, so a few lines are kept for them. */
#ifndef AVO_SCORE_WORDS_H
#define AVO_SCORE_WORDS_H

#include "base/buf.h"

#define WORDS_LINES 5
#define WORDS_LINE_BYTES 240

struct words {
	struct buf part;		/* of a line that has not ended */
	char *lines[WORDS_LINES];	/* the oldest first; harmless text; owned */
};

/* Bytes as they come; whole lines are kept, and logged. */
void words_add(struct words *w, const char *text, size_t len);
/* There is nothing to come: what has no newline is a line too. */
void words_end(struct words *w);
/* 0 is the oldest; NULL behind the last. Borrowed until the next words_add. */
const char *words_line(const struct words *w, int index);
const char *words_last(const struct words *w);	/* NULL: it said nothing */
void words_release(struct words *w);

#endif
