#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "llm/wire.h"
#include "tests/unit/llm/trial.h"

#define SECRET "sk-secret-key"
#define PROXY_SECRET "proxy-secret"

static const struct model_turn hello = { .text = "hello", .input = 10, .output = 2 };

static void answer(void *arg, const struct model_ask *ask, struct model_answer *out)
{
	struct trial *t = arg;
	const struct model_answer *from = &t->script[ask->number <= t->length ? ask->number - 1 : t->length - 1];
	struct buf body = BUF_INIT;

	t->asks = ask->number;
	t->saw_key = strstr(ask->head, t->wire == MODEL_MESSAGES ? "x-api-key: " SECRET : "Authorization: Bearer " SECRET) != NULL;
	t->saw_h2 = strcmp(ask->head, "HTTP/2") == 0;
	assert_null(strstr(ask->head, "Expect:"));
	*out = *from;
	if (from->body.data) {
		buf_add(&body, from->body.data, from->body.len);
	} else if (json_bool(ask->body, "stream", true)) {
		model_stream(&body, t->wire, &hello);
	} else {
		t->saw_whole = true;
		model_whole(&body, t->wire, &hello);
		out->content_type = "application/json";
		out->end = MODEL_END_CLEAN;
		out->cut_at = 0;
	}
	out->body = body;
}

static void on_text(void *arg, enum block_kind kind, const char *piece)
{
	buf_addstr(&((struct trial *)arg)->streamed, piece);
}

static void on_again(void *arg)
{
	struct trial *t = arg;

	t->agains++;
	buf_clear(&t->streamed);
}

static void on_wait(void *arg, const struct llm_wait *wait)
{
	struct trial *t = arg;

	assert_true(wait->why[0]);
	assert_null(strstr(wait->why, SECRET));
	assert_null(strstr(wait->why, PROXY_SECRET));
	t->waits++;
	t->remedy = wait->remedy;
	if (wait->left_ms > t->waited_ms)
		t->waited_ms = wait->left_ms;
	snprintf(t->why, sizeof(t->why), "%s", wait->why);
}

static void on_wasted(void *arg, const struct llm_usage *usage)
{
	((struct trial *)arg)->wasted++;
}

static void on_done(void *arg, enum llm_outcome outcome, struct llm_reply *reply, const struct llm_fault *fault)
{
	struct trial *t = arg;

	assert_null(strstr(fault->text, SECRET));
	assert_null(strstr(fault->text, PROXY_SECRET));
	t->done = true;
	t->outcome = outcome;
	t->fault = *fault;
	if (reply)
		t->reply = *reply;
}

static struct model_server *start_server(const struct trial *t)
{
	struct model_server *server = model_server_new(t->loop, answer, (void *)(uintptr_t)t);

	if (t->tls)
		model_server_use_tls(server, t->tls);
	if (t->proxy_status)
		model_server_be_proxy(server, t->proxy_status);
	if (t->cut_uploads_at)
		model_server_cut_uploads(server, t->cut_uploads_at, t->cut_uploads ? t->cut_uploads : 1);
	return server;
}

static void point_at_proxy(const char *variable, int port)
{
	char url[96];

	snprintf(url, sizeof(url), "http://eva:" PROXY_SECRET "@127.0.0.1:%d", port);
	setenv(variable, url, 1);
}

static void ask(struct trial *t, const struct llm_config *config, struct http *http)
{
	static const struct llm_callbacks callbacks = { on_text, NULL, on_again, on_wait, on_wasted, on_done };
	struct llm_patience patience = { 10, 40 };
	struct conversation c = { 0 };
	struct llm_request request = { .config = config, .system = "s", .conversation = &c };
	int64_t give_up = clock_mono_ms() + 60000;
	struct llm_call *call;
	struct message m;

	message_init(&m, ROLE_USER);
	message_add_text(&m, t->words ? t->words : "hi");
	conversation_add(&c, &m);
	assert_int_equal(llm_call_start(&call, http, t->loop, &request, &patience, &callbacks, t, NULL), AVO_OK);
	while (!t->done && clock_mono_ms() < give_up && !(t->stop_after_waits && t->waits >= t->stop_after_waits))
		loop_once(t->loop, 50);
	if (!t->done)
		llm_call_cancel(call);
	conversation_release(&c);
}

/* Owned. One that ends in ':' lacks the server's port. */
static char *base_url(const struct trial *t, int port)
{
	const char *url = t->url ? t->url : t->tls ? "https://127.0.0.1:" : "http://127.0.0.1:";

	return str_ends(url, ":") ? xasprintf("%s%d", url, port) : xstrdup(url);
}

void trial_run(struct trial *t)
{
	struct llm_config config = { .wire = t->wire == MODEL_MESSAGES ? &wire_messages : &wire_chat, .model = (char *)"m",
				     .key = (char *)SECRET, .max_output = 100, .ca_file = (char *)(uintptr_t)t->ca_file,
				     .outage_ms = t->outage_ms };
	struct model_server *server;
	struct http *http;

	config.header_ms = config.idle_ms = config.stall_ms = t->silence_ms ? t->silence_ms : 60000;
	loop_new(&t->loop, NULL);
	assert_int_equal(http_new(&http, t->loop, NULL), AVO_OK);
	server = start_server(t);
	config.base_url = base_url(t, model_server_port(server));
	if (t->proxy_variable)
		point_at_proxy(t->proxy_variable, model_server_port(server));
	t->done = false;
	ask(t, &config, http);
	if (t->proxy_variable)
		unsetenv(t->proxy_variable);
	t->tunnels = model_server_tunnels(server);
	snprintf(t->tunnel_head, sizeof(t->tunnel_head), "%s", model_server_tunnel_head(server));
	model_server_free(server);
	http_free(http);
	loop_free(t->loop);
	free(config.base_url);
}

void trial_release(struct trial *t)
{
	llm_reply_release(&t->reply);
	buf_release(&t->streamed);
}

void trial_assert_hello(struct trial *t, int asks)
{
	assert_true(t->done);
	if (t->outcome != LLM_ANSWERED)
		fail_msg("not answered: %s", t->fault.text);
	assert_int_equal(t->asks, asks);
	assert_true(t->saw_key || t->saw_h2);
	assert_int_equal(t->reply.message.count, 1);
	assert_string_equal(t->reply.message.blocks[0].text, "hello");
	assert_int_equal(t->reply.usage.output, 2);
	trial_release(t);
}

struct buf trial_text(const char *text)
{
	struct buf b = BUF_INIT;

	buf_addstr(&b, text);
	return b;
}
