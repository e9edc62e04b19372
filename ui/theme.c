#include "avo.h"
#include "base/str.h"
#include "ui/canvas.h"
#include "ui/theme.h"

static const struct {
	const char *name;
	struct look looks[3];		/* by enum color_depth */
} styles[STYLE_COUNT] = {
#define X(id, name, f2, b2, a2, f1, b1, a1, a0) [STYLE_##id] = { name, { { -1, -1, a0 }, { f1, b1, a1 }, { f2, b2, a2 } } },
	STYLES(X)
#undef X
};

void theme_init(struct theme *t, enum color_depth depth)
{
	int i;

	t->depth = depth;
	for (i = 0; i < STYLE_COUNT; i++)
		t->looks[i] = styles[i].looks[depth];
}

const char *style_name(enum style s)
{
	return styles[s].name;
}

int style_parse(const char *name)
{
	int i;

	for (i = 0; i < STYLE_COUNT; i++)
		if (strcmp(styles[i].name, name) == 0)
			return i;
	return -1;
}

static bool color_parse(int16_t *out, const char *text)
{
	static const char *const names[] = { "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white" };
	long n;
	int i;

	if (strcmp(text, "default") == 0) {
		*out = -1;
		return true;
	}
	for (i = 0; i < (int)ARRAY_LEN(names); i++)
		if (strcmp(names[i], text) == 0) {
			*out = (int16_t)i;
			return true;
		}
	if (!str_to_long(&n, text, 0, 255))
		return false;
	*out = (int16_t)n;
	return true;
}

static int attr_parse(const char *text)
{
	static const struct { const char *name; int attr; } names[] = {
		{ "normal", 0 }, { "bold", ATTR_BOLD }, { "dim", ATTR_DIM },
		{ "underline", ATTR_UNDERLINE }, { "reverse", ATTR_REVERSE },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i].name, text) == 0)
			return names[i].attr;
	return -1;
}

enum avo_status theme_color(struct theme *t, int argc, char **argv, struct error *err)
{
	struct look look = { -1, -1, 0 };
	int style, i;

	if (argc < 4)
		return error_set(err, AVO_USAGE, "color STYLE FOREGROUND BACKGROUND [ATTRIBUTE...], e.g. color added green default bold");
	style = style_parse(argv[1]);
	if (style < 0)
		return error_set(err, AVO_USAGE, "no style is called '%s'; avorc(5) lists them", argv[1]);
	if (!color_parse(&look.fg, argv[2]) || !color_parse(&look.bg, argv[3]))
		return error_set(err, AVO_USAGE, "a colour is default, one of the eight names, or 0 to 255");
	for (i = 4; i < argc; i++) {
		int attr = attr_parse(argv[i]);

		if (attr < 0)
			return error_set(err, AVO_USAGE, "an attribute is normal, bold, dim, underline or reverse, not '%s'", argv[i]);
		look.attr |= (uint8_t)attr;
	}
	if (t->depth == COLOR_NONE || (t->depth == COLOR_8 && (look.fg > 7 || look.bg > 7)))
		return AVO_OK;
	t->looks[style] = look;
	return AVO_OK;
}

static void lay_over(struct look *look, const struct look *over)
{
	if (over->fg >= 0)
		look->fg = over->fg;
	if (over->bg >= 0)
		look->bg = over->bg;
	look->attr |= over->attr;
}

struct look theme_look(const struct theme *t, int style, int cell_flags)
{
	struct look look = t->looks[style];

	if (cell_flags & CELL_SELECTED)
		lay_over(&look, &t->looks[STYLE_SELECTED]);
	else if (cell_flags & CELL_CURRENT)
		lay_over(&look, &t->looks[STYLE_CURRENT]);
	if (cell_flags & CELL_MATCH)
		lay_over(&look, &t->looks[STYLE_MATCH]);
	return look;
}
