#include "avo.h"
#include "variants.h"

/* The annotated line at `line`, or false if it is not one. `value` holds 32 bytes. */
static bool parse_line(struct variant_param *out, char *value, const char *line)
{
	char choices[256], *next = choices, *choice;

	memset(out, 0, sizeof(*out));
	if (sscanf(line, "#define %31s %31s // avo: %255s", out->name, value, choices) != 3)
		return false;
	out->value = -1;
	while ((choice = strsep(&next, "|")) != NULL) {
		if (out->count == VARIANT_CHOICES_MAX || strlen(choice) >= sizeof(out->choices[0]))
			abort();
		if (strcmp(choice, value) == 0)
			out->value = out->count;
		strcpy(out->choices[out->count++], choice);
	}
	return true;
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

void variant_space_read(struct variant_space *out, const char *source)
{
	char value[32];

	*out = (struct variant_space){ .source = source };
	for (const char *line = source; *line != '\0'; line = next_line(line)) {
		struct variant_param param;

		if (!parse_line(&param, value, line))
			continue;
		if (out->count == VARIANT_PARAMS_MAX)
			abort();
		out->params[out->count++] = param;
	}
}

void variant_default(struct variant *out, const struct variant_space *space)
{
	for (int p = 0; p < space->count; p++)
		out->choice[p] = space->params[p].value;
}

bool variant_set(struct variant *v, const struct variant_space *space, const char *name, const char *choice)
{
	for (int p = 0; p < space->count; p++) {
		const struct variant_param *param = &space->params[p];

		if (strcmp(param->name, name) != 0)
			continue;
		for (int c = 0; c < param->count; c++)
			if (strcmp(param->choices[c], choice) == 0) {
				v->choice[p] = c;
				return true;
			}
	}
	return false;
}

void variant_write(struct buf *out, const struct variant_space *space, const struct variant *v)
{
	int p = 0;

	for (const char *line = space->source; *line != '\0'; line = next_line(line)) {
		struct variant_param param;
		char value[32];

		if (parse_line(&param, value, line)) {
			buf_printf(out, "#define %s %s\n", param.name, param.choices[v->choice[p]]);
			p++;
		} else {
			buf_add(out, line, next_line(line) - line);
		}
	}
}

void variant_describe(struct buf *out, const struct variant_space *space, const struct variant *v)
{
	for (int p = 0; p < space->count; p++)
		buf_printf(out, "%s%s=%s", p ? " " : "", space->params[p].name, space->params[p].choices[v->choice[p]]);
}
