/* The final table: the newest version beside the seed, the peers and the user's own baselines, measured in pairs. */
#ifndef AVO_CLI_BENCH_H
#define AVO_CLI_BENCH_H

#include "cli/text.h"

struct bench_options {
	int repeats;
	const char *suite;		/* NULL: the run's */
	const char *baselines;		/* paths with commas between them, beside those of avo.conf; may be NULL */
	bool brief;			/* without the table of ratios by case */
};

/* Measures and prints the tables; returns an exit status. */
int cli_bench(const struct cli_call *call, const struct cli_run *run, const struct bench_options *options);

#endif
