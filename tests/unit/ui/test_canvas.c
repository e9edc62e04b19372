#include "avo.h"
#include "ui/canvas.h"
#include "ui/draw.h"
#include "ui/theme.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct canvas canvas;

static int set_up(void **state)
{
	canvas_init(&canvas, 12, 3, false);
	return 0;
}

static int tear_down(void **state)
{
	canvas_release(&canvas);
	return 0;
}

static void assert_row(int y, const char *want)
{
	struct buf b = BUF_INIT;

	canvas_row_text(&b, &canvas, y);
	assert_string_equal(buf_cstr(&b), want);
	buf_release(&b);
}

static void text_is_cut_at_the_width_and_at_the_edge(void **state)
{
	assert_int_equal(canvas_text(&canvas, 0, 0, 5, STYLE_DEFAULT, "abcdefgh"), 5);
	assert_row(0, "abcde");
	assert_int_equal(canvas_text(&canvas, 9, 1, 50, STYLE_DEFAULT, "abcdefgh"), 3);
	assert_row(1, "         abc");
	assert_int_equal(canvas_text(&canvas, 0, 3, 5, STYLE_DEFAULT, "below"), 0);
	assert_int_equal(canvas_text(&canvas, 12, 0, 5, STYLE_DEFAULT, "beside"), 0);
	assert_int_equal(canvas_text(&canvas, 0, -1, 5, STYLE_DEFAULT, "above"), 0);
}

static void wide_characters_take_two_columns_and_are_never_halved(void **state)
{
	assert_int_equal(canvas_text(&canvas, 0, 0, 5, STYLE_DEFAULT, "漢字漢"), 4);
	assert_row(0, "漢字");
	assert_int_equal(canvas_text_from(&canvas, 0, 1, 5, 1, STYLE_DEFAULT, "漢字"), 3);
	assert_row(1, " 字");
	canvas_text(&canvas, 0, 2, 4, STYLE_DEFAULT, "漢字");
	canvas_text(&canvas, 1, 2, 1, STYLE_DEFAULT, "x");
	assert_row(2, " x字");
	canvas_text(&canvas, 2, 2, 1, STYLE_DEFAULT, "y");
	assert_row(2, " xy");
	assert_int_equal(canvas_width(&canvas, "漢字 e\xcc\x81"), 6);
}

static void foreign_text_draws_as_text(void **state)
{
	canvas_text(&canvas, 0, 0, 12, STYLE_DEFAULT, "\033[31mred\033[0m\a\tx");
	assert_row(0, "red     x");
	canvas_text(&canvas, 0, 1, 12, STYLE_DEFAULT, "a\xe2\x80\xae" "b\xff" "c");
	assert_row(1, "ab\xef\xbf\xbd" "c");
}

static void ascii_spells_the_glyphs(void **state)
{
	canvas.ascii = true;
	canvas_text(&canvas, 0, 0, 12, STYLE_DEFAULT, "±0.1 → ●…");
	assert_row(0, "+-0.1 -> *..");
	assert_int_equal(canvas_width(&canvas, "±漢"), 3);
	canvas_text(&canvas, 0, 1, 12, STYLE_DEFAULT, "漢é");
	assert_row(1, "??");
}

static void matches_are_flagged_by_letter_not_by_byte(void **state)
{
	canvas_text(&canvas, 0, 0, 12, STYLE_DEFAULT, "Tile 漢 TILE");
	assert_int_equal(canvas_flag_matches(&canvas, 0, 0, 12, "tile"), 2);
	assert_true(canvas_cell(&canvas, 0, 0)->flags & CELL_MATCH);
	assert_false(canvas_cell(&canvas, 4, 0)->flags & CELL_MATCH);
	assert_true(canvas_cell(&canvas, 11, 0)->flags & CELL_MATCH);
	assert_int_equal(canvas_flag_matches(&canvas, 0, 0, 12, "TILE"), 1);
	assert_int_equal(canvas_flag_matches(&canvas, 0, 0, 12, "漢 t"), 1);
	assert_int_equal(canvas_flag_matches(&canvas, 0, 0, 12, ""), 0);
}

static void cells_align_and_end_in_an_ellipsis(void **state)
{
	struct row row = { .c = &canvas, .w = 12 };

	row_cell(&row, 5, ALIGN_RIGHT, STYLE_DEFAULT, "1.5");
	row_cell(&row, 6, ALIGN_LEFT, STYLE_DEFAULT, "branchless");
	row_cell(&row, 4, ALIGN_LEFT, STYLE_DEFAULT, "gone");
	assert_row(0, "  1.5branc…g");
	assert_int_equal(row_left(&row), 0);
}

static void a_look_is_designed_for_every_depth(void **state)
{
	struct look failed, running;
	struct theme t;
	int depth, s;

	for (depth = COLOR_NONE; depth <= COLOR_256; depth++) {
		theme_init(&t, (enum color_depth)depth);
		for (s = 0; s < STYLE_COUNT; s++) {
			assert_int_equal(style_parse(style_name((enum style)s)), s);
			assert_true(t.looks[s].fg <= (depth == COLOR_256 ? 255 : depth == COLOR_8 ? 7 : -1));
			assert_true(t.looks[s].bg <= (depth == COLOR_256 ? 255 : depth == COLOR_8 ? 7 : -1));
		}
		/* what needs the user, what is selected and what failed must stand out without any colour */
		assert_true(theme_look(&t, STYLE_NEEDS_YOU, 0).attr);
		assert_true(theme_look(&t, STYLE_DEFAULT, CELL_SELECTED).attr);
		failed = theme_look(&t, STYLE_FAILED, 0);
		running = theme_look(&t, STYLE_RUNNING, 0);
		assert_true(failed.fg != running.fg || failed.bg != running.bg || failed.attr != running.attr);
	}
}

static void colours_can_be_changed_and_refused(void **state)
{
	char *good[] = { (char *)"color", (char *)"added", (char *)"42", (char *)"default", (char *)"bold" };
	char *bad[] = { (char *)"color", (char *)"added", (char *)"mauve", (char *)"default" };
	char *none[] = { (char *)"color", (char *)"nothing", (char *)"1", (char *)"2" };
	struct theme t;
	struct error err;

	theme_init(&t, COLOR_256);
	assert_int_equal(theme_color(&t, 5, good, &err), AVO_OK);
	assert_int_equal(theme_look(&t, STYLE_ADDED, 0).fg, 42);
	assert_int_equal(theme_color(&t, 4, bad, &err), AVO_USAGE);
	assert_int_equal(theme_color(&t, 4, none, &err), AVO_USAGE);
	assert_non_null(strstr(err.text, "nothing"));
	theme_init(&t, COLOR_8);
	assert_int_equal(theme_color(&t, 5, good, &err), AVO_OK);
	assert_int_equal(theme_look(&t, STYLE_ADDED, 0).fg, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(text_is_cut_at_the_width_and_at_the_edge),
		TEST(wide_characters_take_two_columns_and_are_never_halved),
		TEST(foreign_text_draws_as_text),
		TEST(ascii_spells_the_glyphs),
		TEST(matches_are_flagged_by_letter_not_by_byte),
		TEST(cells_align_and_end_in_an_ellipsis),
		TEST(a_look_is_designed_for_every_depth),
		TEST(colours_can_be_changed_and_refused),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
