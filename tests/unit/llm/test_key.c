/* The key: where it comes from, what is wrong with it, and that it leaves no trace. */
#include "avo.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/path.h"
#include "llm/key.h"
#include "llm/llm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char secret[] = "sk-test-0123456789abcdef";

static enum avo_status from_command(char **key, const char *command, int64_t ms, struct error *err)
{
	struct llm_key_source source = { .command = command, .command_ms = ms };

	return llm_key_read(key, &source, err);
}

static void a_command_is_good_for_a_key(void **state)
{
	static const char *const commands[] = {
		"echo sk-from-command-1", "printf sk-from-command-1", "printf '\\n  sk-from-command-1 \\r\\n\\n'",
		/* what password managers have to say goes elsewhere; so does what is left running */
		"echo 'gpg: WARNING: unsafe memory' >&2; echo sk-from-command-1", "sleep 60 & echo sk-from-command-1",
	};
	size_t i;
	char *key;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		struct error err = { 0 };

		if (from_command(&key, commands[i], 10000, &err) != AVO_OK)
			fail_msg("%s: %s", commands[i], err.text);
		assert_string_equal(key, "sk-from-command-1");
		free(key);
	}
}

static void a_command_that_is_none_says_why(void **state)
{
	static const struct {
		const char *command, *words;
	} cases[] = {
		{ "exit 3", "failed (exit status 3); run it by hand to see why: exit 3" },
		{ "echo 'no entry avo in the store' >&2; exit 1", "failed (exit status 1: no entry avo in the store)" },
		{ "echo sk-half-a-key; exit 1", "failed (exit status 1)" },
		{ "kill -9 $$", "killed by signal 9" },
		{ "no-such-password-manager get avo", "exit status 127" },
		{ "true", "prints is empty: there is no key in it" },
		{ "echo; echo", "is empty" },
		{ "echo two; echo lines", "more than one line: it must be the key and nothing else" },
		{ "echo Enter passphrase: sk-0123456789", "holds a blank or a byte that no key has" },
		{ "printf 'sk-\\033[1mbold'", "a byte that no key has" },
		{ "printf 'sk-nul\\000behind'", "a byte that no key has" },
		{ "printf 'sk-\\303\\244'", "a byte that no key has" },
		{ "head -c 20000 /dev/zero | tr '\\0' x", "more than 8192 bytes" },
	};
	size_t i;
	char *key;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err = { 0 };

		assert_int_equal(from_command(&key, cases[i].command, 10000, &err), AVO_ENVIRONMENT);
		assert_null(key);
		if (!strstr(err.text, cases[i].words))
			fail_msg("%s: '%s' does not say '%s'", cases[i].command, err.text, cases[i].words);
		/* what it printed may be the key */
		assert_true(strstr(cases[i].command, "exit 1") || !strstr(err.text, "0123456789"));
	}
}

static void a_command_that_hangs_is_killed(void **state)
{
	struct error err = { 0 };
	int64_t before = clock_mono_ms();
	char *key;

	assert_int_equal(from_command(&key, "cat; sleep 60", 300, &err), AVO_ENVIRONMENT);
	assert_non_null(strstr(err.text, "did not end within 0 s and was killed"));
	assert_non_null(strstr(err.text, "agent.key-timeout"));
	assert_true(clock_mono_ms() - before < 30000);
}

static void a_file_that_others_can_read_is_refused(void **state)
{
	char path[] = "/tmp/avo-key-XXXXXX", *key = NULL;
	struct llm_key_source source = { .file = path };
	static const mode_t open_to_others[] = { 0644, 0640, 0604, 0620, 0610 };
	struct error err = { 0 };
	int fd = mkstemp(path);
	size_t i;

	assert_int_equal(write(fd, secret, sizeof(secret) - 1), sizeof(secret) - 1);
	for (i = 0; i < ARRAY_LEN(open_to_others); i++) {
		fchmod(fd, open_to_others[i]);
		assert_int_equal(llm_key_read(&key, &source, &err), AVO_ENVIRONMENT);
		assert_non_null(strstr(err.text, "chmod 600"));
	}
	fchmod(fd, 0400);
	assert_int_equal(llm_key_read(&key, &source, &err), AVO_OK);
	assert_string_equal(key, secret);
	free(key);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(llm_key_read(&key, &source, &err), AVO_ENVIRONMENT);
	assert_non_null(strstr(err.text, "is empty"));
	close(fd);
	unlink(path);
	assert_int_equal(llm_key_read(&key, &source, &err), AVO_ENVIRONMENT);
	assert_non_null(strstr(err.text, "does not exist"));
	/* to read from one would wait for ever */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(llm_key_read(&key, &source, &err), AVO_ENVIRONMENT);
	assert_non_null(strstr(err.text, "is not a file"));
	unlink(path);
}

/* What a process shows of its environment to others of the same user, hidden or not. */
static bool environ_shows(const char *words)
{
	struct buf text = BUF_INIT;
	bool shows;

	prctl(PR_SET_DUMPABLE, 1);
	assert_int_equal(path_read(&text, "/proc/self/environ", 1 << 20, NULL), AVO_OK);
	shows = memmem(text.data, text.len, words, strlen(words)) != NULL;
	buf_release(&text);
	return shows;
}

static void a_key_that_was_read_is_nowhere_to_be_seen(void **state)
{
	struct llm_key_source source = { .env = "AVO_TEST_KEY" }, none = { .env = "AVO_TEST_NO_KEY" };
	struct rlimit core;
	struct buf text = BUF_INIT;
	struct error err = { 0 };
	char *key, *again;

	assert_true(environ_shows("sk-env-key-123456"));
	assert_int_equal(llm_key_read(&key, &source, &err), AVO_OK);
	assert_string_equal(key, "sk-env-key-123456");
	assert_null(getenv("AVO_TEST_KEY"));
	assert_false(environ_shows("sk-env-key"));
	assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
	assert_int_equal(core.rlim_max, 0);
	/* a second reader in this process still gets it */
	assert_int_equal(llm_key_read(&again, &source, &err), AVO_OK);
	assert_string_equal(key, again);
	buf_printf(&text, "curl -H 'x-api-key: %s'", key);
	log_scrub(&text);
	assert_null(strstr(text.data, key));
	buf_release(&text);
	free(key);
	free(again);
	assert_int_equal(llm_key_read(&key, &none, &err), AVO_NEGATIVE);
}

static void a_process_that_hands_its_key_on_forgets_it(void **state)
{
	struct llm_key_source other = { .env = "AVO_TEST_OTHER" }, anthropic = { .env = "ANTHROPIC_API_KEY" };
	struct conf *conf;
	char *key;

	assert_true(environ_shows("sk-other-key-654321"));
	setenv("ANTHROPIC_API_KEY", "sk-a", 1);
	setenv("OPENAI_API_KEY", "sk-o", 1);
	setenv("AVO_TEST_UNRELATED", "stays", 1);
	conf_new(&conf, NULL);
	conf_set(conf, "agent.key-env", "AVO_TEST_OTHER", NULL);
	/* an engine takes it before it has children, and still has it when its operator asks */
	llm_key_take(conf);
	assert_null(getenv("AVO_TEST_OTHER"));
	assert_int_equal(llm_key_read(&key, &other, NULL), AVO_OK);
	assert_string_equal(key, "sk-other-key-654321");
	free(key);
	llm_key_forget(conf);
	assert_int_equal(llm_key_read(&key, &anthropic, NULL), AVO_NEGATIVE);
	setenv("ANTHROPIC_API_KEY", "sk-b", 1);
	llm_key_forget(NULL);
	assert_null(getenv("AVO_TEST_OTHER"));
	assert_null(getenv("ANTHROPIC_API_KEY"));
	assert_null(getenv("OPENAI_API_KEY"));
	assert_false(environ_shows("sk-other-key-654321"));
	assert_string_equal(getenv("AVO_TEST_UNRELATED"), "stays");
	conf_free(conf);
}

static void assert_config(struct conf *conf, enum avo_status want, const char *words)
{
	struct llm_config c;
	struct error err = { 0 };

	assert_int_equal(llm_config_read(&c, conf, &err), want);
	if (want == AVO_OK)
		llm_config_release(&c);
	else if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
}

static void the_settings_that_name_files_are_checked(void **state)
{
	struct conf *conf;

	conf_new(&conf, NULL);
	conf_set(conf, "agent.model", "m", NULL);
	conf_set(conf, "agent.base-url", "https://model.example", NULL);
	conf_set(conf, "agent.key-command", "echo sk-from-command-2", NULL);
	assert_config(conf, AVO_OK, NULL);
	conf_set(conf, "agent.ca-file", "ca.pem", NULL);
	assert_config(conf, AVO_USAGE, "agent.ca-file = ca.pem is not an absolute path");
	conf_set(conf, "agent.ca-file", "/nonexistent/ca.pem", NULL);
	assert_config(conf, AVO_ENVIRONMENT, "agent.ca-file = /nonexistent/ca.pem: No such file");
	conf_set(conf, "agent.ca-file", "", NULL);
	setenv("SSL_CERT_FILE", "/nonexistent/other.pem", 1);
	assert_config(conf, AVO_ENVIRONMENT, "SSL_CERT_FILE = /nonexistent/other.pem");
	unsetenv("SSL_CERT_FILE");
	conf_set(conf, "agent.key-file", "~/no-such-key", NULL);
	assert_config(conf, AVO_USAGE, "are both set");
	conf_set(conf, "agent.key-command", "", NULL);
	setenv("HOME", "/nonexistent/home", 1);
	assert_config(conf, AVO_ENVIRONMENT, "/nonexistent/home/no-such-key does not exist");
	conf_set(conf, "agent.key-file", "key", NULL);
	assert_config(conf, AVO_USAGE, "is not an absolute path");
	conf_free(conf);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_is_good_for_a_key),
		cmocka_unit_test(a_command_that_is_none_says_why),
		cmocka_unit_test(a_command_that_hangs_is_killed),
		cmocka_unit_test(a_file_that_others_can_read_is_refused),
		cmocka_unit_test(a_key_that_was_read_is_nowhere_to_be_seen),
		cmocka_unit_test(a_process_that_hands_its_key_on_forgets_it),
		cmocka_unit_test(the_settings_that_name_files_are_checked),
	};

	/* what is set from inside lies on the heap: only what a process is started with is in the block that others see */
	if (!getenv("AVO_TEST_KEY")) {
		setenv("AVO_TEST_KEY", "sk-env-key-123456", 1);
		setenv("AVO_TEST_OTHER", "sk-other-key-654321", 1);
		execv("/proc/self/exe", argv);
		return 99;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
