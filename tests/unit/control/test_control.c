/* The control socket with a server in this process's child and viewers of every kind. */
#include "avo.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/path.h"
#include "control/client.h"
#include "control/server.h"
#include "control/wire.h"
#include "journal/journal.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* A run directory with a journal, and a server for it whose loop the test turns by hand. */
struct fixture {
	char *dir;
	struct loop *loop;
	struct journal *journal;
	struct control_server *server;
	int commands;
	struct error err;
};

static enum avo_status on_command(void *arg, const char *name, const cJSON *request, cJSON *answer, struct error *err)
{
	struct fixture *f = arg;

	f->commands++;
	if (strcmp(name, "refuse") == 0)
		return error_set(err, AVO_CONFLICT, "not now");
	json_set_str(answer, "echo", json_str(request, "text", name));
	return AVO_OK;
}

static void on_greet(void *arg, cJSON *answer)
{
	json_set_str(answer, "run", "test");
}

static uint64_t on_last_seq(void *arg)
{
	struct fixture *f = arg;

	return journal_last_seq(f->journal);
}

static const struct control_handlers handlers = { on_command, on_greet, on_last_seq };

static char *new_dir(const char *below)
{
	char template[] = "/tmp/avo-control-XXXXXX";
	char *dir, *journal;

	assert_non_null(mkdtemp(template));
	dir = below ? path_join(template, below) : xstrdup(template);
	journal = path_join(dir, ".avo/journal");
	assert_int_equal(path_mkdirs(journal, 0700, NULL), AVO_OK);
	free(journal);
	return dir;
}

static void open_fixture(struct fixture *f, const char *below)
{
	char *journal;

	memset(f, 0, sizeof(*f));
	f->dir = new_dir(below);
	journal = path_join(f->dir, ".avo/journal");
	assert_int_equal(loop_new(&f->loop, &f->err), AVO_OK);
	assert_int_equal(journal_open(&f->journal, journal, NULL, &f->err), AVO_OK);
	if (control_server_new(&f->server, f->loop, f->dir, &handlers, f, &f->err) != AVO_OK)
		fail_msg("%s", f->err.text);
	free(journal);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	open_fixture(f, NULL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	control_server_free(f->server);
	journal_close(f->journal);
	loop_free(f->loop);
	path_remove_tree(f->dir, NULL);
	free(f->dir);
	free(f);
	return 0;
}

/* Writes an event and tells the viewers, as the engine does. */
static void happen(struct fixture *f, const char *type, size_t bulk)
{
	cJSON *event = cJSON_CreateObject();
	char *text = xmalloc(bulk + 1);
	const char *line;
	size_t len;

	memset(text, 'x', bulk);
	text[bulk] = '\0';
	json_set_str(event, "type", type);
	json_set_str(event, "text", text);
	assert_int_equal(journal_append(f->journal, event, JOURNAL_LAZY, &f->err), AVO_OK);
	line = journal_last_line(f->journal, &len, NULL);
	control_server_event(f->server, line, len, journal_last_seq(f->journal));
	free(text);
}

static void turn(struct fixture *f, int times)
{
	while (times-- > 0)
		loop_once(f->loop, 1);
}

static int dial(struct fixture *f)
{
	char *path = path_join(f->dir, ".avo/ctl.sock");
	int fd = -1;

	assert_int_equal(wire_connect(&fd, path, &f->err), AVO_OK);
	free(path);
	turn(f, 2);
	return fd;
}

/* Sends lines as they are; returns what came back after some turns of the loop. */
static const char *talk(struct buf *out, struct fixture *f, int fd, const char *lines)
{
	char chunk[65536];
	ssize_t n;
	int i;

	buf_clear(out);
	assert_int_equal(send(fd, lines, strlen(lines), MSG_NOSIGNAL), (ssize_t)strlen(lines));
	for (i = 0; i < 5; i++) {
		turn(f, 2);
		while ((n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0)
			buf_add(out, chunk, (size_t)n);
	}
	return buf_cstr(out);
}

static void commands_are_answered_by_id(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;
	int fd = dial(f);

	assert_non_null(strstr(talk(&b, f, fd, "{\"id\":7,\"cmd\":\"hello\",\"mode\":\"control\"}\n"), "\"re\":7,\"ok\":true"));
	assert_non_null(strstr(b.data, "\"run\":\"test\""));
	assert_non_null(strstr(talk(&b, f, fd, "{\"id\":8,\"cmd\":\"say\",\"text\":\"hi\"}\n"), "\"echo\":\"hi\",\"re\":8,\"ok\":true"));
	assert_non_null(strstr(talk(&b, f, fd, "{\"id\":\"x\",\"cmd\":\"refuse\"}\n"), "\"re\":\"x\",\"ok\":false,\"status\":8,\"error\":\"not now\""));
	close(fd);
	buf_release(&b);
}

static void read_only_viewers_cannot_command(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;
	int fd = dial(f);

	assert_non_null(strstr(talk(&b, f, fd, "{\"cmd\":\"pause\"}\n"), "read-only"));	/* before any hello, too */
	talk(&b, f, fd, "{\"id\":1,\"cmd\":\"hello\",\"mode\":\"read\"}\n");
	assert_non_null(strstr(talk(&b, f, fd, "{\"id\":2,\"cmd\":\"pause\"}\n"), "it cannot pause"));
	assert_non_null(strstr(talk(&b, f, fd, "{\"id\":3,\"cmd\":\"hello\",\"mode\":\"control\"}\n"), "\"ok\":false"));
	assert_int_equal(f->commands, 0);
	assert_non_null(strstr(talk(&b, f, fd, "{\"id\":4,\"cmd\":\"status\"}\n"), "\"re\":4,\"ok\":true"));
	close(fd);
	buf_release(&b);
}

static void nonsense_is_answered_and_dropped(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;
	char *huge = xmalloc(CONTROL_MAX_COMMAND * 2 + 2);
	int fd = dial(f), i;

	assert_non_null(strstr(talk(&b, f, fd, "not json\n"), "\"ok\":false"));
	assert_non_null(strstr(talk(&b, f, fd, "[1,2]\n"), "not a JSON object"));
	assert_non_null(strstr(talk(&b, f, fd, "{\"cmd\":5}\n"), "\"cmd\\\""));
	memset(huge, 'a', CONTROL_MAX_COMMAND * 2);
	huge[CONTROL_MAX_COMMAND * 2] = '\0';
	for (i = 0; i < 8; i++) {
		size_t part = CONTROL_MAX_COMMAND / 4;

		assert_int_equal(send(fd, huge, part, MSG_NOSIGNAL), (ssize_t)part);
		turn(f, 4);
	}
	assert_non_null(strstr(talk(&b, f, fd, "\n"), "was dropped"));
	assert_non_null(strstr(talk(&b, f, fd, "{\"id\":1,\"cmd\":\"status\"}\n"), "\"ok\":true"));
	close(fd);
	free(huge);
	buf_release(&b);
}

static int count_events(struct control_client *c, uint64_t *last, uint64_t *resync)
{
	cJSON *m;
	int n = 0;

	while ((m = control_next(c))) {
		const cJSON *event = json_obj(m, "event");

		if (event) {
			uint64_t seq = (uint64_t)json_int(event, "seq", 0);

			assert_true(seq == *last + 1);
			*last = seq;
			n++;
		}
		if (json_get(m, "resync")) {
			*resync = (uint64_t)json_int(m, "resync", 0);
			*last = *resync;
		}
		cJSON_Delete(m);
	}
	return n;
}

/* The client blocks in its calls, so the server turns in a child process. */
static pid_t serve(struct fixture *f, int events, int interval_ms, size_t bulk)
{
	pid_t pid = fork();
	int64_t next = clock_mono_ms() + 300;

	if (pid)
		return pid;
	for (;;) {
		loop_once(f->loop, 5);
		if (events > 0 && clock_mono_ms() >= next) {
			next = clock_mono_ms() + interval_ms;
			happen(f, "warning", bulk);
			events--;
		}
	}
}

static void end_server(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void follow(struct control_client *c, uint64_t *last, uint64_t *resync, uint64_t until)
{
	int64_t end = clock_mono_ms() + 20000;
	struct error err;

	while (*last < until) {
		struct pollfd p = { .fd = control_fd(c), .events = control_events(c) };

		if (clock_mono_ms() > end)
			fail_msg("event %llu of %llu", (unsigned long long)*last, (unsigned long long)until);
		poll(&p, 1, 100);
		assert_int_equal(control_pump(c, &err), AVO_OK);
		count_events(c, last, resync);
	}
}

static void a_late_viewer_gets_every_event_in_order(void **state)
{
	struct fixture *f = *state;
	struct control_client *c;
	uint64_t last = 100, resync = 0;
	pid_t pid;
	int i;

	for (i = 0; i < 5000; i++)
		happen(f, "warning", 60);
	pid = serve(f, 50, 2, 40);
	assert_int_equal(control_connect(&c, f->dir, true, &f->err), AVO_OK);
	assert_string_equal(json_str(control_hello(c), "run", ""), "test");
	assert_int_equal(control_subscribe(c, 100, &f->err), AVO_OK);
	follow(c, &last, &resync, 5050);
	assert_int_equal(resync, 0);
	control_close(c);
	end_server(pid);
}

static void a_viewer_that_never_reads_stalls_nobody(void **state)
{
	struct fixture *f = *state;
	struct control_client *slow, *quick;
	uint64_t slow_last = 0, last = 0, resync = 0, ignored = 0;
	pid_t pid = serve(f, 400, 1, 20000);	/* 8 MB in all */

	assert_int_equal(control_connect(&slow, f->dir, true, &f->err), AVO_OK);
	assert_int_equal(control_subscribe(slow, 0, &f->err), AVO_OK);
	assert_int_equal(control_connect(&quick, f->dir, true, &f->err), AVO_OK);
	assert_int_equal(control_subscribe(quick, 0, &f->err), AVO_OK);
	follow(quick, &last, &ignored, 400);
	assert_int_equal(ignored, 0);
	/* the slow one wakes up: a prefix, then word of what it missed */
	follow(slow, &slow_last, &resync, 400);
	assert_int_equal(resync, 400);
	control_close(slow);
	control_close(quick);
	end_server(pid);
}

static void a_hundred_viewers_see_the_same(void **state)
{
	struct fixture *f = *state;
	struct control_client *c[100];
	pid_t pid = serve(f, 20, 20, 100);
	int i;

	for (i = 0; i < 100; i++) {
		assert_int_equal(control_connect(&c[i], f->dir, true, &f->err), AVO_OK);
		assert_int_equal(control_subscribe(c[i], 0, &f->err), AVO_OK);
	}
	for (i = 0; i < 100; i++) {
		uint64_t last = 0, resync = 0;

		follow(c[i], &last, &resync, 20);
		assert_int_equal(resync, 0);
		control_close(c[i]);
	}
	end_server(pid);
}

static void long_paths_and_stale_sockets_work(void **state)
{
	struct fixture f;
	struct control_client *c;
	struct stat st;
	char below[220], *path;
	pid_t pid;

	memset(below, 'd', 200);
	below[200] = '\0';
	open_fixture(&f, below);
	path = path_join(f.dir, ".avo/ctl.sock");
	assert_true(strlen(path) > 200);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	pid = serve(&f, 0, 1, 0);
	assert_int_equal(control_connect(&c, f.dir, false, &f.err), AVO_OK);
	control_close(c);
	end_server(pid);
	/* the descriptor is still open here: take the server down without its manners, then start another */
	control_server_free(f.server);
	assert_int_equal(control_connect(&c, f.dir, false, &f.err), AVO_NEGATIVE);
	assert_int_equal(path_write_atomic(path, "", 0, 0600, NULL), AVO_OK);
	assert_int_equal(control_server_new(&f.server, f.loop, f.dir, &handlers, &f, &f.err), AVO_OK);
	control_server_free(f.server);
	journal_close(f.journal);
	loop_free(f.loop);
	*strrchr(f.dir, '/') = '\0';
	path_remove_tree(f.dir, NULL);
	free(path);
	free(f.dir);
}

static void a_viewer_that_floods_is_held_back_not_the_engine(void **state)
{
	struct fixture *f = *state;
	static char flood[60000];
	size_t sent = 0, i;
	int fd = dial(f), blocked = 0;

	for (i = 0; i + 30 < sizeof(flood);)
		i += (size_t)snprintf(flood + i, sizeof(flood) - i, "{\"cmd\":\"status\",\"id\":1}\n");
	while (blocked < 50 && sent < (size_t)64 << 20) {
		ssize_t n = send(fd, flood, i, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0)
			sent += (size_t)n;
		else
			blocked++;
		turn(f, 1);
	}
	/* answers nobody reads are bounded, and so is what is taken in */
	assert_true(sent < (size_t)16 << 20);
	assert_int_equal(control_server_viewers(f->server), 1);
	close(fd);
	turn(f, 3);
	assert_int_equal(control_server_viewers(f->server), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(commands_are_answered_by_id, setup, teardown),
		cmocka_unit_test_setup_teardown(read_only_viewers_cannot_command, setup, teardown),
		cmocka_unit_test_setup_teardown(nonsense_is_answered_and_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(a_late_viewer_gets_every_event_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(a_viewer_that_never_reads_stalls_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(a_hundred_viewers_see_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(a_viewer_that_floods_is_held_back_not_the_engine, setup, teardown),
		cmocka_unit_test(long_paths_and_stale_sockets_work),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
