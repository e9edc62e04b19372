#include "avo.h"
#include "base/clock.h"
#include "ui/format.h"

#include <math.h>
#include <time.h>

int format_decimals(double largest)
{
	largest = fabs(largest);
	if (!(largest < 1000))
		return 0;
	return largest >= 100 ? 1 : largest >= 10 ? 2 : 3;
}

char *format_number(char out[FORMAT_SIZE], double value, int decimals)
{
	if (isfinite(value))
		snprintf(out, FORMAT_SIZE, "%.*f", decimals, value);
	else
		snprintf(out, FORMAT_SIZE, "-");
	return out;
}

char *format_gain(char out[FORMAT_SIZE], double ratio)
{
	double percent = (ratio - 1) * 100;

	if (!isfinite(ratio))
		snprintf(out, FORMAT_SIZE, "-");
	else if (ratio >= 10)
		snprintf(out, FORMAT_SIZE, "%.1f×", ratio);
	else
		snprintf(out, FORMAT_SIZE, "%+.*f%%", fabs(percent) >= 9.995 ? 1 : 2, percent);
	return out;
}

char *format_margin(char out[FORMAT_SIZE], const struct comparison *c)
{
	double half = (c->hi - c->lo) / 2 * 100;

	if (c->decision == DECISION_NONE || !isfinite(half))
		snprintf(out, FORMAT_SIZE, "-");
	else
		snprintf(out, FORMAT_SIZE, "±%.*f", half >= 9.995 ? 1 : 2, half);
	return out;
}

char *format_interval(char out[FORMAT_SIZE * 2], const struct comparison *c)
{
	char gain[FORMAT_SIZE];

	if (c->decision == DECISION_NONE) {
		snprintf(out, FORMAT_SIZE * 2, "not compared");
		return out;
	}
	format_gain(gain, c->ratio);
	if (isfinite(c->lo) && isfinite(c->hi))
		snprintf(out, FORMAT_SIZE * 2, "%s [%+.2f, %+.2f]", gain, (c->lo - 1) * 100, (c->hi - 1) * 100);
	else
		snprintf(out, FORMAT_SIZE * 2, "%s", gain);
	return out;
}

char *format_clock(char out[FORMAT_SIZE], int64_t ms)
{
	int64_t s = ms > 0 ? ms / 1000 : 0;

	if (s < 3600)
		snprintf(out, FORMAT_SIZE, "%02d:%02d", (int)(s / 60), (int)(s % 60));
	else
		snprintf(out, FORMAT_SIZE, "%02d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
	return out;
}

char *format_ago(char out[FORMAT_SIZE], int64_t then_ms, int64_t now_ms)
{
	int64_t ms = now_ms > then_ms ? now_ms - then_ms : 0;

	if (then_ms <= 0)
		snprintf(out, FORMAT_SIZE, "-");
	else if (ms < 10000)	/* whole seconds: tenths would only make the screen flicker */
		snprintf(out, FORMAT_SIZE, "%ds", (int)(ms / 1000));
	else
		clock_age(out, FORMAT_SIZE, ms);
	return out;
}

char *format_cost(char out[FORMAT_SIZE], double usd)
{
	out[0] = '\0';
	if (usd > 0)
		snprintf(out, FORMAT_SIZE, "$%.2f", usd);
	return out;
}

char *format_time(char out[FORMAT_SIZE], int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	if (ms <= 0 || !localtime_r(&t, &tm) || !strftime(out, FORMAT_SIZE, "%H:%M:%S", &tm))
		snprintf(out, FORMAT_SIZE, "-");
	return out;
}

char *format_count(char out[FORMAT_SIZE], long n, const char *noun)
{
	snprintf(out, FORMAT_SIZE, "%ld %s%s", n, noun, n == 1 ? "" : "s");
	return out;
}
