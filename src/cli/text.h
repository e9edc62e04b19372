/* How the read commands print the things of a run for people. */
#ifndef AVO_CLI_TEXT_H
#define AVO_CLI_TEXT_H

#include "base/buf.h"
#include "cli/cli.h"
#include "journal/state.h"

/* A run opened for reading: its journal applied to a state. */
struct cli_run {
	char *dir;			/* owned */
	struct run_state state;
	const char *names[CLI_MAX_NAMES];	/* the arguments that are not the run */
	int name_count;
};

/* Finds the run among the arguments and reads its journal. Prints its own message; returns an exit status. */
int cli_open_run(struct cli_run *run, const struct cli_call *call);
void cli_close_run(struct cli_run *run);
/* .avo/<name> of the run; owned. */
char *cli_dot_path(const struct cli_run *run, const char *name);

/* One JSON object on a line of its own; takes ownership. */
void cli_print_json(cJSON *obj);

/* Said once: what follows on stdout is ASCII, arrows and the like are spelled ("->"). */
void cli_text_ascii(bool only);
/* Foreign text on one line, harmless for a terminal, cut at `width` columns (0: not cut); "" for NULL. */
void cli_print_clean(const char *text, int width);
/* "sampled    ..." as words() says it of a result; nothing where that is nothing. */
void cli_print_words(const char *name, const cJSON *result, void (*words)(struct buf *, const cJSON *));

/* "\033[...m" when colours are on, "" otherwise. */
enum cli_color { CLI_PLAIN, CLI_GOOD, CLI_BAD, CLI_WARN, CLI_DIM, CLI_BOLD };
const char *cli_paint(const struct cli_call *call, enum cli_color color);
enum cli_color cli_verdict_color(enum verdict v, enum decision d);

/* "+0.94%", "-" when not a number; out must hold 16 bytes. */
const char *cli_gain(char *out, double ratio);
/* "±0.13" half width of the interval in percent, "" when there is none; out must hold 16 bytes. */
const char *cli_interval(char *out, const struct cli_call *call, const struct comparison *c);
/* "741.3" with digits that suit the size, "-" for NAN; out must hold 16 bytes. */
const char *cli_value_text(char *out, double value);

/* The word for what came of an attempt: decision when it passed, else verdict, else "evaluating". */
const char *cli_outcome(const struct attempt *a);

/* Lines for people: the state, the best version against the seed, and what waits for approval. */
void cli_summary(struct buf *out, const struct run_state *s, const char *run_dir);

/* The per-case table of a score, against another one when other is not NULL. */
void cli_print_scores(const struct cli_call *call, const struct score *score, const char *name,
		      const struct score *other, const char *other_name);

#endif
