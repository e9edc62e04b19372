/*
 * Suite files: "[suite]" and "[case NAME]" sections of `key = value` pairs in
 * git-config style. Pairs may share a line (a value has no spaces), `#` and `;`
 * start a comment.
 */
#include "avo.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "task/task.h"

#include <ctype.h>


enum section { SECTION_NONE, SECTION_SUITE, SECTION_CASE };

struct parser {
	struct suite *suite;
	struct task_case *c;		/* of the current [case] section */
	enum section section;
	const char *name;		/* of the file, for messages */
	int line;
	const char *at, *end;		/* what is left of the line */
};

struct number_key {
	const char *key;
	size_t offset;
	long max;
};

static const struct number_key number_keys[] = {
	{ "batch", offsetof(struct task_case, batch), 4096 },
	{ "q_len", offsetof(struct task_case, q_len), 1 << 20 },
	{ "kv_len", offsetof(struct task_case, kv_len), 1 << 20 },
	{ "q_heads", offsetof(struct task_case, q_heads), 1024 },
	{ "kv_heads", offsetof(struct task_case, kv_heads), 1024 },
	{ "head_dim", offsetof(struct task_case, head_dim), 256 },
};

static enum avo_status complain(const struct parser *p, struct error *err, const char *what, const char *word)
{
	return error_set(err, AVO_CORRUPT, "suite %s, line %d: %s%s%s", p->name, p->line, what, *word ? ": " : "", word);
}

static void skip_blanks(struct parser *p)
{
	while (p->at < p->end && isspace((unsigned char)*p->at))
		p->at++;
	if (p->at < p->end && (*p->at == '#' || *p->at == ';'))
		p->at = p->end;
}

/* The next run of word characters into out, cut at its size. Empty when there is none. */
static void take_word(struct parser *p, char *out, size_t size)
{
	size_t n = 0;

	skip_blanks(p);
	for (; p->at < p->end && (isalnum((unsigned char)*p->at) || strchr("_-.", *p->at)); p->at++)
		if (n + 1 < size)
			out[n++] = *p->at;
	out[n] = '\0';
}

static bool take_char(struct parser *p, char c)
{
	skip_blanks(p);
	if (p->at == p->end || *p->at != c)
		return false;
	p->at++;
	return true;
}

static enum avo_status open_case(struct parser *p, const char *name, struct error *err)
{
	struct suite *s = p->suite;
	int i;

	if (!*name)
		return complain(p, err, "a case needs a name", "[case \"full-4k\"]");
	if (strlen(name) >= SCORE_NAME_SIZE)
		return complain(p, err, "the name of a case is too long", name);
	for (i = 0; i < s->count; i++)
		if (strcmp(s->cases[i].name, name) == 0)
			return complain(p, err, "there is a case of this name already", name);
	if (s->count == SCORE_MAX_CASES)
		return complain(p, err, "too many cases", name);
	p->c = &s->cases[s->count++];
	*p->c = (struct task_case){ .batch = 1 };
	memcpy(p->c->name, name, strlen(name) + 1);
	p->section = SECTION_CASE;
	return AVO_OK;
}

static enum avo_status open_section(struct parser *p, struct error *err)
{
	char kind[16], name[SCORE_NAME_SIZE + 1] = "";
	enum avo_status st = AVO_OK;

	take_word(p, kind, sizeof(kind));
	if (take_char(p, '"')) {
		take_word(p, name, sizeof(name));
		if (!take_char(p, '"'))
			return complain(p, err, "the name of a case is letters, digits, '-', '_' and '.' in quotes", name);
	}
	if (strlen(name) >= SCORE_NAME_SIZE)
		return complain(p, err, "this name is too long", name);
	if (strcmp(kind, "case") == 0)
		st = open_case(p, name, err);
	else if (strcmp(kind, "suite") == 0)
		p->section = SECTION_SUITE;
	else
		return complain(p, err, "unknown section", kind);
	if (st == AVO_OK && !take_char(p, ']'))
		return complain(p, err, "the section lacks its ']'", "");
	return st;
}

static enum avo_status set_suite(struct parser *p, const char *key, const char *value, struct error *err)
{
	if (strcmp(key, "backend") == 0)
		snprintf(p->suite->backend, sizeof(p->suite->backend), "%.15s", value);
	else if (strcmp(key, "unit") == 0 && (strcmp(value, "GFLOPS") == 0 || strcmp(value, "TFLOPS") == 0))
		snprintf(p->suite->unit, sizeof(p->suite->unit), "%.15s", value);
	else
		return complain(p, err, "unknown setting or value of the suite (backend, unit)", key);
	return AVO_OK;
}

static enum avo_status set_number(struct parser *p, const char *key, const char *value, struct error *err)
{
	size_t i;
	long n;

	for (i = 0; i < ARRAY_LEN(number_keys); i++) {
		const struct number_key *k = &number_keys[i];

		if (strcmp(key, k->key) != 0)
			continue;
		if (!str_to_long(&n, value, 1, k->max))
			return complain(p, err, "not a number in the range of this key", key);
		*(int *)((char *)p->c + k->offset) = (int)n;
		return AVO_OK;
	}
	return complain(p, err, "unknown key of a case", key);
}

static enum avo_status set_case(struct parser *p, const char *key, const char *value, struct error *err)
{
	if (strcmp(key, "length") == 0) {
		enum avo_status st = set_number(p, "q_len", value, err);

		p->c->kv_len = p->c->q_len;
		return st;
	}
	if (strcmp(key, "causal") == 0) {
		if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
			return complain(p, err, "causal is true or false, not", value);
		p->c->causal = *value == 't';
		return AVO_OK;
	}
	if (strcmp(key, "dtype") == 0) {
		if (strcmp(value, "f32") != 0 && strcmp(value, "bf16") != 0)
			return complain(p, err, "dtype is f32 or bf16, not", value);
		p->c->dtype = *value == 'b' ? DTYPE_BF16 : DTYPE_F32;
		return AVO_OK;
	}
	return set_number(p, key, value, err);
}

static enum avo_status parse_pair(struct parser *p, struct error *err)
{
	char key[24], value[32];

	take_word(p, key, sizeof(key));
	if (!*key || !take_char(p, '='))
		return complain(p, err, "expected key = value", key);
	take_word(p, value, sizeof(value));
	if (!*value)
		return complain(p, err, "this key has no value", key);
	if (p->section == SECTION_SUITE)
		return set_suite(p, key, value, err);
	if (p->section == SECTION_CASE)
		return set_case(p, key, value, err);
	return complain(p, err, "a setting before the first section", key);
}

static enum avo_status parse_line(struct parser *p, struct error *err)
{
	enum avo_status st = AVO_OK;

	if (take_char(p, '['))
		st = open_section(p, err);
	skip_blanks(p);
	while (st == AVO_OK && p->at < p->end) {
		st = parse_pair(p, err);
		skip_blanks(p);
	}
	return st;
}

static const char *case_fault(const struct task_case *c)
{
	if (!c->q_len || !c->kv_len || !c->q_heads || !c->kv_heads || !c->head_dim)
		return "needs length (or q_len and kv_len), q_heads, kv_heads and head_dim";
	if (c->q_heads % c->kv_heads)
		return "has a q_heads that kv_heads does not divide";
	if (c->head_dim % 16)
		return "has a head_dim that is not a multiple of 16";
	if (c->causal && c->kv_len < c->q_len)
		return "is causal with fewer keys than queries: the first rows would see no key";
	if ((double)case_q_elements(c) > 1e9 || (double)case_kv_elements(c) > 1e9)
		return "is larger than 10^9 elements a tensor";
	return NULL;
}

static enum avo_status validate(const struct suite *s, struct error *err)
{
	int i;

	if (!*s->backend || !*s->unit)
		return error_set(err, AVO_CORRUPT, "suite %s: [suite] must set backend and unit", s->name);
	if (!s->count)
		return error_set(err, AVO_CORRUPT, "suite %s has no cases", s->name);
	for (i = 0; i < s->count; i++) {
		const char *fault = case_fault(&s->cases[i]);

		if (fault)
			return error_set(err, AVO_CORRUPT, "suite %s: case %s %s", s->name, s->cases[i].name, fault);
	}
	return AVO_OK;
}

enum avo_status suite_parse(struct suite *out, const char *name, const char *text, size_t len, struct error *err)
{
	struct parser p = { .suite = out, .name = name };
	const char *cursor = text, *line;
	enum avo_status st = AVO_OK;
	size_t n;

	memset(out, 0, sizeof(*out));
	snprintf(out->name, sizeof(out->name), "%s", name);
	while (st == AVO_OK && str_next_line(&cursor, text + len, &line, &n)) {
		p.line++;
		p.at = line;
		p.end = line + n;
		st = parse_line(&p, err);
	}
	return st == AVO_OK ? validate(out, err) : st;
}

/* "kernels/suites/cpu.suite" is the suite "cpu". */
static void name_of_path(char *out, size_t size, const char *path)
{
	size_t len;

	snprintf(out, size, "%s", path_basename(path));
	len = strlen(out);
	if (str_ends(out, ".suite"))
		out[len - strlen(".suite")] = '\0';
}

static bool is_path(const char *name)
{
	return strchr(name, '/') || str_ends(name, ".suite");
}

char *suite_find(const char *name)
{
	char *relative, *path;

	if (is_path(name))
		return xstrdup(name);
	relative = xasprintf("kernels/suites/%s.suite", name);
	path = path_data(relative);
	free(relative);
	return path;
}

enum avo_status suite_load(struct suite *out, const char *name, struct error *err)
{
	char short_name[sizeof(out->name)], *path;
	struct buf text = BUF_INIT;
	enum avo_status st;

	if (!is_path(name) && path_data_check(err) != AVO_OK)
		return AVO_ENVIRONMENT;
	path = suite_find(name);
	name_of_path(short_name, sizeof(short_name), path);
	if (!is_path(name) && !path_exists(path))
		st = error_set(err, AVO_USAGE, "there is no suite \"%s\" (looked for %s); name a file to use one of your own", name, path);
	else
		st = path_read(&text, path, SUITE_MAX_BYTES, err);
	if (st == AVO_OK)
		st = suite_parse(out, short_name, buf_cstr(&text), text.len, err);
	buf_release(&text);
	free(path);
	return st;
}

char *suite_copy_path(const char *run_dir, const char *name)
{
	const char *base = path_basename(name);

	return xasprintf("%s/.avo/suite/%s%s", run_dir, base, str_ends(base, ".suite") ? "" : ".suite");
}

enum avo_status suite_copy(const char *run_dir, const char *name, const char *text, struct error *err)
{
	char *dir = path_join(run_dir, ".avo/suite"), *path = suite_copy_path(run_dir, name);
	enum avo_status st = path_mkdirs(dir, 0700, err);

	if (st == AVO_OK)
		st = path_write_atomic(path, text, strlen(text), 0600, err);
	free(path);
	free(dir);
	return st;
}

char *suite_of_run(const char *run_dir, const char *name)
{
	char *path = suite_copy_path(run_dir, name);

	if (path_exists(path))
		return path;
	free(path);
	return xstrdup(name);
}
