#include "avo.h"
#include "base/buf.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void buffer_stops_at_its_maximum(void **state)
{
	struct buf b;

	buf_init(&b, 8);
	assert_true(buf_addstr(&b, "12345"));
	assert_false(buf_addstr(&b, "67890"));
	assert_true(b.overflow);
	assert_string_equal(buf_cstr(&b), "12345678");
	assert_false(buf_addstr(&b, "x"));
	buf_clear(&b);
	assert_true(buf_printf(&b, "%d", 42));
	assert_string_equal(buf_cstr(&b), "42");
	buf_consume(&b, 1);
	assert_string_equal(buf_cstr(&b), "2");
	buf_release(&b);
}

static void assert_clean(const char *raw, size_t len, const char *want)
{
	struct buf b = BUF_INIT;

	str_sanitize(&b, raw, len);
	assert_string_equal(buf_cstr(&b), want);
	buf_release(&b);
}

static void a_prefix_keeps_the_status_even_without_an_error(void **state)
{
	struct error err = { 0 };

	error_set(&err, AVO_USAGE, "it is not a JSON object");
	assert_int_equal(error_prefix(&err, AVO_USAGE, "agent.%s", "extra-body"), AVO_USAGE);
	assert_string_equal(err.text, "agent.extra-body: it is not a JSON object");
	assert_int_equal(error_prefix(NULL, AVO_CORRUPT, "the server's answer"), AVO_CORRUPT);
	assert_int_equal(error_prefix(&err, AVO_CLOSED, "the end"), AVO_CLOSED);
	assert_int_equal(err.status, AVO_CLOSED);
}

static void foreign_text_cannot_command_a_terminal(void **state)
{
#define CLEAN(raw, want) assert_clean(raw, sizeof(raw) - 1, want)
	CLEAN("plain\ttext\n", "plain\ttext\n");
	CLEAN("\033[31mred\033[0m", "red");
	CLEAN("\033]0;title\007x\033]8;;u\033\\y", "xy");
	CLEAN("\033]52;c;never ended\nnext", "\nnext");
	CLEAN("\033(Bx\033=y\033", "xy");
	CLEAN("a\rb\bc\0d", "abcd");
	CLEAN("caf\xc3\xa9 \xff\xc3(", "caf\xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd(");
	CLEAN("\xc2\x9b" "31m", "31m");
	CLEAN("\xe2\x80\xae" "evil", "evil");
	CLEAN("\033[", "");
#undef CLEAN
}

static void json_survives_what_the_library_does_not(void **state)
{
	static const char text[] = "{\"a\":\"x\\ud800y\\u0000z\",\"n\":9007199254740991,\"A\":1,\"p\":\"\\ud83d\\ude00\"}";
	cJSON *v;

	assert_int_equal(json_parse(&v, text, sizeof(text) - 1, NULL), AVO_OK);
	assert_string_equal(json_str(v, "a", ""), "x\xef\xbf\xbdy\xef\xbf\xbdz");
	assert_string_equal(json_str(v, "p", ""), "\xf0\x9f\x98\x80");
	assert_true(json_int(v, "n", 0) == 9007199254740991);
	assert_int_equal(json_int(v, "A", 0), 1);
	assert_int_equal(json_int(v, "N", -5), -5);
	assert_int_equal(json_int(v, "a", -5), -5);
	cJSON_Delete(v);
	assert_int_equal(json_parse(&v, "{} x", 4, NULL), AVO_CORRUPT);
	assert_int_equal(json_parse(&v, "{\"a\":", 5, NULL), AVO_CORRUPT);
	assert_null(v);
}

static void json_writes_only_valid_text(void **state)
{
	cJSON *v = cJSON_CreateObject();
	struct buf b = BUF_INIT;

	json_set_str(v, "s", "bad \xff byte");
	json_set_num(v, "x", 0.0 / 0.0);
	json_set_int(v, "i", 1234567890123);
	json_set_int(v, "i", 7);
	json_print(&b, v);
	assert_string_equal(buf_cstr(&b), "{\"s\":\"bad \xef\xbf\xbd byte\",\"x\":null,\"i\":7}");
	buf_release(&b);
	cJSON_Delete(v);
}

static void times_read_back_as_written(void **state)
{
	char stamp[CLOCK_STAMP_SIZE], age[32];

	assert_string_equal(clock_format(stamp, 1763732467123), "2025-11-21T13:41:07.123Z");
	assert_true(clock_parse(stamp) == 1763732467123);
	assert_true(clock_parse("yesterday") == -1);
	assert_string_equal(clock_age(age, sizeof(age), 4321), "4.3s");
	assert_string_equal(clock_age(age, sizeof(age), 11220000), "3h07m");
	assert_true(clock_parse_duration("1h30m") == 5400000);
	assert_true(clock_parse_duration("90") == 90000);
	assert_true(clock_parse_duration("2x") == -1);
	assert_true(clock_parse_duration("") == -1);
}

static void a_child_is_killed_at_its_deadline(void **state)
{
	const char *argv[] = { "sh", "-c", "echo begun; sleep 100 & sleep 100", NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct buf out = BUF_INIT;

	spec.argv = argv;
	assert_int_equal(child_run(&result, &out, &spec, 300, NULL), AVO_OK);
	assert_true(result.timed_out);
	assert_string_equal(buf_cstr(&out), "begun\n");
	buf_release(&out);
}

static void a_grandchild_with_the_pipe_does_not_hold_us(void **state)
{
	const char *argv[] = { "sh", "-c", "sleep 100 & echo gone; exit 3", NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct buf out = BUF_INIT;

	spec.argv = argv;
	assert_int_equal(child_run(&result, &out, &spec, 20000, NULL), AVO_OK);
	assert_false(result.timed_out);
	assert_int_equal(WEXITSTATUS(result.wait_status), 3);
	assert_true(result.elapsed_ns < 10000000000);
	buf_release(&out);
}

static void a_program_that_is_not_there_is_named(void **state)
{
	const char *argv[] = { "/no/such/program", NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct error err;
	pid_t pid;

	spec.argv = argv;
	assert_int_equal(child_spawn(&pid, &spec, &err), AVO_ENVIRONMENT);
	assert_non_null(strstr(err.text, "/no/such/program"));
}

struct loop_seen {
	struct loop *loop;
	int timers, wait_status;
	bool read;
};

static void on_timer(void *arg)
{
	((struct loop_seen *)arg)->timers++;
}

static void on_child(void *arg, pid_t pid, int wait_status)
{
	struct loop_seen *seen = arg;

	seen->wait_status = wait_status;
	loop_stop(seen->loop);
}

static void on_readable(void *arg, int fd, short revents)
{
	struct loop_seen *seen = arg;
	char c;

	seen->read = read(fd, &c, 1) == 1;
}

static void the_loop_serves_timers_pipes_and_children(void **state)
{
	const char *argv[] = { "sh", "-c", "exit 7", NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct loop_seen seen = { 0 };
	struct loop_timer *removed;
	struct loop_fd *watch;
	int fds[2];
	pid_t pid;

	assert_int_equal(loop_new(&seen.loop, NULL), AVO_OK);
	assert_int_equal(child_pipe(fds, NULL), AVO_OK);
	assert_int_equal(write(fds[1], "x", 1), 1);
	watch = loop_add_fd(seen.loop, fds[0], POLLIN, on_readable, &seen);
	loop_add_timer(seen.loop, 0, on_timer, &seen);
	removed = loop_add_timer(seen.loop, 5, on_timer, &seen);
	loop_remove_timer(seen.loop, removed);
	loop_once(seen.loop, 1000);
	loop_remove_fd(seen.loop, watch);
	spec.argv = argv;
	assert_int_equal(child_spawn(&pid, &spec, NULL), AVO_OK);
	loop_add_child(seen.loop, pid, on_child, &seen);
	loop_run(seen.loop);
	assert_int_equal(seen.timers, 1);
	assert_true(seen.read);
	assert_int_equal(WEXITSTATUS(seen.wait_status), 7);
	loop_free(seen.loop);
	close(fds[0]);
	close(fds[1]);
}

static void shown(const char *raw, size_t len, const char *wanted)
{
	struct buf b = BUF_INIT;

	str_escape(&b, raw, len);
	assert_string_equal(buf_cstr(&b), wanted);
	buf_release(&b);
}

static void what_a_terminal_would_obey_is_shown(void **state)
{
	shown("plain, caf\xc3\xa9", 12, "plain, caf\xc3\xa9");
	shown("\033[31mred\n\ttab\r\x7f", 15, "\\x1b[31mred\\n\\ttab\\r\\x7f");
	shown("\xc2\x9bq\xe2\x80\xae\xff", 7, "\\u009bq\\u202e\\xff");
	shown("nul\0here", 8, "nul\\x00here");
}

/* What bash makes of the word is the path, and nothing but printable text was shown. */
static void comes_back(const char *path)
{
	char word[PATH_WORD_SIZE], *line;
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct buf out = BUF_INIT, seen = BUF_INIT;
	const char *argv[] = { "bash", "-c", NULL, NULL };

	path_word(word, path);
	str_escape(&seen, word, strlen(word));
	assert_string_equal(buf_cstr(&seen), word);
	argv[2] = line = xasprintf("printf %%s %s", word);
	spec.argv = argv;
	assert_int_equal(child_run(&result, &out, &spec, 10000, NULL), AVO_OK);
	assert_string_equal(buf_cstr(&out), path);
	free(line);
	buf_release(&out);
	buf_release(&seen);
}

static void a_path_in_a_hint_can_be_pasted(void **state)
{
	char word[PATH_WORD_SIZE], *longer;

	assert_string_equal(path_word(word, "/runs/sm90a_2"), "/runs/sm90a_2");
	assert_string_equal(path_word(word, "my run"), "'my run'");
	assert_string_equal(path_word(word, "-x"), "./-x");
	assert_string_equal(path_word(word, ""), "''");
	comes_back("it's $(here); `now` & \"then\" *?[a] #~ \\n");
	comes_back("~root");
	comes_back("\033[31mx\n7'\\");
	comes_back("caf\xc3\xa9 \xc3\xa9");
	comes_back("not \xff\xfe" "5 text");
	longer = xasprintf("/%0*d", 2000, 7);
	assert_string_equal(path_word(word, longer), "DIR");
	free(longer);
}

static void secrets_do_not_reach_the_log(void **state)
{
	struct buf b = BUF_INIT;

	log_redact("sk-very-secret-key");
	buf_addstr(&b, "key=sk-very-secret-key, again sk-very-secret-key.");
	log_scrub(&b);
	assert_string_equal(buf_cstr(&b), "key=[redacted], again [redacted].");
	buf_release(&b);
}

static void files_are_replaced_whole(void **state)
{
	struct buf b = BUF_INIT;
	char *dir, *sub, *file;

	assert_int_equal(path_temp_dir(&dir, "/tmp", "avo-test-", NULL), AVO_OK);
	sub = path_join(dir, "a/b/c");
	assert_int_equal(path_mkdirs(sub, 0700, NULL), AVO_OK);
	file = path_join(sub, "f");
	assert_int_equal(path_write_atomic(file, "one", 3, 0600, NULL), AVO_OK);
	assert_int_equal(path_write_atomic(file, "two", 3, 0600, NULL), AVO_OK);
	assert_int_equal(path_read(&b, file, 10, NULL), AVO_OK);
	assert_string_equal(buf_cstr(&b), "two");
	assert_int_equal(path_read(&b, file, 2, NULL), AVO_CORRUPT);
	assert_int_equal(path_remove_tree(dir, NULL), AVO_OK);
	assert_false(path_exists(dir));
	buf_release(&b);
	free(file);
	free(sub);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffer_stops_at_its_maximum),
		cmocka_unit_test(a_prefix_keeps_the_status_even_without_an_error),
		cmocka_unit_test(foreign_text_cannot_command_a_terminal),
		cmocka_unit_test(json_survives_what_the_library_does_not),
		cmocka_unit_test(json_writes_only_valid_text),
		cmocka_unit_test(times_read_back_as_written),
		cmocka_unit_test(a_child_is_killed_at_its_deadline),
		cmocka_unit_test(a_grandchild_with_the_pipe_does_not_hold_us),
		cmocka_unit_test(a_program_that_is_not_there_is_named),
		cmocka_unit_test(the_loop_serves_timers_pipes_and_children),
		cmocka_unit_test(what_a_terminal_would_obey_is_shown),
		cmocka_unit_test(a_path_in_a_hint_can_be_pasted),
		cmocka_unit_test(secrets_do_not_reach_the_log),
		cmocka_unit_test(files_are_replaced_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
