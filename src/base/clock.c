#include "avo.h"
#include "base/clock.h"

#include <ctype.h>
#include <time.h>

int64_t clock_mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t clock_mono_ms(void)
{
	return clock_mono_ns() / 1000000;
}

int64_t clock_wall_ms(void)
{
	static int64_t frozen = -2;	/* -2: not looked at yet, -1: not frozen */
	struct timespec ts;

	if (frozen == -2) {
		const char *stamp = getenv("AVO_TEST_NOW");

		frozen = stamp ? clock_parse(stamp) : -1;
	}
	if (frozen >= 0)
		return frozen;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

char *clock_format(char out[CLOCK_STAMP_SIZE], int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	size_t len;

	gmtime_r(&seconds, &tm);
	len = strftime(out, CLOCK_STAMP_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + len, CLOCK_STAMP_SIZE - len, ".%03dZ", (int)(wall_ms % 1000));
	return out;
}

int64_t clock_parse(const char *stamp)
{
	struct tm tm = { 0 };
	const char *rest = strptime(stamp, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t ms = 0, unit = 100;
	time_t seconds;

	if (!rest)
		return -1;
	if (*rest == '.') {
		for (rest++; isdigit((unsigned char)*rest); rest++, unit /= 10)
			ms += (*rest - '0') * unit;
	}
	if (strcmp(rest, "Z") != 0)
		return -1;
	seconds = timegm(&tm);
	return seconds < 0 ? -1 : (int64_t)seconds * 1000 + ms;
}

char *clock_age(char *out, size_t size, int64_t ms)
{
	long long s = ms / 1000;

	if (ms < 0)
		ms = s = 0;
	if (s < 10)
		snprintf(out, size, "%lld.%llds", s, (long long)(ms % 1000 / 100));
	else if (s < 60)
		snprintf(out, size, "%llds", s);
	else if (s < 3600)
		snprintf(out, size, "%lldm%02llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, size, "%lldh%02lldm", s / 3600, s / 60 % 60);
	else
		snprintf(out, size, "%lldd%02lldh", s / 86400, s / 3600 % 24);
	return out;
}

static int64_t unit_ms(char c)
{
	switch (c) {
	case 's': return 1000;
	case 'm': return 60 * 1000;
	case 'h': return 3600 * 1000;
	case 'd': return 86400 * 1000;
	default: return -1;
	}
}

int64_t clock_parse_duration(const char *text)
{
	int64_t total = 0;

	if (!*text)
		return -1;
	while (*text) {
		char *end;
		double n;

		if (!isdigit((unsigned char)*text))
			return -1;
		n = strtod(text, &end);
		if (*end == '\0' && total == 0)
			return n > 1e9 ? -1 : (int64_t)(n * 1000);
		if (n > 1e9 || unit_ms(*end) < 0)
			return -1;
		total += (int64_t)(n * (double)unit_ms(*end));
		if (total > INT64_MAX / 2)
			return -1;
		text = end + 1;
	}
	return total;
}
