#include "avo.h"
#include "worker/checks.h"
#include "worker/deck.h"
#include "worker/shapes.h"

#define CLASSES_AFTER 4

static const char *const kind_names[] = { [CHECK_FRESH] = "fresh", [CHECK_AGAIN] = "again", [CHECK_CHANGED] = "changed" };

const char *check_kind_name(enum check_kind k)
{
	return kind_names[k];
}

/* A shape of the class, with its kind of values, or with all kinds where it has room for them. */
static struct check draw_class(int class, const struct suite *suite, struct random_source *seeds)
{
	struct check k = { .c = shapes_draw(class, suite, seeds), .kind = CHECK_FRESH };
	struct deck deck;

	deck_shuffle(&deck, seeds);
	k.deal = shapes_mixed(class) ? deck_deal(&deck, &k.c) : fill_deal_one(shapes_fill(class));
	k.rows = shapes_whole(class) ? 0 : CHECKS_ROWS_LONG;
	return k;
}

/* One shape of the class three times: its values, one row of them changed, and the values as they were. */
static int draw_repeated(struct check *out, int class, const struct suite *suite, struct random_source *seeds)
{
	static const enum check_kind kinds[] = { CHECK_FRESH, CHECK_CHANGED, CHECK_AGAIN };
	struct check k = draw_class(class, suite, seeds);
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		k.kind = kinds[i];
		out[i] = k;
	}
	return (int)ARRAY_LEN(kinds);
}

int checks_draw(struct check out[CHECKS_MAX], const struct suite *suite, struct random_source *seeds, bool few)
{
	int n = draw_repeated(out, 0, suite, seeds), i;

	for (i = 0; few && i < CLASSES_AFTER; i++)
		out[n++] = draw_class((int)random_below(random_seed(seeds), (uint64_t)shapes_count()), suite, seeds);
	for (i = 0; !few && i < shapes_count(); i++)
		out[n++] = draw_class(i, suite, seeds);
	return n;
}
