#include "avo.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

#include <git2.h>
#include <unistd.h>

struct conf {
	git_config *config;
	char *path;		/* NULL: in memory; then a temporary file that is unlinked on free */
	bool temporary;
	char **strings;
	size_t count, cap;
};

static enum avo_status git_failed(struct error *err, enum avo_status st, const char *what)
{
	const git_error *e = git_error_last();

	return error_set(err, st, "%s: %s", what, e && e->message ? e->message : "unknown error of libgit2");
}

static enum avo_status open_at(struct conf **out, const char *path, bool temporary, struct error *err)
{
	struct conf *conf = xcalloc(1, sizeof(*conf));

	git_libgit2_init();
	if (git_config_open_ondisk(&conf->config, path) != 0) {
		enum avo_status st = git_failed(err, AVO_USAGE, "the settings cannot be read");

		free(conf);
		git_libgit2_shutdown();
		return st;
	}
	conf->path = xstrdup(path);
	conf->temporary = temporary;
	*out = conf;
	return AVO_OK;
}

enum avo_status conf_open(struct conf **out, const char *path, struct error *err)
{
	if (!path_exists(path))
		return error_set(err, AVO_ENVIRONMENT, "%s does not exist", path);
	return open_at(out, path, false, err);
}

enum avo_status conf_parse(struct conf **out, const char *text, struct error *err)
{
	char path[] = "/tmp/avo-conf-XXXXXX";
	int fd = mkstemp(path);
	size_t len = strlen(text);
	enum avo_status st;

	if (fd < 0)
		return error_set(err, AVO_ENVIRONMENT, "cannot create a temporary file in /tmp");
	if (write(fd, text, len) == (ssize_t)len)
		st = open_at(out, path, true, err);
	else
		st = error_set(err, AVO_ENVIRONMENT, "cannot write a temporary file in /tmp");
	close(fd);
	if (st != AVO_OK)
		unlink(path);
	return st;
}

enum avo_status conf_new(struct conf **out, struct error *err)
{
	return conf_parse(out, "", err);
}

void conf_free(struct conf *conf)
{
	size_t i;

	if (!conf)
		return;
	git_config_free(conf->config);
	git_libgit2_shutdown();
	if (conf->temporary)
		unlink(conf->path);
	for (i = 0; i < conf->count; i++)
		free(conf->strings[i]);
	free(conf->strings);
	free(conf->path);
	free(conf);
}

/* Strings handed out stay valid as long as the conf does. */
static const char *keep(const struct conf *conf, const char *text)
{
	struct conf *c = (struct conf *)conf;
	size_t i;

	for (i = 0; i < c->count; i++)
		if (strcmp(c->strings[i], text) == 0)
			return c->strings[i];
	c->strings = xgrow(c->strings, &c->cap, c->count + 1, sizeof(*c->strings));
	return c->strings[c->count++] = xstrdup(text);
}

const char *conf_str(const struct conf *conf, const char *key, const char *fallback)
{
	git_buf value = { 0 };
	const char *text = fallback;

	if (conf && git_config_get_string_buf(&value, conf->config, key) == 0)
		text = keep(conf, value.ptr);
	git_buf_dispose(&value);
	return text;
}

enum avo_status conf_int(int64_t *out, const struct conf *conf, const char *key, int64_t fallback, struct error *err)
{
	const char *text = conf_str(conf, key, NULL);

	*out = fallback;
	if (text && git_config_parse_int64(out, text) != 0)
		return error_set(err, AVO_USAGE, "%s = %s is not a whole number", key, text);
	return AVO_OK;
}

enum avo_status conf_num(double *out, const struct conf *conf, const char *key, double fallback, struct error *err)
{
	const char *text = conf_str(conf, key, NULL);

	*out = fallback;
	if (text && !str_to_double(out, text))
		return error_set(err, AVO_USAGE, "%s = %s is not a number", key, text);
	return AVO_OK;
}

enum avo_status conf_bool(bool *out, const struct conf *conf, const char *key, bool fallback, struct error *err)
{
	const char *text = conf_str(conf, key, NULL);
	int value;

	*out = fallback;
	if (!text)
		return AVO_OK;
	if (git_config_parse_bool(&value, text) != 0)
		return error_set(err, AVO_USAGE, "%s = %s is neither true nor false", key, text);
	*out = value != 0;
	return AVO_OK;
}

enum avo_status conf_duration(int64_t *out, const struct conf *conf, const char *key, int64_t fallback_ms, struct error *err)
{
	const char *text = conf_str(conf, key, NULL);
	int64_t ms;

	*out = fallback_ms;
	if (!text)
		return AVO_OK;
	ms = strcmp(text, "none") == 0 ? 0 : clock_parse_duration(text);
	if (ms < 0)
		return error_set(err, AVO_USAGE, "%s = %s is not a duration such as 90s, 2m, 1h30m, 4d or none", key, text);
	*out = ms;
	return AVO_OK;
}

enum avo_status conf_set(struct conf *conf, const char *key, const char *value, struct error *err)
{
	if (git_config_set_string(conf->config, key, value) != 0) {
		enum avo_status st = git_failed(err, AVO_USAGE, key);

		return error_prefix(err, st, "cannot set");
	}
	return AVO_OK;
}

void conf_each(const struct conf *conf, bool (*fn)(void *arg, const char *key, const char *value), void *arg)
{
	git_config_iterator *it;
	git_config_entry *entry;

	if (git_config_iterator_new(&it, conf->config) != 0)
		return;
	while (git_config_next(&entry, it) == 0)
		if (!fn(arg, entry->name, entry->value ? entry->value : "true"))
			break;
	git_config_iterator_free(it);
}
