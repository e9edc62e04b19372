/* What `avo doctor` learns of a model in one call: what it can do, or why it cannot be asked. Never a second try. */
#include "avo.h"
#include "agent/doctor.h"
#include "base/clock.h"
#include "base/mem.h"
#include "tests/unit/llm/trial.h"

#include <sys/wait.h>
#include <unistd.h>

/* A server in a process of its own: the doctor has a loop of its own. */
struct clinic {
	pid_t pid;
	int port;
	struct conf *conf;
};

struct behaviour {
	enum model_wire wire;
	int status;
	const char *body;
	bool words_only, whole, refuses_proxied;
};

static void answer(void *arg, const struct model_ask *ask, struct model_answer *out)
{
	const struct behaviour *b = arg;
	struct model_turn turn = { .input = 100, .output = 20 };

	if (b->words_only)
		turn.text = "I am ready.";
	else
		turn.calls[0] = (struct model_call){ "c", "ready", "{\"ready\":true}" };
	if (b->status) {
		out->status = b->status;
		buf_addstr(&out->body, b->body);
	} else if (b->whole) {
		model_whole(&out->body, b->wire, &turn);
		out->content_type = "application/json";
	} else {
		model_stream(&out->body, b->wire, &turn);
	}
}

static void serve(int port_fd, struct behaviour *b)
{
	struct model_server *server;
	struct loop *loop;
	int port;

	loop_new(&loop, NULL);
	server = model_server_new(loop, answer, b);
	if (b->refuses_proxied)
		model_server_be_proxy(server, 407);
	port = model_server_port(server);
	if (write(port_fd, &port, sizeof(port)) == sizeof(port))
		loop_run(loop);
	_exit(0);
}

static void open_clinic(struct clinic *c, struct behaviour b)
{
	char url[64];
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	c->pid = fork();
	if (c->pid == 0)
		serve(fds[1], &b);
	assert_int_equal(read(fds[0], &c->port, sizeof(c->port)), sizeof(c->port));
	close(fds[0]);
	close(fds[1]);
	conf_new(&c->conf, NULL);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", c->port);
	conf_set(c->conf, "agent.base-url", url, NULL);
	conf_set(c->conf, "agent.model", "scripted", NULL);
	conf_set(c->conf, "agent.api", b.wire == MODEL_MESSAGES ? "messages" : "chat", NULL);
	conf_set(c->conf, "agent.key-command", "echo sk-doctor-0123456789", NULL);
}

static void close_clinic(struct clinic *c)
{
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	conf_free(c->conf);
}

static void assert_problem(struct clinic *c, const char *words)
{
	struct model_check m;
	struct error err = { 0 };
	int64_t before = clock_mono_ms();

	assert_int_equal(agent_doctor(&m, c->conf, &err), AVO_ENVIRONMENT);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
	assert_null(strstr(err.text, "sk-doctor"));
	/* it does not wait until it gets better */
	assert_true(clock_mono_ms() - before < 30000);
}

static void a_model_that_answers_is_described(void **state)
{
	struct model_check m;
	struct clinic c;
	int w;

	for (w = 0; w < 2; w++) {
		open_clinic(&c, (struct behaviour){ .wire = (enum model_wire)w });
		assert_int_equal(agent_doctor(&m, c.conf, NULL), AVO_OK);
		assert_true(m.streamed && m.calls_tools);
		assert_string_equal(m.answered_as, "scripted");
		assert_string_equal(m.key, "agent.key-command");
		assert_int_equal(m.usage.output, 20);
		close_clinic(&c);
		open_clinic(&c, (struct behaviour){ .wire = (enum model_wire)w, .words_only = true, .whole = true });
		assert_int_equal(agent_doctor(&m, c.conf, NULL), AVO_OK);
		assert_false(m.streamed);
		assert_false(m.calls_tools);
		close_clinic(&c);
	}
}

static void what_a_server_says_is_passed_on(void **state)
{
	static const struct behaviour cases[] = {
		{ .status = 401, .body = "{\"error\":{\"type\":\"authentication_error\",\"message\":\"invalid x-api-key\"}}" },
		{ .status = 529, .body = "{\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}" },
		{ .status = 404, .body = "{\"error\":{\"message\":\"model 'scripted' not found\"}}" },
		{ .status = 429, .body = "{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"You exceeded your current quota\"}}" },
		{ .status = 502, .body = "<html><h1>Bad gateway</h1></html>" },
	};
	static const char *const words[] = { "invalid x-api-key", "Overloaded", "not found", "quota", "Bad gateway" };
	struct clinic c;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		open_clinic(&c, cases[i]);
		assert_problem(&c, words[i]);
		close_clinic(&c);
	}
}

static void what_lies_between_is_told_too(void **state)
{
	char url[64], proxy[64];
	struct clinic c;

	open_clinic(&c, (struct behaviour){ .refuses_proxied = true });
	snprintf(url, sizeof(url), "https://127.0.0.1:%d", c.port);
	conf_set(c.conf, "agent.base-url", url, NULL);
	assert_problem(&c, "speaks no TLS");
	conf_set(c.conf, "agent.base-url", "https://" NO_NAME, NULL);
	assert_problem(&c, "the name " NO_NAME " cannot be resolved: is agent.base-url right, and is the network up?");
	conf_set(c.conf, "agent.base-url", "http://127.0.0.1:1", NULL);
	assert_problem(&c, "127.0.0.1:1 does not answer: does the server run?");
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	conf_set(c.conf, "agent.base-url", "https://model.example", NULL);
	assert_problem(&c, "the proxy 127.0.0.1:1 (from https_proxy) does not answer");
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", c.port);
	setenv("https_proxy", proxy, 1);
	assert_problem(&c, "wants a name and a password (status 407)");
	unsetenv("https_proxy");
	close_clinic(&c);
}

static void a_key_that_cannot_be_had_is_told(void **state)
{
	struct clinic c;

	open_clinic(&c, (struct behaviour){ 0 });
	conf_set(c.conf, "agent.key-command", "echo 'the vault is sealed' >&2; exit 2", NULL);
	assert_problem(&c, "agent.key-command failed (exit status 2: the vault is sealed)");
	conf_set(c.conf, "agent.key-command", "sleep 60", NULL);
	conf_set(c.conf, "agent.key-timeout", "1", NULL);
	assert_problem(&c, "did not end within 1 s");
	close_clinic(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_model_that_answers_is_described),
		cmocka_unit_test(what_a_server_says_is_passed_on),
		cmocka_unit_test(what_lies_between_is_told_too),
		cmocka_unit_test(a_key_that_cannot_be_had_is_told),
	};
	static const char *const variables[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
						 "SSL_CERT_FILE" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(variables); i++)
		unsetenv(variables[i]);
	setenv("AVO_LOG", "error", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
