/* The final table: newest version, seed and peers, measured in one session. */
#ifndef AVO_CLI_BENCH_H
#define AVO_CLI_BENCH_H

#include "cli/text.h"

/* Measures `repeats` times and prints the table; returns an exit status. */
int cli_bench(const struct cli_call *call, const struct cli_run *run, int repeats);

#endif
