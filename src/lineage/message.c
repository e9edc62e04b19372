/* What a version says of itself: the message with its trailers, and the note with the full score. */
#include "avo.h"
#include "base/mem.h"
#include "base/str.h"
#include "lineage/internal.h"

static void add_clean(struct buf *out, const char *text, bool one_line)
{
	struct buf b = BUF_INIT;
	char *p;

	str_sanitize(&b, text, strlen(text));
	for (p = b.data; one_line && p && *p; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	if (b.data)
		buf_addstr(out, str_trim(b.data));
	buf_release(&b);
}

void lineage_format_message(struct buf *out, const struct promotion *p)
{
	add_clean(out, p->title && *p->title ? p->title : "A version without a title", true);
	if (p->body && *p->body) {
		buf_addstr(out, "\n\n");
		add_clean(out, p->body, false);
	}
	buf_printf(out, "\n\nAvo-Version: v%d\n", p->version);
	if (p->attempt >= 0)
		buf_printf(out, "Avo-Attempt: a%d\n", p->attempt);
	if (p->score && p->score->count) {
		buf_printf(out, "Avo-Geomean: %.6g\n", p->score->geomean);
		buf_printf(out, "Avo-Unit: %s\n", p->score->unit);
	}
	if (p->suite)
		buf_printf(out, "Avo-Suite: %s\n", p->suite);
	if (p->backend)
		buf_printf(out, "Avo-Backend: %s\n", p->backend);
}

static int trailer_id(const char *value, size_t len, char letter)
{
	char text[16];
	long id;

	if (len >= sizeof(text))
		return -1;
	memcpy(text, value, len);
	text[len] = '\0';
	id = str_to_id(text, letter);
	return id < 0 || id > INT32_MAX ? -1 : (int)id;
}

static void read_trailer(const char *line, size_t len, int *version, int *attempt)
{
	static const char v[] = "Avo-Version: ", a[] = "Avo-Attempt: ";

	if (len > sizeof(v) - 1 && memcmp(line, v, sizeof(v) - 1) == 0)
		*version = trailer_id(line + sizeof(v) - 1, len - (sizeof(v) - 1), 'v');
	else if (len > sizeof(a) - 1 && memcmp(line, a, sizeof(a) - 1) == 0)
		*attempt = trailer_id(line + sizeof(a) - 1, len - (sizeof(a) - 1), 'a');
}

/* Only the last paragraph counts: what a model wrote above it is prose. */
void lineage_read_trailers(const git_commit *commit, int *version, int *attempt)
{
	const char *cursor = git_commit_message(commit), *end = cursor + strlen(cursor), *line;
	size_t len;

	*version = *attempt = -1;
	while (str_next_line(&cursor, end, &line, &len)) {
		if (len == 0)
			*version = *attempt = -1;
		else
			read_trailer(line, len, version, attempt);
	}
}

static void note_headline(struct buf *out, const struct promotion *p)
{
	const struct comparison *c = p->comparison;

	buf_printf(out, "v%d", p->version);
	if (p->score && p->score->count)
		buf_printf(out, "  geomean %.6g %s", p->score->geomean, p->score->unit);
	if (c && c->decision != DECISION_NONE)
		buf_printf(out, "  %s, ratio %.4f [%.4f, %.4f] at %g %%, %d pairs", decision_name(c->decision), c->ratio, c->lo, c->hi,
			   c->confidence * 100, c->pairs);
	buf_addstr(out, "\n\n");
}

static void note_table(struct buf *out, const struct score *score)
{
	int i, width = 4;

	for (i = 0; i < score->count; i++)
		if ((int)strlen(score->cases[i].name) > width)
			width = (int)strlen(score->cases[i].name);
	buf_printf(out, "%-*s  %10s  %8s  %4s\n", width, "case", score->unit, "std", "n");
	for (i = 0; i < score->count; i++) {
		const struct case_score *c = &score->cases[i];

		buf_printf(out, "%-*s  %10.6g  %8.3g  %4d\n", width, c->name, c->value, c->std, c->n);
	}
	buf_addch(out, '\n');
}

static void note_machine_part(struct buf *out, const struct promotion *p)
{
	cJSON *obj;

	if (p->note_json) {
		buf_addstr(out, p->note_json);
		return;
	}
	obj = cJSON_CreateObject();
	if (p->score)
		score_to_json(obj, p->score);
	if (p->comparison)
		comparison_to_json(obj, p->comparison);
	json_print(out, obj);
	cJSON_Delete(obj);
}

void lineage_format_note(struct buf *out, const struct promotion *p)
{
	note_headline(out, p);
	if (p->score && p->score->count)
		note_table(out, p->score);
	note_machine_part(out, p);
	buf_addch(out, '\n');
}
