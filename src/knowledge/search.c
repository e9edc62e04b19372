#include "avo.h"
#include "base/mem.h"
#include "base/str.h"
#include "knowledge/store.h"

#include <ctype.h>
#include <strings.h>

#define MAX_TERMS 24
#define FREQUENT 3000		/* sections */

/* Words so common that ranking them costs time and tells nothing. */
static bool is_common(const char *word, size_t len)
{
	static const char *const common[] = { "a", "about", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "how", "i",
		"in", "is", "it", "of", "on", "or", "that", "the", "this", "to", "use", "using", "what", "when", "where", "which", "why", "with" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(common); i++)
		if (strlen(common[i]) == len && strncasecmp(word, common[i], len) == 0)
			return true;
	return false;
}

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

struct term {
	const char *text;
	size_t len;
	int64_t sections;	/* that have it; 0 when not counted */
};

/* "cp.async.bulk" stays together: a phrase of three words. */
static int find_terms(struct term terms[MAX_TERMS], const char *query)
{
	int n = 0;

	while (*query && n < MAX_TERMS) {
		const char *start = query;

		if (!in_word(*query)) {
			query++;
			continue;
		}
		while (in_word(*query) || (*query && strchr(".:-", *query) && in_word(query[1])))
			query++;
		if (!is_common(start, (size_t)(query - start)))
			terms[n++] = (struct term){ start, (size_t)(query - start), 0 };
	}
	return n;
}

static void count_sections(struct knowledge *k, struct term *terms, int n)
{
	sqlite3_stmt *s = store_prepare(k, "SELECT doc FROM temp.vocabulary WHERE term=lower(?1)");
	int i;

	for (i = 0; s && i < n; i++) {
		sqlite3_reset(s);
		sqlite3_bind_text(s, 1, terms[i].text, (int)terms[i].len, SQLITE_TRANSIENT);
		if (sqlite3_step(s) == SQLITE_ROW)
			terms[i].sections = sqlite3_column_int64(s, 0);
	}
	sqlite3_finalize(s);
}

/*
 * Ranking costs time for every section that matches, and a word that is
 * everywhere tells nothing: beyond a few thousand sections a word is left out when a rarer one is there.
 */
static int drop_frequent(struct term *terms, int n)
{
	int64_t rarest = INT64_MAX;
	int i, kept = 0;

	for (i = 0; i < n; i++)
		if (terms[i].sections < rarest)
			rarest = terms[i].sections;
	for (i = 0; i < n; i++)
		if (terms[i].sections <= FREQUENT || terms[i].sections == rarest)
			terms[kept++] = terms[i];
	return kept;
}

/* Every term quoted, so that nothing in it is taken for FTS5's syntax. */
static void make_match(struct buf *out, const struct term *terms, int n, const char *glue)
{
	int i;

	for (i = 0; i < n; i++)
		buf_printf(out, "%s\"%.*s\"", i ? glue : "", (int)terms[i].len, terms[i].text);
}

static char *column(sqlite3_stmt *s, int at)
{
	const char *text = (const char *)sqlite3_column_text(s, at);
	struct buf clean = BUF_INIT;

	str_sanitize(&clean, text ? text : "", text ? strlen(text) : 0);
	return clean.data ? buf_detach(&clean) : xstrdup("");
}

static char *place_of(const char *path, int line, enum text_kind kind)
{
	return kind == TEXT_PAGES ? xasprintf("%s, page %d", path, line) : xasprintf("%s:%d", path, line);
}

static void flatten(char *s)
{
	char *out = s, last = ' ';

	for (; *s; s++) {
		char c = isspace((unsigned char)*s) ? ' ' : *s;

		if (c != ' ' || last != ' ')
			*out++ = c;
		last = c;
	}
	*out = '\0';
}

static bool have_section(const struct knowledge_hit *hits, size_t count, int64_t section)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (hits[i].section == section)
			return true;
	return false;
}

/* The words of one hit; made only for the sections that win. */
static void describe(struct knowledge_hit *h, struct knowledge *k, const char *match)
{
	sqlite3_stmt *s = store_prepare(k, "SELECT d.title, t.heading, d.path, s.line, d.kind, snippet(text, 3, '', '', ' ... ', 40)"
		" FROM text t JOIN section s ON s.id=t.rowid JOIN document d ON d.id=s.document WHERE text MATCH ?1 AND t.rowid=?2");

	sqlite3_bind_text(s, 1, match, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(s, 2, h->section);
	if (sqlite3_step(s) == SQLITE_ROW) {
		h->title = column(s, 0);
		h->heading = column(s, 1);
		h->place = place_of((const char *)sqlite3_column_text(s, 2), sqlite3_column_int(s, 3),
				    (enum text_kind)sqlite3_column_int(s, 4));
		h->snippet = column(s, 5);
		flatten(h->snippet);
	}
	sqlite3_finalize(s);
}

/* Columns weigh: title 3, heading 6, symbols 8, text 1. */
static enum avo_status collect(struct knowledge_hit *hits, size_t *count, struct knowledge *k, const char *match, size_t limit,
			       struct error *err)
{
	sqlite3_stmt *best = store_prepare(k, "SELECT rowid, rank FROM text WHERE text MATCH ?1"
					   " AND rank MATCH 'bm25(3.0, 6.0, 8.0, 1.0)' ORDER BY rank LIMIT ?2");
	size_t first = *count;
	int rc;

	if (!best)
		return store_failed(err, k, "search");
	sqlite3_bind_text(best, 1, match, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(best, 2, (int64_t)limit);
	while ((rc = sqlite3_step(best)) == SQLITE_ROW && *count < limit) {
		int64_t section = sqlite3_column_int64(best, 0);

		if (have_section(hits, *count, section))
			continue;
		hits[*count].section = section;
		hits[(*count)++].rank = -sqlite3_column_double(best, 1);
	}
	if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
		enum avo_status st = store_failed(err, k, "search");

		sqlite3_finalize(best);
		return st;
	}
	sqlite3_finalize(best);
	for (; first < *count; first++)
		describe(&hits[first], k, match);
	return AVO_OK;
}

enum avo_status knowledge_search(struct knowledge_hit **out, size_t *count, struct knowledge *k, const char *query,
				 size_t limit, struct error *err)
{
	struct buf all = BUF_INIT, any = BUF_INIT;
	struct term terms[MAX_TERMS];
	enum avo_status st = AVO_OK;
	int n = find_terms(terms, query);

	count_sections(k, terms, n);
	n = drop_frequent(terms, n);
	make_match(&all, terms, n, " ");
	make_match(&any, terms, n, " OR ");
	*out = xcalloc(limit ? limit : 1, sizeof(**out));
	*count = 0;
	if (n == 0)
		st = error_set(err, AVO_USAGE, "the query has no words to search for; name instructions, symbols or topics");
	else
		st = collect(*out, count, k, all.data, limit, err);
	/* all words first; where too few sections have them all, those that have some */
	if (st == AVO_OK && *count < limit && n > 1)
		st = collect(*out, count, k, any.data, limit, err);
	if (st != AVO_OK) {
		knowledge_hits_free(*out, *count);
		*out = NULL;
		*count = 0;
	}
	buf_release(&all);
	buf_release(&any);
	return st;
}

void knowledge_hits_free(struct knowledge_hit *hits, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		free(hits[i].title);
		free(hits[i].heading);
		free(hits[i].place);
		free(hits[i].snippet);
	}
	free(hits);
}

enum avo_status knowledge_read(struct buf *out, struct knowledge *k, int64_t section, struct error *err)
{
	sqlite3_stmt *s = store_prepare(k, "SELECT d.title, t.heading, d.path, s.line, d.kind, t.body,"
		" (SELECT max(id) FROM section p WHERE p.document=d.id AND p.id<s.id),"
		" (SELECT min(id) FROM section n WHERE n.document=d.id AND n.id>s.id)"
		" FROM section s JOIN document d ON d.id=s.document JOIN text t ON t.rowid=s.id WHERE s.id=?1");
	enum avo_status st = AVO_OK;

	if (!s)
		return store_failed(err, k, "knowledge base");
	sqlite3_bind_int64(s, 1, section);
	if (sqlite3_step(s) == SQLITE_ROW) {
		char *place = place_of((const char *)sqlite3_column_text(s, 2), sqlite3_column_int(s, 3),
				       (enum text_kind)sqlite3_column_int(s, 4));
		char *title = column(s, 0), *heading = column(s, 1), *body = column(s, 5);

		buf_printf(out, "%s > %s\n[%s]\n\n%s", title, heading, place, body);
		if (sqlite3_column_int64(s, 6))
			buf_printf(out, "\n(before this: section %lld)", (long long)sqlite3_column_int64(s, 6));
		if (sqlite3_column_int64(s, 7))
			buf_printf(out, "\n(goes on in section %lld)", (long long)sqlite3_column_int64(s, 7));
		free(place);
		free(title);
		free(heading);
		free(body);
	} else {
		st = error_set(err, AVO_NEGATIVE, "there is no section %lld; search_knowledge gives the numbers", (long long)section);
	}
	sqlite3_finalize(s);
	return st;
}
