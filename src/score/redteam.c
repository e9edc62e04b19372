#include "avo.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "score/redteam.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>

#define FILE_MAX ((size_t)1 << 20)
#define UNBELIEVABLE 0.001
#define MARK "// redteam:"

/* The value of key=VALUE in a line, up to the next space. */
static void take(char *out, size_t size, const char *line, size_t len, const char *key)
{
	const char *at = memmem(line, len, key, strlen(key)), *end = line + len;
	size_t n = 0;

	out[0] = '\0';
	if (!at)
		return;
	at += strlen(key);
	while (at + n < end && at[n] != ' ' && n + 1 < size)
		n++;
	memcpy(out, at, n);
	out[n] = '\0';
}

static enum avo_status parse_mark(struct redteam_case *c, const char *line, size_t len, struct error *err)
{
	char power[16], *end;

	take(c->verdict, sizeof(c->verdict), line, len, " verdict=");
	take(c->rule, sizeof(c->rule), line, len, " rule=");
	take(c->check, sizeof(c->check), line, len, " check=");
	take(power, sizeof(power), line, len, " power=");
	c->power = power[0] ? strtod(power, &end) : 1;
	if (power[0] && (*end || !(c->power > 0 && c->power <= 1)))
		return error_set(err, AVO_CORRUPT, "%s: power=%s is no probability", c->path, power);
	if (!c->check[0] && strcmp(c->verdict, "passed") != 0)
		return error_set(err, AVO_CORRUPT, "%s: the first line does not say which check must find it (check=...)", c->path);
	return AVO_OK;
}

static enum avo_status read_head(struct redteam_case *c, struct error *err)
{
	struct buf text = BUF_INIT;
	enum avo_status st = path_read(&text, c->path, FILE_MAX, err);
	const char *cursor = buf_cstr(&text), *line;
	size_t len;

	if (st != AVO_OK)
		goto out;
	if (!str_next_line(&cursor, cursor + text.len, &line, &len) || len < sizeof(MARK) || memcmp(line, MARK, sizeof(MARK) - 1) != 0)
		st = error_set(err, AVO_CORRUPT, "%s: the first line must be \"%s verdict=...\"", c->path, MARK);
	else
		st = parse_mark(c, line, len, err);
	if (st == AVO_OK && str_next_line(&cursor, text.data + text.len, &line, &len) && len > 3 && memcmp(line, "// ", 3) == 0)
		snprintf(c->about, sizeof(c->about), "%.*s", (int)(len - 3), line + 3);
out:
	buf_release(&text);
	return st;
}

static int is_candidate(const struct dirent *e)
{
	return e->d_name[0] != '.' && (str_ends(e->d_name, ".c") || str_ends(e->d_name, ".cu"));
}

static enum avo_status add(struct redteam *r, const char *dir, const char *name, struct error *err)
{
	struct redteam_case *c = &r->cases[r->count];

	c->path = path_join(dir, name);
	snprintf(c->name, sizeof(c->name), "%.*s", (int)strcspn(name, "."), name);
	r->count++;
	return read_head(c, err);
}

enum avo_status redteam_load(struct redteam *out, const char *backend, struct error *err)
{
	char *place = xasprintf("kernels/redteam/%s", backend), *dir = path_data(place);
	struct dirent **list = NULL;
	int n = scandir(dir, &list, is_candidate, alphasort), i;
	enum avo_status st = AVO_OK;

	memset(out, 0, sizeof(*out));
	if (n <= 0)
		st = error_set(err, AVO_ENVIRONMENT, "there are no bad candidates for the backend %s (looked in %s)", backend, dir);
	else
		out->cases = xcalloc((size_t)n, sizeof(*out->cases));
	for (i = 0; i < n; i++) {
		if (st == AVO_OK)
			st = add(out, dir, list[i]->d_name, err);
		free(list[i]);
	}
	free(list);
	free(dir);
	free(place);
	if (st != AVO_OK)
		redteam_release(out);
	return st;
}

void redteam_release(struct redteam *r)
{
	int i;

	for (i = 0; i < r->count; i++)
		free(r->cases[i].path);
	free(r->cases);
	memset(r, 0, sizeof(*r));
}

static int is_beside(const struct dirent *e)
{
	return e->d_name[0] != '.' && str_ends(e->d_name, ".h");
}

static enum avo_status copy_headers(const char *from, const char *to, struct error *err)
{
	struct dirent **list = NULL;
	int n = scandir(from, &list, is_beside, alphasort), i;
	enum avo_status st = n < 0 ? error_errno(err, errno, "cannot read %s", from) : AVO_OK;

	for (i = 0; i < n; i++) {
		char *source = path_join(from, list[i]->d_name), *copy = path_join(to, list[i]->d_name);

		if (st == AVO_OK)
			st = path_copy_file(source, copy, 0644, err);
		free(source);
		free(copy);
		free(list[i]);
	}
	free(list);
	return st;
}

/* A CUDA candidate here is one file: the plan's half is what NVRTC does not see. */
static enum avo_status write_plan(const char *dir, struct error *err)
{
	static const char text[] = "#include \"kernel.cu\"\n";
	char *path = path_join(dir, "plan.c");
	enum avo_status st = path_write_atomic(path, text, sizeof(text) - 1, 0644, err);

	free(path);
	return st;
}

enum avo_status redteam_stage(const struct redteam_case *c, const char *dir, struct error *err)
{
	char *from = xstrdup(c->path), *slash = strrchr(from, '/');
	char *kernel = path_join(dir, str_ends(c->path, ".cu") ? "kernel.cu" : "kernel.c");
	enum avo_status st = path_mkdirs(dir, 0755, err);

	if (slash)
		*slash = '\0';
	if (st == AVO_OK)
		st = path_copy_file(c->path, kernel, 0644, err);
	if (st == AVO_OK)
		st = copy_headers(from, dir, err);
	if (st == AVO_OK && str_ends(c->path, ".cu"))
		st = write_plan(dir, err);
	free(from);
	free(kernel);
	return st;
}

/* Whether a word of list ("a|b") is text, or the start of it up to a ':' or an '@'. */
static bool names(const char *list, const char *text)
{
	size_t n;

	for (; *list; list += n + (list[n] == '|')) {
		n = strcspn(list, "|");
		if (n && strncmp(list, text, n) == 0 && strchr(":@", text[n]))
			return true;
	}
	return false;
}

bool redteam_judge(char *got, size_t size, struct redteam_tally *tally, const struct redteam_case *c, const cJSON *result)
{
	const char *verdict = json_str(result, "verdict", "none"), *rule = json_str(result, "rule", "");
	const char *by = json_str(result, "caught_by", ""), *reason = json_str(result, "evidence", json_str(result, "reason", ""));
	bool right = names(c->verdict, verdict) && (!c->rule[0] || strcmp(c->rule, rule) == 0) && (!c->check[0] || names(c->check, by));

	snprintf(got, size, "%s%s%s%s%s", verdict, *by ? " by " : "", by, *reason ? ": " : "", reason);
	if (right)
		tally->right++;
	else if (c->power < 1 && strcmp(verdict, "passed") == 0)
		tally->unlucky++;
	else
		tally->wrong++;
	return right;
}

/* The probability of at least k misses among n evaluations, each missed with probability q. */
static double at_least(int k, int n, double q)
{
	double sum = 0;
	int i;

	for (i = k; i <= n; i++)
		sum += exp(lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * log(q) + (n - i) * log1p(-q));
	return sum;
}

bool redteam_holds(const struct redteam_case *c, const struct redteam_tally *t)
{
	if (t->wrong || t->unlucky == 0)
		return !t->wrong;
	return at_least(t->unlucky, t->right + t->unlucky, 1 - c->power) >= UNBELIEVABLE;
}
