#include "avo.h"
#include "ui/chart.h"
#include "ui/theme.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void assert_screen(const struct canvas *c, const char *want)
{
	struct buf b = BUF_INIT;

	canvas_dump(&b, c);
	assert_string_equal(buf_cstr(&b), want);
	buf_release(&b);
}

static void a_rising_line_turns_its_corners(void **state)
{
	const double y[] = { 10, 10, 20, 30 };
	const struct chart_line line = { "best", y, STYLE_LINE_BEST };
	struct chart chart = { .count = 4, .lines = &line, .line_count = 1, .cursor = -1 };
	struct canvas c;

	canvas_init(&c, 26, 7, false);
	chart_draw(&c, (struct rect){ 0, 0, 26, 7 }, &chart);
	assert_screen(&c,
		      "30┤                     ●\n"
		      "  │                     │\n"
		      "  │                     │\n"
		      "20┤              ╭──────╯\n"
		      "  │              │\n"
		      "10┤──────────────╯\n"
		      "  └v0─────v1─────v2────v3\n");
	canvas_release(&c);
}

static void ascii_charts_need_no_unicode(void **state)
{
	const double y[] = { 1, 2 };
	const struct chart_line line = { "best", y, STYLE_LINE_BEST };
	struct chart chart = { .count = 2, .lines = &line, .line_count = 1, .cursor = -1 };
	struct buf b = BUF_INIT;
	struct canvas c;
	size_t i;

	canvas_init(&c, 20, 5, true);
	chart_draw(&c, (struct rect){ 0, 0, 20, 5 }, &chart);
	canvas_dump(&b, &c);
	for (i = 0; i < b.len; i++)
		assert_true((unsigned char)b.data[i] < 0x80);
	assert_non_null(strchr(b.data, '*'));
	buf_release(&b);
	canvas_release(&c);
}

static int count_style(const struct canvas *c, int style)
{
	int x, y, n = 0;

	for (y = 0; y < c->rows; y++)
		for (x = 0; x < c->cols; x++)
			n += canvas_cell(c, x, y)->style == style && canvas_cell(c, x, y)->ch != L' ';
	return n;
}

static void what_was_not_measured_is_a_gap_and_never_zero(void **state)
{
	const double none[] = { NAN, NAN, NAN }, late[] = { NAN, NAN, 700 };
	struct chart_line line = { "best", none, STYLE_LINE_BEST };
	struct chart chart = { .count = 3, .lines = &line, .line_count = 1, .cursor = -1 };
	struct buf b = BUF_INIT;
	struct canvas c;

	canvas_init(&c, 40, 8, false);
	chart_draw(&c, (struct rect){ 0, 0, 40, 8 }, &chart);
	canvas_row_text(&b, &c, 0);
	assert_string_equal(buf_cstr(&b), " nothing measured yet");
	canvas_clear(&c);
	line.y = late;
	chart_draw(&c, (struct rect){ 0, 0, 40, 8 }, &chart);
	assert_int_equal(count_style(&c, STYLE_LINE_BEST), 1);
	buf_release(&b);
	canvas_release(&c);
}

static void a_far_level_does_not_flatten_the_line(void **state)
{
	const double y[] = { 20, 25, 30 }, near = 33, far = 900;
	const struct chart_line line = { "best", y, STYLE_LINE_BEST }, levels[] = { { "near", &near, STYLE_LINE_PEER }, { "far", &far, STYLE_LINE_PEER } };
	struct chart chart = { .count = 3, .lines = &line, .line_count = 1, .levels = levels, .level_count = 2, .cursor = -1 };
	struct buf b = BUF_INIT;
	struct canvas c;

	canvas_init(&c, 60, 12, false);
	chart_draw(&c, (struct rect){ 0, 0, 60, 12 }, &chart);
	canvas_dump(&b, &c);
	assert_non_null(strstr(b.data, "near 33.00"));
	assert_null(strstr(b.data, "far"));
	buf_release(&b);
	canvas_release(&c);
}

static void no_size_and_no_value_draws_outside(void **state)
{
	const double y[] = { 1e-9, 1e12, -5, 0, 3, NAN, INFINITY, 7 }, level = 1e300;
	const struct chart_line line = { "odd", y, STYLE_LINE_BEST }, peer = { "peer", &level, STYLE_LINE_PEER };
	const struct strip strip = { .ratios = y, .count = 8, .lo = 0.9, .hi = NAN, .mean = 1 };
	struct canvas c;
	int w, h, n;

	for (n = 0; n <= 8; n += 4)
		for (w = 1; w <= 44; w += 3)
			for (h = 1; h <= 12; h++) {
				struct chart chart = { .count = n, .lines = &line, .line_count = 1, .levels = &peer, .level_count = 1, .cursor = n - 1 };

				canvas_init(&c, 50, 14, false);
				chart_draw(&c, (struct rect){ 3, 1, w, h }, &chart);
				chart_strip(&c, (struct rect){ 3, 1, w, h }, &strip);
				assert_int_equal(canvas_cell(&c, 2, 1)->ch, L' ');
				assert_int_equal(canvas_cell(&c, 3 + w, 1)->ch, L' ');
				assert_int_equal(canvas_cell(&c, 3, 1 + h)->ch, L' ');
				canvas_release(&c);
			}
}

static void ticks_are_round_numbers(void **state)
{
	assert_true(fabs(chart_tick(100, 5) - 20) < 1e-9);
	assert_true(fabs(chart_tick(30, 10) - 5) < 1e-9);
	assert_true(fabs(chart_tick(0.7, 4) - 0.2) < 1e-9);
	assert_true(fabs(chart_tick(1, 1) - 1) < 1e-9);
	assert_true(fabs(chart_tick(0, 4) - 1) < 1e-9);
	assert_true(fabs(chart_tick(NAN, 4) - 1) < 1e-9);
}

static void the_strip_shows_each_pair_on_its_side_of_one(void **state)
{
	const double ratios[] = { 1.02, 0.99, 1.03, 1.01 };
	const struct strip strip = { .ratios = ratios, .count = 4, .lo = 1.0, .hi = 1.02, .mean = 1.0125 };
	struct canvas c;

	canvas_init(&c, 40, 7, false);
	chart_strip(&c, (struct rect){ 0, 0, 40, 7 }, &strip);
	assert_int_equal(count_style(&c, STYLE_GOOD), 3);
	assert_int_equal(count_style(&c, STYLE_BAD), 1);
	assert_true(count_style(&c, STYLE_LINE_BEST) >= 3);
	canvas_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rising_line_turns_its_corners),
		cmocka_unit_test(ascii_charts_need_no_unicode),
		cmocka_unit_test(what_was_not_measured_is_a_gap_and_never_zero),
		cmocka_unit_test(a_far_level_does_not_flatten_the_line),
		cmocka_unit_test(no_size_and_no_value_draws_outside),
		cmocka_unit_test(ticks_are_round_numbers),
		cmocka_unit_test(the_strip_shows_each_pair_on_its_side_of_one),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
