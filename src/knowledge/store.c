#include "avo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "knowledge/store.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define SCHEMA_VERSION 1

/* Words keep their underscores: setmaxnreg_inc and cp_async are names. */
static const char schema[] =
	"CREATE TABLE document(id INTEGER PRIMARY KEY, source TEXT NOT NULL, path TEXT UNIQUE NOT NULL, title TEXT NOT NULL,"
	" size INTEGER NOT NULL, mtime INTEGER NOT NULL, kind INTEGER NOT NULL, seen INTEGER NOT NULL);"
	"CREATE TABLE section(id INTEGER PRIMARY KEY, document INTEGER NOT NULL, line INTEGER NOT NULL);"
	"CREATE INDEX section_document ON section(document);"
	"CREATE VIRTUAL TABLE text USING fts5(title, heading, symbols, body, tokenize=\"unicode61 tokenchars '_'\");"
	"PRAGMA user_version=1;";

enum avo_status store_failed(struct error *err, struct knowledge *k, const char *what)
{
	int code = sqlite3_errcode(k->db);

	return error_set(err, code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? AVO_CORRUPT : AVO_ENVIRONMENT,
			 "%s: %s", what, sqlite3_errmsg(k->db));
}

enum avo_status store_exec(struct knowledge *k, const char *sql, struct error *err)
{
	return sqlite3_exec(k->db, sql, NULL, NULL, NULL) == SQLITE_OK ? AVO_OK : store_failed(err, k, "knowledge base");
}

sqlite3_stmt *store_prepare(struct knowledge *k, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(k->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		log_error("knowledge base: %s in: %s", sqlite3_errmsg(k->db), sql);
	return stmt;
}

static int64_t one_number(struct knowledge *k, const char *sql)
{
	sqlite3_stmt *s = store_prepare(k, sql);
	int64_t n = s && sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;

	sqlite3_finalize(s);
	return n;
}

static enum avo_status open_db(struct knowledge *k, struct error *err)
{
	enum avo_status st;
	int64_t version;

	if (sqlite3_open(k->db_path, &k->db) != SQLITE_OK)
		return store_failed(err, k, k->db_path);
	sqlite3_busy_timeout(k->db, 10000);
	/* no shared memory beside the file: a write-ahead log does not work on NFS */
	st = store_exec(k, "PRAGMA journal_mode=DELETE; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000;", err);
	if (st != AVO_OK)
		return st;
	version = one_number(k, "PRAGMA user_version");
	if (version != SCHEMA_VERSION && version != 0)
		return error_set(err, AVO_CORRUPT, "%s was made by another version of avo", k->db_path);
	if (version == 0 && (st = store_exec(k, schema, err)) != AVO_OK)
		return st;
	return store_exec(k, "CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, text, row)", err);
}

static bool is_own(const char *source)
{
	return strcmp(source, "avo") == 0;
}

static enum avo_status rebuild_sources(struct knowledge *k, struct error *err)
{
	struct knowledge_report report = { 0 };
	struct buf list = BUF_INIT;
	const char *at, *line;
	size_t len;

	if (!path_exists(k->sources_path))
		return AVO_OK;
	if (path_read(&list, k->sources_path, 1 << 20, err) != AVO_OK) {
		buf_release(&list);
		return AVO_ENVIRONMENT;
	}
	at = buf_cstr(&list);
	while (str_next_line(&at, list.data + list.len, &line, &len)) {
		char *source = xstrndup(line, len);
		struct error why = { 0 };

		/* one that is gone must not take the others with it */
		if (*source && import_source(&report, k, source, &why) != AVO_OK)
			log_warn("knowledge source %s is left out: %s", source, why.text);
		free(source);
	}
	buf_release(&list);
	return AVO_OK;
}

enum avo_status knowledge_open(struct knowledge **out, const char *avo_dir, struct error *err)
{
	struct knowledge *k = xcalloc(1, sizeof(*k));
	struct knowledge_report report = { 0 };
	struct error first = { 0 };
	enum avo_status st;

	*out = NULL;
	k->avo_dir = xstrdup(avo_dir);
	k->db_path = path_join(avo_dir, "knowledge.db");
	k->sources_path = path_join(avo_dir, "knowledge.sources");
	st = open_db(k, &first);
	if (st == AVO_CORRUPT) {
		/* it is a cache: what cannot be read is made again */
		sqlite3_close(k->db);
		k->db = NULL;
		unlink(k->db_path);
		st = open_db(k, err);
	} else if (st != AVO_OK && err) {
		*err = first;
	}
	if (st == AVO_OK && one_number(k, "SELECT count(*) FROM document WHERE source<>'avo'") == 0)
		st = rebuild_sources(k, err);
	if (st == AVO_OK)
		st = import_own(&report, k, err);
	if (st != AVO_OK) {
		knowledge_close(k);
		return st;
	}
	*out = k;
	return AVO_OK;
}

void knowledge_close(struct knowledge *k)
{
	if (!k)
		return;
	sqlite3_close(k->db);
	free(k->avo_dir);
	free(k->db_path);
	free(k->sources_path);
	free(k);
}

static void bind_text(sqlite3_stmt *s, int at, const char *text)
{
	sqlite3_bind_text(s, at, text, -1, SQLITE_TRANSIENT);
}

bool store_has(struct knowledge *k, const char *path, int64_t size, int64_t mtime)
{
	sqlite3_stmt *s = store_prepare(k, "UPDATE document SET seen=1 WHERE path=?1 AND size=?2 AND mtime=?3");
	bool has;

	bind_text(s, 1, path);
	sqlite3_bind_int64(s, 2, size);
	sqlite3_bind_int64(s, 3, mtime);
	has = sqlite3_step(s) == SQLITE_DONE && sqlite3_changes(k->db) == 1;
	sqlite3_finalize(s);
	return has;
}

static void run_with(struct knowledge *k, const char *sql, const char *text)
{
	sqlite3_stmt *s = store_prepare(k, sql);

	bind_text(s, 1, text);
	sqlite3_step(s);
	sqlite3_finalize(s);
}

static void remove_document(struct knowledge *k, const char *path)
{
	run_with(k, "DELETE FROM text WHERE rowid IN (SELECT s.id FROM section s JOIN document d ON s.document=d.id WHERE d.path=?1)", path);
	run_with(k, "DELETE FROM section WHERE document IN (SELECT id FROM document WHERE path=?1)", path);
	run_with(k, "DELETE FROM document WHERE path=?1", path);
}

struct put {
	struct knowledge *k;
	int64_t document;
	const char *title;
	sqlite3_stmt *section, *text;
	int *sections;
	bool failed;
};

static void put_section(void *arg, const struct section *sec)
{
	struct put *p = arg;

	sqlite3_reset(p->section);
	sqlite3_bind_int64(p->section, 1, p->document);
	sqlite3_bind_int(p->section, 2, sec->line);
	if (sqlite3_step(p->section) != SQLITE_DONE)
		p->failed = true;
	sqlite3_reset(p->text);
	sqlite3_bind_int64(p->text, 1, sqlite3_last_insert_rowid(p->k->db));
	bind_text(p->text, 2, p->title);
	bind_text(p->text, 3, sec->heading);
	bind_text(p->text, 4, sec->symbols);
	sqlite3_bind_text(p->text, 5, sec->body, (int)sec->len, SQLITE_TRANSIENT);
	if (sqlite3_step(p->text) != SQLITE_DONE)
		p->failed = true;
	++*p->sections;
}

static void count_title(void *arg, const struct section *sec)
{
}

enum avo_status store_put(int *sections, struct knowledge *k, const struct document *d, struct error *err)
{
	sqlite3_stmt *s = store_prepare(k, "INSERT INTO document(source,path,title,size,mtime,kind,seen) VALUES(?1,?2,?3,?4,?5,?6,1)");
	struct put p = { .k = k, .sections = sections };
	struct buf title = BUF_INIT;
	enum avo_status st = AVO_OK;

	remove_document(k, d->path);
	split_document(d->kind, d->text, d->len, &title, count_title, NULL);
	if (!title.len)
		buf_addstr(&title, d->title);
	bind_text(s, 1, d->source);
	bind_text(s, 2, d->path);
	bind_text(s, 3, buf_cstr(&title));
	sqlite3_bind_int64(s, 4, d->size);
	sqlite3_bind_int64(s, 5, d->mtime);
	sqlite3_bind_int(s, 6, (int)d->kind);
	p.failed = sqlite3_step(s) != SQLITE_DONE;
	sqlite3_finalize(s);
	p.document = sqlite3_last_insert_rowid(k->db);
	p.title = buf_cstr(&title);
	p.section = store_prepare(k, "INSERT INTO section(document,line) VALUES(?1,?2)");
	p.text = store_prepare(k, "INSERT INTO text(rowid,title,heading,symbols,body) VALUES(?1,?2,?3,?4,?5)");
	if (!p.failed) {
		struct buf again = BUF_INIT;

		split_document(d->kind, d->text, d->len, &again, put_section, &p);
		buf_release(&again);
	}
	if (p.failed)
		st = store_failed(err, k, d->path);
	sqlite3_finalize(p.section);
	sqlite3_finalize(p.text);
	buf_release(&title);
	return st;
}

void store_begin(struct knowledge *k, const char *source)
{
	run_with(k, "UPDATE document SET seen=0 WHERE source=?1", source);
}

enum avo_status store_sweep(int *removed, struct knowledge *k, const char *source, struct error *err)
{
	run_with(k, "DELETE FROM text WHERE rowid IN (SELECT s.id FROM section s JOIN document d ON s.document=d.id WHERE d.source=?1 AND d.seen=0)", source);
	run_with(k, "DELETE FROM section WHERE document IN (SELECT id FROM document WHERE source=?1 AND seen=0)", source);
	run_with(k, "DELETE FROM document WHERE source=?1 AND seen=0", source);
	*removed += sqlite3_changes(k->db);
	return sqlite3_errcode(k->db) == SQLITE_DONE || sqlite3_errcode(k->db) == SQLITE_OK ? AVO_OK : store_failed(err, k, source);
}

static enum avo_status remember_source(struct knowledge *k, const char *source, struct error *err)
{
	struct buf list = BUF_INIT, line = BUF_INIT, hay = BUF_INIT;
	enum avo_status st = AVO_OK;

	if (path_exists(k->sources_path))
		st = path_read(&list, k->sources_path, 1 << 20, err);
	buf_printf(&line, "\n%s\n", source);
	buf_printf(&hay, "\n%s", buf_cstr(&list));
	if (st == AVO_OK && !is_own(source) && !strstr(hay.data, line.data)) {
		buf_printf(&list, "%s\n", source);
		st = path_write_atomic(k->sources_path, list.data, list.len, 0600, err);
	}
	buf_release(&list);
	buf_release(&line);
	buf_release(&hay);
	return st;
}

enum avo_status knowledge_add(struct knowledge_report *report, struct knowledge *k, const char *source, struct error *err)
{
	char *absolute = path_exists(source) ? realpath(source, NULL) : NULL;
	const char *name = absolute ? absolute : source;
	enum avo_status st;

	memset(report, 0, sizeof(*report));
	if (strchr(name, '\n')) {
		free(absolute);
		return error_set(err, AVO_USAGE, "the name of a source cannot hold a newline");
	}
	st = import_source(report, k, name, err);
	if (st == AVO_OK)
		st = remember_source(k, name, err);
	free(absolute);
	return st;
}

enum avo_status knowledge_list(struct knowledge *k, knowledge_list_fn *fn, void *arg, struct error *err)
{
	sqlite3_stmt *s = store_prepare(k, "SELECT d.source, d.path, d.title, count(s.id) FROM document d LEFT JOIN section s"
					" ON s.document=d.id GROUP BY d.id ORDER BY d.source, d.path");
	int rc;

	if (!s)
		return store_failed(err, k, "knowledge base");
	while ((rc = sqlite3_step(s)) == SQLITE_ROW)
		fn(arg, (const char *)sqlite3_column_text(s, 0), (const char *)sqlite3_column_text(s, 1),
		   (const char *)sqlite3_column_text(s, 2), sqlite3_column_int(s, 3));
	sqlite3_finalize(s);
	return rc == SQLITE_DONE ? AVO_OK : store_failed(err, k, "knowledge base");
}
