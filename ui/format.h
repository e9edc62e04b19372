/*
 * Numbers as a person reads them: aligned at the decimal point, a unit once,
 * and '-' for what was not measured. All return out.
 */
#ifndef AVO_UI_FORMAT_H
#define AVO_UI_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "task/score.h"

#define FORMAT_SIZE 48

/* Decimals with which numbers up to this size show four significant digits: 0 to 3. */
int format_decimals(double largest);
char *format_number(char out[FORMAT_SIZE], double value, int decimals);	/* "-" when it is not finite */
/* A ratio as a change: 1.0042 is "+0.42%"; more than a factor of ten is "12.3x". */
char *format_gain(char out[FORMAT_SIZE], double ratio);
/* Half the width of the interval, in percent: "±0.11". */
char *format_margin(char out[FORMAT_SIZE], const struct comparison *c);
/* "+0.94% [+0.81, +1.07]". */
char *format_interval(char out[FORMAT_SIZE * 2], const struct comparison *c);
/* A running duration: "00:41", "01:02:03". */
char *format_clock(char out[FORMAT_SIZE], int64_t ms);
/* How long ago: "12s", "3h07m"; "-" when the time is unknown (0). */
char *format_ago(char out[FORMAT_SIZE], int64_t then_ms, int64_t now_ms);
/* "$1.23"; "" when nothing was spent. */
char *format_cost(char out[FORMAT_SIZE], double usd);
/* The local time of day: "13:41:07"; "-" when unknown. */
char *format_time(char out[FORMAT_SIZE], int64_t ms);
/* "1 attempt", "9 attempts". */
char *format_count(char out[FORMAT_SIZE], long n, const char *noun);

#endif
