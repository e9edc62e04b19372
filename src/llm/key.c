#include "avo.h"
#include "base/child.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "llm/key.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY_MAX 8192
#define COMMAND_MS 15000

/* Keys already taken out of the environment: a second reader in this process gets them from here. */
static struct taken {
	struct taken *next;
	char *name, *value;
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

static enum avo_status from_env(char **out, const char *name, struct error *err)
{
	char *value = getenv(name);
	struct taken *t;

	if (value && *value) {
		t = xcalloc(1, sizeof(*t));
		t->name = xstrdup(name);
		t->value = xstrdup(value);
		t->next = taken;
		taken = t;
		/* /proc/PID/environ shows the block as it lies in memory, whatever unsetenv does to the list */
		explicit_bzero(value, strlen(value));
		unsetenv(name);
	}
	for (t = taken; t; t = t->next) {
		if (strcmp(t->name, name) != 0)
			continue;
		*out = xstrdup(t->value);
		return AVO_OK;
	}
	return error_set(err, AVO_NEGATIVE, "the environment variable %s is not set", name);
}

static enum avo_status from_file(struct buf *out, const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return error_set(err, AVO_ENVIRONMENT, "the key file %s does not exist; agent.key-file names it", path);
	if (st.st_mode & 077)
		return error_set(err, AVO_ENVIRONMENT, "the key file %s can be read by others; run: chmod 600 %s", path, path);
	return path_read(out, path, KEY_MAX, err);
}

static enum avo_status from_command(struct buf *out, const char *command, struct error *err)
{
	const char *argv[] = { "/bin/sh", "-c", command, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	enum avo_status st;

	spec.argv = argv;
	st = child_run(&result, out, &spec, COMMAND_MS, err);
	if (st != AVO_OK)
		return error_prefix(err, st, "agent.key-command");
	if (result.timed_out || !WIFEXITED(result.wait_status) || WEXITSTATUS(result.wait_status) != 0)
		return error_set(err, AVO_ENVIRONMENT, "agent.key-command failed; run it by hand to see why: %.200s", command);
	return AVO_OK;
}

enum avo_status llm_key_read(char **out, const char *env, const char *file, const char *command, struct error *err)
{
	struct buf text = BUF_INIT;
	enum avo_status st;

	*out = NULL;
	if (env) {
		st = from_env(out, env, err);
	} else {
		st = file ? from_file(&text, file, err) : from_command(&text, command, err);
		if (st == AVO_OK)
			*out = xstrdup(text.data ? str_trim(text.data) : "");
	}
	if (text.data)
		explicit_bzero(text.data, text.len);
	buf_release(&text);
	if (st == AVO_OK && (!**out || strpbrk(*out, "\r\n"))) {
		free(*out);
		*out = NULL;
		st = error_set(err, AVO_ENVIRONMENT, "the key is empty or has more than one line");
	}
	if (st == AVO_OK)
		guard_process(*out);
	return st;
}
