#include "avo.h"
#include "ui/event.h"
#include "ui/format.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void numbers_keep_four_digits(void **state)
{
	char out[FORMAT_SIZE];

	assert_int_equal(format_decimals(741.3), 1);
	assert_int_equal(format_decimals(27.12), 2);
	assert_int_equal(format_decimals(3.1), 3);
	assert_int_equal(format_decimals(12345), 0);
	assert_int_equal(format_decimals(NAN), 0);
	assert_string_equal(format_number(out, 741.26, 1), "741.3");
	assert_string_equal(format_number(out, NAN, 1), "-");
	assert_string_equal(format_number(out, INFINITY, 1), "-");
}

static void ratios_read_as_changes(void **state)
{
	struct comparison c = { .decision = DECISION_IMPROVED, .ratio = 1.0094, .lo = 1.0081, .hi = 1.0107, .pairs = 12 }, none = { 0 };
	char out[FORMAT_SIZE * 2];

	assert_string_equal(format_gain(out, 1.0042), "+0.42%");
	assert_string_equal(format_gain(out, 0.958), "-4.20%");
	assert_string_equal(format_gain(out, 1.981), "+98.1%");
	assert_string_equal(format_gain(out, 24.8), "24.8×");
	assert_string_equal(format_gain(out, NAN), "-");
	assert_string_equal(format_margin(out, &c), "±0.13");
	assert_string_equal(format_margin(out, &none), "-");
	assert_string_equal(format_interval(out, &c), "+0.94% [+0.81, +1.07]");
	assert_string_equal(format_interval(out, &none), "not compared");
	c.lo = NAN;
	assert_string_equal(format_interval(out, &c), "+0.94%");
}

static void times_read_as_times(void **state)
{
	char out[FORMAT_SIZE];

	assert_string_equal(format_clock(out, 41000), "00:41");
	assert_string_equal(format_clock(out, 3723000), "01:02:03");
	assert_string_equal(format_clock(out, -5), "00:00");
	assert_string_equal(format_ago(out, 1000, 4999), "3s");
	assert_string_equal(format_ago(out, 1000, 1000 + 3 * 3600000 + 7 * 60000), "3h07m");
	assert_string_equal(format_ago(out, 0, 1000), "-");
	assert_string_equal(format_ago(out, 5000, 1000), "0s");
	assert_string_equal(format_count(out, 1, "attempt"), "1 attempt");
	assert_string_equal(format_count(out, 9, "attempt"), "9 attempts");
}

static void assert_event(const char *json, const char *want)
{
	struct buf b = BUF_INIT;
	struct error err;
	cJSON *event;

	assert_int_equal(json_parse(&event, json, strlen(json), &err), AVO_OK);
	event_summary(&b, event);
	assert_string_equal(buf_cstr(&b), want);
	buf_release(&b);
	cJSON_Delete(event);
}

static void events_are_said_in_a_line(void **state)
{
	assert_event("{\"type\":\"pending\",\"attempt\":\"a7\"}", "a7 waits for approval");
	assert_event("{\"type\":\"attempt-scored\",\"attempt\":\"a7\",\"verdict\":\"incorrect\",\"reason\":\"off by 0.3\"}", "a7 incorrect: off by 0.3");
	assert_event("{\"type\":\"attempt-scored\",\"attempt\":\"a7\",\"verdict\":\"passed\",\"unit\":\"TFLOPS\",\"geomean\":741.26,\"scores\":[],"
		     "\"decision\":\"improved\",\"ratio\":1.0094,\"ratio_ci\":[1.0081,1.0107],\"pairs\":12}",
		     "a7 passed improved  +0.94% [+0.81, +1.07]  741.3 TFLOPS");
	assert_event("{\"type\":\"action-ended\",\"action\":4,\"ok\":false,\"result\":\"no such file\"}", "4 failed: no such file");
	assert_event("{\"type\":\"step-started\",\"step\":\"s5\",\"parent\":\"v3\",\"operator\":\"mutate\"}", "s5 from v3, operator mutate");
	/* members that are missing leave no hole, types that are new show what they hold */
	assert_event("{\"type\":\"state\",\"state\":\"paused\"}", "paused");
	assert_event("{\"type\":\"rejected\",\"attempt\":\"a7\"}", "a7");
	assert_event("{\"type\":\"from-tomorrow\",\"x\":1}", "{\"type\":\"from-tomorrow\",\"x\":1}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_keep_four_digits),
		cmocka_unit_test(ratios_read_as_changes),
		cmocka_unit_test(times_read_as_times),
		cmocka_unit_test(events_are_said_in_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
