#include "avo.h"
#include "base/child.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "llm/key.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_MAX 8192

/* Keys already taken out of the environment: whoever reads one in this process gets it from here. */
static struct taken {
	struct taken *next;
	char *name, *value;
	bool read;
} *taken;

static void guard_process(const char *key)
{
	struct rlimit none = { 0, 0 };

	log_redact(key);
	setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__
	/* other processes of this user (the agent's shell, where no sandbox works) cannot look into this one */
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

/* /proc/PID/environ shows the block as it lies in memory, whatever unsetenv does to the list. */
static void wipe_variable(const char *name)
{
	char *value = getenv(name);

	if (!value)
		return;
	explicit_bzero(value, strlen(value));
	unsetenv(name);
}

static void take(const char *name)
{
	const char *value = getenv(name);
	struct taken *t;

	if (!value || !*value)
		return;
	t = xcalloc(1, sizeof(*t));
	t->name = xstrdup(name);
	t->value = xstrdup(value);
	t->next = taken;
	taken = t;
	wipe_variable(name);
}

static enum avo_status from_env(char **out, const char *name, struct error *err)
{
	struct taken *t;

	take(name);
	for (t = taken; t; t = t->next) {
		if (strcmp(t->name, name) != 0)
			continue;
		t->read = true;
		*out = xstrdup(t->value);
		return AVO_OK;
	}
	return error_set(err, AVO_NEGATIVE, "the environment variable %s is not set", name);
}

static enum avo_status from_file(struct buf *out, const char *path, struct error *err)
{
	char word[PATH_WORD_SIZE];
	struct stat st;

	if (stat(path, &st) != 0)
		return error_set(err, AVO_ENVIRONMENT, "the key file %s does not exist; agent.key-file names it", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, AVO_ENVIRONMENT, "the key file %s is not a file; agent.key-file names it", path);
	if (st.st_mode & 077)
		return error_set(err, AVO_ENVIRONMENT, "the key file %s can be read by others; run: chmod 600 %s", path, path_word(word, path));
	return path_read(out, path, KEY_MAX, err);
}

/* What the command said on its standard error: its first line. Returns out. */
static char *complaint(char *out, size_t size, int fd)
{
	char raw[512];
	struct buf clean = BUF_INIT;
	ssize_t n = pread(fd, raw, sizeof(raw), 0);

	str_sanitize(&clean, raw, n > 0 ? (size_t)n : 0);
	snprintf(out, size, "%.*s", (int)strcspn(buf_cstr(&clean), "\n"), buf_cstr(&clean));
	buf_release(&clean);
	return out;
}

static enum avo_status judge_command(const struct child_result *r, int said, const struct llm_key_source *source, struct error *err)
{
	char how[64], words[160];

	if (r->timed_out)
		return error_set(err, AVO_ENVIRONMENT, "agent.key-command did not end within %lld s and was killed (it has no terminal to ask on; "
				 "agent.key-timeout allows more); run it by hand to see why: %.150s", (long long)source->command_ms / 1000, source->command);
	if (r->wait_status == 0)
		return AVO_OK;
	complaint(words, sizeof(words), said);
	return error_set(err, AVO_ENVIRONMENT, "agent.key-command failed (%s%s%s); run it by hand to see why: %.150s",
			 child_describe(how, sizeof(how), r->wait_status), *words ? ": " : "", words, source->command);
}

/* Only standard output is the key: password managers like to warn on the other one. */
static enum avo_status from_command(struct buf *out, const struct llm_key_source *source, struct error *err)
{
	const char *argv[] = { "/bin/sh", "-c", "exec 2>&3 3>&-; eval \"$1\"", "sh", source->command, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	enum avo_status st;
	int said = memfd_create("avo-key-errors", MFD_CLOEXEC);

	if (said < 0)
		return error_set(err, AVO_ENVIRONMENT, "agent.key-command: no memory for what it says");
	spec.argv = argv;
	spec.extra_fd = said;
	st = child_run(&result, out, &spec, source->command_ms, err);
	st = st == AVO_OK ? judge_command(&result, said, source, err) : error_prefix(err, st, "agent.key-command");
	close(said);
	return st;
}

/* A key travels in a header: one word of visible characters. Nothing of it is told. */
static enum avo_status check_key(const char *key, size_t len, const char *origin, struct error *err)
{
	size_t i;

	if (!len)
		return error_set(err, AVO_ENVIRONMENT, "%s is empty: there is no key in it", origin);
	if (memchr(key, '\n', len) || memchr(key, '\r', len))
		return error_set(err, AVO_ENVIRONMENT, "%s has more than one line: it must be the key and nothing else", origin);
	for (i = 0; i < len; i++)
		if (key[i] <= ' ' || key[i] > '~')
			return error_set(err, AVO_ENVIRONMENT, "%s holds a blank or a byte that no key has: it must be the key and nothing else", origin);
	return AVO_OK;
}

/* The bytes between white space, where NUL is not the end but a fault. */
static const char *trimmed(size_t *len, const struct buf *text)
{
	const char *at = buf_cstr(text), *end = at + text->len;

	while (at < end && strchr(" \t\r\n", *at) && *at)
		at++;
	while (end > at && strchr(" \t\r\n", end[-1]) && end[-1])
		end--;
	*len = (size_t)(end - at);
	return at;
}

static enum avo_status take_text(char **out, const struct buf *text, const char *origin, struct error *err)
{
	size_t len;
	const char *key = trimmed(&len, text);
	enum avo_status st = check_key(key, len, origin, err);

	if (st == AVO_OK && text->overflow)
		st = error_set(err, AVO_ENVIRONMENT, "%s has more than %d bytes: it must be the key and nothing else", origin, KEY_MAX);
	if (st == AVO_OK)
		*out = xstrndup(key, len);
	return st;
}

enum avo_status llm_key_read(char **out, const struct llm_key_source *source, struct error *err)
{
	struct buf text = { .max = source->command ? KEY_MAX : 0 };
	enum avo_status st;
	char *whole = NULL;

	*out = NULL;
	if (source->env) {
		st = from_env(&whole, source->env, err);
		if (st == AVO_OK)
			buf_addstr(&text, whole);
	} else {
		st = source->file ? from_file(&text, source->file, err) : from_command(&text, source, err);
	}
	if (st == AVO_OK)
		st = take_text(out, &text, source->env ? source->env : source->file ? source->file : "what agent.key-command prints", err);
	if (whole)
		explicit_bzero(whole, strlen(whole));
	free(whole);
	if (text.data)
		explicit_bzero(text.data, text.len);
	buf_release(&text);
	if (st == AVO_OK)
		guard_process(*out);
	return st;
}

static void each_variable(const struct conf *conf, void (*fn)(const char *name))
{
	const char *named = conf ? conf_str(conf, "agent.key-env", "") : "";

	if (*named)
		fn(named);
	fn("ANTHROPIC_API_KEY");
	fn("OPENAI_API_KEY");
}

void llm_key_take(const struct conf *conf)
{
	each_variable(conf, take);
}

void llm_key_forget(const struct conf *conf)
{
	struct taken **at = &taken, *t;

	each_variable(conf, wipe_variable);
	while ((t = *at)) {
		if (t->read) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		explicit_bzero(t->value, strlen(t->value));
		free(t->value);
		free(t->name);
		free(t);
	}
}
