/*
 * Foreign text on its way to a terminal, JSON there and back, times and
 * numbers. Promises: what was sanitised commands no terminal and stays as it is
 * when it is sanitised again; what parses prints, and parses to the same again.
 */
#include "avo.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(condition) do { if (!(condition)) abort(); } while (0)

static bool harmless(uint32_t c)
{
	if (c == '\n' || c == '\t')
		return true;
	return c >= 0x20 && (c < 0x7f || c > 0x9f) && !(c >= 0x202a && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}

static void check_sanitize(const char *text, size_t len)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	size_t at, n;

	str_sanitize(&once, text, len);
	for (at = 0; at < once.len; at += n) {
		uint32_t c;

		n = str_utf8_decode(&c, once.data + at, once.len - at);
		require(n > 0 && harmless(c));
	}
	str_sanitize(&twice, buf_cstr(&once), once.len);
	require(twice.len == once.len && memcmp(buf_cstr(&twice), buf_cstr(&once), once.len) == 0);
	buf_release(&once);
	buf_release(&twice);
}

static void check_json(const char *text, size_t len)
{
	cJSON *value, *again;
	char *printed, *reprinted;

	if (json_parse(&value, text, len, NULL) != AVO_OK) {
		require(!value);
		return;
	}
	printed = json_print_new(value);
	require(!strchr(printed, '\n'));
	require(json_parse(&again, printed, strlen(printed), NULL) == AVO_OK);
	reprinted = json_print_new(again);
	require(strcmp(printed, reprinted) == 0);
	free(printed);
	free(reprinted);
	cJSON_Delete(value);
	cJSON_Delete(again);
}

static void check_words(const char *text)
{
	char stamp[CLOCK_STAMP_SIZE];
	int64_t t = clock_parse(text);
	double number;
	long whole;

	require(t >= -1);
	if (t >= 0 && t < 253402300800000)	/* the year 10000 */
		require(clock_parse(clock_format(stamp, t)) == t);
	require(clock_parse_duration(text) >= -1);
	if (str_to_long(&whole, text, -100, 100))
		require(whole >= -100 && whole <= 100);
	if (str_to_double(&number, text))
		require(number - number == 0);
	require(str_to_id(text, 'a') >= -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);

	check_sanitize((const char *)data, size);
	check_json((const char *)data, size);
	check_words(text);
	free(text);
	return 0;
}
