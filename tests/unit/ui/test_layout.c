#include "avo.h"
#include "ui/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct layout_in screen(int cols, int rows)
{
	return (struct layout_in){ .cols = cols, .rows = rows, .present = { true, true, true }, .focus = SLOT_LEFT };
}

static bool inside(struct rect r, int cols, int rows)
{
	return r.x >= 0 && r.y >= 0 && r.w >= 0 && r.h >= 0 && r.x + r.w <= cols && r.y + r.h <= rows;
}

static bool overlap(struct rect a, struct rect b)
{
	return a.w && a.h && b.w && b.h && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

static void check(const struct layout_in *in)
{
	struct layout out;
	int i, k, cells = 0;

	layout_compute(&out, in);
	assert_true(inside(out.status, in->cols, in->rows));
	assert_true(inside(out.footer, in->cols, in->rows));
	cells = out.status.w * out.status.h + out.footer.w * out.footer.h;
	for (i = 0; i < SLOT_COUNT; i++) {
		const struct pane_place *p = &out.panes[i];

		assert_true(inside(p->area, in->cols, in->rows));
		assert_true(inside(p->body, in->cols, in->rows));
		assert_false(overlap(p->area, out.status));
		assert_false(overlap(p->area, out.footer));
		for (k = 0; k < i; k++)
			assert_false(overlap(p->area, out.panes[k].area));
		if (p->form != PANE_HIDDEN)
			cells += p->area.w * p->area.h;
	}
	/* nothing is refused and nothing is wasted: every cell belongs to somebody */
	assert_int_equal(cells, in->cols * in->rows);
	assert_true(out.panes[in->focus].form >= PANE_PLAIN);
	assert_true(out.panes[in->focus].body.h >= 1);
}

static void every_size_has_a_layout(void **state)
{
	struct layout_in in;
	int cols, rows, preset, focus, zoom;

	for (cols = 1; cols <= 250; cols += cols < 20 ? 1 : 7)
		for (rows = 1; rows <= 70; rows += rows < 20 ? 1 : 5)
			for (preset = 0; preset < PRESET_COUNT; preset++)
				for (focus = 0; focus < SLOT_COUNT; focus++)
					for (zoom = 0; zoom < 2; zoom++) {
						in = screen(cols, rows);
						in.preset = (enum preset)preset;
						in.focus = (enum slot)focus;
						in.zoom = zoom;
						/* the reading layout folds the lower pane away unless it has the focus */
						if (preset == PRESET_READ && focus == SLOT_BOTTOM)
							continue;
						check(&in);
						if (focus == SLOT_BOTTOM)
							continue;
						in.present[SLOT_BOTTOM] = false;
						check(&in);
					}
}

static void eighty_by_twentyfour_shows_one_pane_and_its_neighbours(void **state)
{
	struct layout_in in = screen(80, 24);
	struct layout out;

	layout_compute(&out, &in);
	assert_int_equal(out.status.h, 2);
	assert_int_equal(out.footer.h, 1);
	assert_int_equal(out.panes[SLOT_LEFT].form, PANE_FRAMED);
	assert_int_equal(out.panes[SLOT_RIGHT].form, PANE_SUMMARY);
	assert_int_equal(out.panes[SLOT_BOTTOM].form, PANE_SUMMARY);
	in.focus = SLOT_RIGHT;
	layout_compute(&out, &in);
	assert_int_equal(out.panes[SLOT_LEFT].form, PANE_SUMMARY);
	assert_int_equal(out.panes[SLOT_LEFT].area.y, 2);
	assert_int_equal(out.panes[SLOT_RIGHT].form, PANE_FRAMED);
}

static void a_wide_screen_shows_all_panes(void **state)
{
	struct layout_in in = screen(120, 40);
	struct layout out;

	layout_compute(&out, &in);
	assert_int_equal(out.panes[SLOT_LEFT].form, PANE_FRAMED);
	assert_int_equal(out.panes[SLOT_RIGHT].form, PANE_FRAMED);
	assert_int_equal(out.panes[SLOT_BOTTOM].form, PANE_FRAMED);
	assert_int_equal(out.panes[SLOT_BOTTOM].area.w, 120);
	assert_true(out.panes[SLOT_RIGHT].body.w >= 56);
}

static void forty_by_ten_still_shows_a_list(void **state)
{
	struct layout_in in = screen(40, 10);
	struct layout out;

	layout_compute(&out, &in);
	assert_int_equal(out.panes[SLOT_LEFT].form, PANE_PLAIN);
	assert_true(out.panes[SLOT_LEFT].body.h >= 4);
	assert_int_equal(out.panes[SLOT_LEFT].body.w, 40);
}

static void zoom_gives_everything_to_the_focus(void **state)
{
	struct layout_in in = screen(200, 60);
	struct layout out;

	in.zoom = true;
	in.focus = SLOT_BOTTOM;
	layout_compute(&out, &in);
	assert_int_equal(out.panes[SLOT_LEFT].form, PANE_HIDDEN);
	assert_int_equal(out.panes[SLOT_BOTTOM].area.h, 57);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_has_a_layout),
		cmocka_unit_test(eighty_by_twentyfour_shows_one_pane_and_its_neighbours),
		cmocka_unit_test(a_wide_screen_shows_all_panes),
		cmocka_unit_test(forty_by_ten_still_shows_a_list),
		cmocka_unit_test(zoom_gives_everything_to_the_focus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
