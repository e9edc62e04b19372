/*
 * What lies between the client and its server: names, certificates, proxies, connections that die. Each has
 * its words, and its class: waited out where waiting helps, handed to a person at once where it does not.
 */
#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "llm/http_url.h"
#include "tests/unit/llm/trial.h"

#include <time.h>
#include <unistd.h>

static const struct model_answer good = { 0 };
static char ca_file[] = "/tmp/avo-ca-XXXXXX";

static void assert_words(const char *got, const char *want)
{
	if (!strstr(got, want))
		fail_msg("'%s' does not say '%s'", got, want);
}

/* A person is needed, at once: nothing was sent, nothing is tried again. */
static void assert_needs_person(struct trial t, const char *words)
{
	FOR_BOTH(w) {
		t.wire = both_wires[w];
		t.script = &good;
		t.length = 1;
		trial_run(&t);
		if (!t.done)
			fail_msg("it waits, since: %s", t.why);
		assert_int_equal(t.outcome, LLM_NEEDS_PERSON);
		assert_words(t.fault.text, words);
		assert_int_equal(t.asks, 0);
		assert_int_equal(t.waits, 0);
		trial_release(&t);
	}
}

/* It is waited for, with growing pauses that are announced. */
static void assert_waits(struct trial t, const char *words)
{
	t.wire = MODEL_MESSAGES;
	t.script = &good;
	t.length = 1;
	t.stop_after_waits = 3;
	trial_run(&t);
	assert_false(t.done);
	assert_int_equal(t.remedy, LLM_BACK_OFF);
	assert_words(t.why, words);
	assert_int_equal(t.asks, 0);
	trial_release(&t);
}

/* --- certificates ------------------------------------------------------------------ */

static struct model_tls *serve_with(enum model_cert kind)
{
	struct model_tls *tls = model_tls_new(kind, ca_file);

	if (!tls)
		skip();
	return tls;
}

static void a_server_with_a_ca_of_its_own_is_trusted_when_it_is_named(void **state)
{
	struct model_tls *tls = serve_with(MODEL_CERT_GOOD);

	FOR_BOTH(w) {
		struct model_answer chunks = { .chunk = 17 };
		struct trial t = { .wire = both_wires[w], .script = &chunks, .length = 1, .tls = tls, .ca_file = ca_file };

		trial_run(&t);
		assert_int_equal(t.waits, 0);
		trial_assert_hello(&t, 1);
	}
	model_tls_free(tls);
}

static void a_certificate_that_is_not_accepted_needs_a_person(void **state)
{
	static const struct {
		enum model_cert kind;
		bool ca;
		const char *words;
	} cases[] = {
		{ MODEL_CERT_GOOD, false, "signed by nobody whom this machine trusts (unknown issuer): if the server is yours, name its CA certificate in agent.ca-file" },
		{ MODEL_CERT_SELF_SIGNED, false, "(self-signed)" },
		{ MODEL_CERT_SELF_SIGNED, true, "(self-signed)" },
		{ MODEL_CERT_EXPIRED, true, "has expired: it must be renewed there, unless this machine's clock is wrong" },
		{ MODEL_CERT_OTHER_HOST, true, "is for another host: write the name that is in it into agent.base-url" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct model_tls *tls = serve_with(cases[i].kind);

		assert_needs_person((struct trial){ .tls = tls, .ca_file = cases[i].ca ? ca_file : NULL }, cases[i].words);
		model_tls_free(tls);
	}
}

static void a_ca_file_without_certificates_is_named(void **state)
{
	struct model_tls *tls = serve_with(MODEL_CERT_GOOD);

	assert_int_equal(path_write_atomic(ca_file, "no certificate\n", 15, 0600, NULL), AVO_OK);
	assert_needs_person((struct trial){ .tls = tls, .ca_file = ca_file }, "holds no CA certificate (PEM): agent.ca-file");
	model_tls_free(tls);
}

static void a_server_without_tls_behind_https_is_told(void **state)
{
	assert_needs_person((struct trial){ .url = "https://127.0.0.1:" }, "speaks no TLS: is the port in agent.base-url right?");
}

static void a_server_whose_tls_is_too_old_is_told(void **state)
{
	struct model_tls *tls = serve_with(MODEL_CERT_GOOD);

	model_tls_be_old(tls);
	assert_needs_person((struct trial){ .tls = tls, .ca_file = ca_file }, "and this machine agree on no TLS (");
	model_tls_free(tls);
}

static void a_handshake_that_dies_is_waited_out(void **state)
{
	struct trial t = { .url = "https://127.0.0.1:", .cut_uploads_at = 1, .cut_uploads = 1000 };

	assert_waits(t, "no TLS connection to 127.0.0.1:");
}

/* --- names and connections ------------------------------------------------------------ */

static void a_name_that_does_not_resolve_is_waited_for(void **state)
{
	assert_waits((struct trial){ .url = "https://" NO_NAME }, "the name " NO_NAME " cannot be resolved: is agent.base-url right");
}

static void an_upload_that_is_cut_off_is_sent_again(void **state)
{
	struct model_tls *tls = model_tls_new(MODEL_CERT_GOOD, ca_file);
	char *big = xmalloc((10 << 20) + 1);

	memset(big, 'x', 10 << 20);
	big[10 << 20] = '\0';
	FOR_BOTH(secure) {
		struct trial t = { .script = &good, .length = 1, .words = big, .cut_uploads_at = 1 << 20, .ca_file = ca_file,
				   .tls = secure ? tls : NULL };

		if (secure && !tls)
			break;
		trial_run(&t);
		assert_int_equal(t.agains, 1);
		trial_assert_hello(&t, 1);
	}
	model_tls_free(tls);
	free(big);
}

/* --- HTTP/2 ------------------------------------------------------------------------------ */

static struct model_tls *serve_h2(void)
{
	struct model_tls *tls = serve_with(MODEL_CERT_GOOD);

	model_tls_offer_h2(tls);
	return tls;
}

static void http_2_is_spoken_where_the_server_does(void **state)
{
	struct model_tls *tls = serve_h2();
	char *big = xmalloc((1 << 20) + 1);

	memset(big, 'x', 1 << 20);
	big[1 << 20] = '\0';
	FOR_BOTH(w) {
		struct model_answer chunks = { .chunk = 23 };
		struct trial t = { .wire = both_wires[w], .script = &chunks, .length = 1, .tls = tls, .ca_file = ca_file, .words = w ? big : NULL };

		trial_run(&t);
		assert_true(t.saw_h2);
		assert_string_equal(buf_cstr(&t.streamed), "hello");
		trial_assert_hello(&t, 1);
	}
	model_tls_free(tls);
	free(big);
}

static void what_breaks_an_http_2_stream_is_made_good(void **state)
{
	static const struct model_answer bad[] = {
		{ .cut_at = 100, .end = MODEL_END_RESET }, { .cut_at = 1, .end = MODEL_END_RESET }, { .cut_at = 100, .end = MODEL_END_GO_AWAY },
		{ .cut_at = 100, .end = MODEL_END_CUT }, { .cut_at = 100 }, { .status = 503 },
		{ .status = 429, .headers = "Retry-After-Ms: 20\r\n" }, { .cut_at = 100, .end = MODEL_END_HANG },
	};
	struct model_tls *tls = serve_h2();
	size_t i;

	FOR_BOTH(w) for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct model_answer script[2] = { bad[i], { 0 } };
		struct trial t = { .wire = both_wires[w], .script = script, .length = 2, .tls = tls, .ca_file = ca_file, .silence_ms = 1500 };

		trial_run(&t);
		assert_int_equal(t.agains, 1);
		assert_true(t.saw_h2);
		assert_string_equal(buf_cstr(&t.streamed), "hello");
		trial_assert_hello(&t, 2);
	}
	model_tls_free(tls);
}

/* --- proxies -------------------------------------------------------------------------- */

static void a_proxy_of_the_environment_is_used_and_sees_no_key(void **state)
{
	struct model_tls *tls;

	FOR_BOTH(w) {
		struct trial t = { .wire = both_wires[w], .script = &good, .length = 1, .url = "http://model.example", .proxy_status = 200,
				   .proxy_variable = "http_proxy" };

		trial_run(&t);
		assert_int_equal(t.tunnels, 1);
		assert_words(t.tunnel_head, "Proxy-Authorization: Basic");
		trial_assert_hello(&t, 1);
	}
	tls = serve_with(MODEL_CERT_GOOD);
	FOR_BOTH(w) {
		struct trial t = { .wire = both_wires[w], .script = &good, .length = 1, .url = "https://model.example", .proxy_status = 200,
				   .proxy_variable = w ? "HTTPS_PROXY" : "https_proxy", .tls = tls, .ca_file = ca_file };

		trial_run(&t);
		assert_int_equal(t.tunnels, 1);
		assert_words(t.tunnel_head, "CONNECT model.example:443 ");
		assert_words(t.tunnel_head, "Proxy-Authorization: Basic");
		assert_null(strstr(t.tunnel_head, "sk-secret-key"));
		trial_assert_hello(&t, 1);
	}
	/* the proxy opens the tunnel, but who is at its other end is somebody else */
	assert_needs_person((struct trial){ .url = "https://model.test", .proxy_status = 200, .proxy_variable = "https_proxy", .tls = tls, .ca_file = ca_file },
			    "the certificate of model.test is for another host");
	model_tls_free(tls);
}

static void a_proxy_that_refuses_needs_a_person(void **state)
{
	struct trial t = { .url = "https://model.example", .proxy_variable = "https_proxy", .proxy_status = 407 };

	assert_needs_person(t, "wants a name and a password (status 407): put them into https_proxy");
	t.url = "http://model.example";
	t.proxy_variable = "http_proxy";
	assert_needs_person(t, "wants a name and a password (status 407): put them into http_proxy");
	t.url = "https://model.example";
	t.proxy_variable = "ALL_PROXY";
	t.proxy_status = 403;
	assert_needs_person(t, "does not let through to model.example (status 403)");
}

static void a_proxy_that_is_away_is_waited_for(void **state)
{
	struct trial t = { .url = "https://model.example", .proxy_variable = "https_proxy", .proxy_status = 503 };

	assert_waits(t, "does not let through to model.example (status 503)");
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	assert_waits((struct trial){ .url = "https://model.example" }, "the proxy 127.0.0.1:1 (from https_proxy) does not answer");
	setenv("https_proxy", NO_NAME ":3128", 1);
	assert_waits((struct trial){ .url = "https://model.example" }, "the name of the proxy " NO_NAME ":3128 cannot be resolved: is https_proxy right?");
	unsetenv("https_proxy");
}

static void this_machine_and_no_proxy_go_without(void **state)
{
	struct trial t = { .script = &good, .length = 1 };

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	trial_run(&t);
	trial_assert_hello(&t, 1);
	setenv("no_proxy", "elsewhere.example, .invalid", 1);
	assert_waits((struct trial){ .url = "https://" NO_NAME }, "the name " NO_NAME " cannot be resolved");
	assert_null(http_proxy_variable("https://a.model.invalid"));
	assert_string_equal(http_proxy_variable("https://valid"), "https_proxy");
	setenv("no_proxy", "*", 1);
	assert_null(http_proxy_variable("https://model.example"));
	unsetenv("no_proxy");
	unsetenv("http_proxy");
	unsetenv("https_proxy");
}

/* --- URLs ------------------------------------------------------------------------------ */

static void only_this_machine_gets_a_key_in_clear(void **state)
{
	static const char *const fine[] = { "https://api.example", "http://localhost:8080", "http://127.0.0.1", "http://127.1.2.3:1/v1", "http://[::1]:8080",
					    "HTTPS://API.example/base" };
	static const char *const refused[] = { "http://localhost.example", "http://127.0.0.1.example", "http://127.example", "http://10.0.0.1",
					       "http://localhost@example.org", "https://eva:secret@api.example", "ftp://localhost", "localhost:8080",
					       "https://", "api.example", "" };
	struct error err = { 0 };
	char host[64];
	size_t i;

	unsetenv("AVO_ALLOW_HTTP");
	for (i = 0; i < ARRAY_LEN(fine); i++)
		assert_int_equal(http_check_url(fine[i], NULL), AVO_OK);
	for (i = 0; i < ARRAY_LEN(refused); i++) {
		assert_int_equal(http_check_url(refused[i], &err), AVO_USAGE);
		assert_null(strstr(err.text, "secret"));
	}
	assert_string_equal(http_host(host, sizeof(host), "https://api.example:8443/v1"), "api.example:8443");
	setenv("AVO_ALLOW_HTTP", "1", 1);
	assert_int_equal(http_check_url("http://node7:8000", NULL), AVO_OK);
}

/* --- answers that come differently -------------------------------------------------------- */

static void what_a_server_calls_its_answer_does_not_matter(void **state)
{
	static const char *const types[] = { "text/plain", "application/json", "application/octet-stream", "text/event-stream; charset=utf-8" };
	struct model_turn turn = { .text = "hello", .output = 2 };
	size_t i;

	FOR_BOTH(w) for (i = 0; i < ARRAY_LEN(types); i++) {
		struct model_answer streamed = { .content_type = types[i] }, whole = { .content_type = types[i] };
		struct trial t = { .wire = both_wires[w], .script = &streamed, .length = 1 };

		trial_run(&t);
		trial_assert_hello(&t, 1);
		model_whole(&whole.body, both_wires[w], &turn);
		t = (struct trial){ .wire = both_wires[w], .script = &whole, .length = 1 };
		trial_run(&t);
		trial_assert_hello(&t, 1);
		buf_release(&whole.body);
	}
}

static uint32_t crc32_of(const char *data, size_t len)
{
	uint32_t crc = 0xffffffff;
	size_t i;
	int bit;

	for (i = 0; i < len; i++)
		for (crc ^= (unsigned char)data[i], bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	return ~crc;
}

static void add_le(struct buf *out, uint32_t n, int bytes)
{
	for (; bytes-- > 0; n >>= 8)
		buf_addch(out, (char)(n & 0xff));
}

/* One stored block: gzip that needs no compressor. */
static struct buf gzipped(const struct buf *plain)
{
	struct buf out = BUF_INIT;

	assert_true(plain->len < 65536);
	buf_add(&out, "\x1f\x8b\x08\0\0\0\0\0\0\xff\x01", 11);
	add_le(&out, (uint32_t)plain->len, 2);
	add_le(&out, ~(uint32_t)plain->len, 2);
	buf_add(&out, plain->data, plain->len);
	add_le(&out, crc32_of(plain->data, plain->len), 4);
	add_le(&out, (uint32_t)plain->len, 4);
	return out;
}

static void a_proxy_that_compresses_unasked_is_understood(void **state)
{
	struct model_turn turn = { .text = "hello", .output = 2 };

	FOR_BOTH(w) {
		struct model_answer packed = { .headers = "Content-Encoding: gzip\r\n", .chunk = 50 };
		struct trial t = { .wire = both_wires[w], .script = &packed, .length = 1 };
		struct buf plain = BUF_INIT;

		model_stream(&plain, both_wires[w], &turn);
		packed.body = gzipped(&plain);
		trial_run(&t);
		trial_assert_hello(&t, 1);
		buf_release(&packed.body);
		buf_release(&plain);
	}
}

static void one_event_of_many_megabytes_comes_in(void **state)
{
	static const char head[] = "data: {\"choices\":[{\"delta\":{\"content\":\"", tail[] = "\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
	const size_t size = 12 << 20;
	struct model_answer script = { .chunk = 10000 };
	struct trial t = { .wire = MODEL_CHAT, .script = &script, .length = 1 };
	char *big = xmalloc(size);

	memset(big, 'y', size);
	buf_init(&script.body, size + 1000);
	buf_addstr(&script.body, head);
	buf_add(&script.body, big, size);
	buf_addstr(&script.body, tail);
	trial_run(&t);
	assert_int_equal(t.outcome, LLM_ANSWERED);
	assert_int_equal(strlen(t.reply.message.blocks[0].text), size);
	trial_release(&t);
	buf_release(&script.body);
	free(big);
}

static void a_named_time_is_kept_however_long(void **state)
{
	static const struct {
		const char *header;	/* one that ends in a space lacks the date in an hour */
		int64_t least_ms, most_ms;
		enum llm_remedy remedy;
	} cases[] = {
		{ "Retry-After: 36000\r\n", 36000 * 1000LL, 36001 * 1000LL, LLM_RETRY_AFTER },
		{ "retry-after-ms: 90000\r\nRetry-After: 1\r\n", 89000, 91000, LLM_RETRY_AFTER },
		{ "Retry-After: 1\r\nRetry-After-Ms: 90000\r\n", 89000, 91000, LLM_RETRY_AFTER },
		{ "Retry-After: ", 3590 * 1000LL, 3601 * 1000LL, LLM_RETRY_AFTER },
		{ "Retry-After: -5\r\n", 0, 50, LLM_BACK_OFF },
		{ "Retry-After: soon\r\n", 0, 50, LLM_BACK_OFF },
	};
	time_t then = time(NULL) + 3600;
	char date[64];
	size_t i;

	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT\r\n", gmtime(&then));
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct model_answer busy = { .status = 429 };
		struct trial t = { .script = &busy, .length = 1, .stop_after_waits = 1 };

		snprintf(busy.headers, sizeof(busy.headers), "%s%s", cases[i].header, str_ends(cases[i].header, " ") ? date : "");
		trial_run(&t);
		assert_int_equal(t.remedy, cases[i].remedy);
		assert_in_range(t.waited_ms, cases[i].least_ms, cases[i].most_ms);
		trial_release(&t);
	}
}

static int begin(void **state)
{
	int fd = mkstemp(ca_file);
	static const char *const variables[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
						 "SSL_CERT_FILE" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(variables); i++)
		unsetenv(variables[i]);
	setenv("AVO_ALLOW_HTTP", "1", 1);
	close(fd);
	return fd < 0;
}

static int end(void **state)
{
	return unlink(ca_file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_with_a_ca_of_its_own_is_trusted_when_it_is_named),
		cmocka_unit_test(a_certificate_that_is_not_accepted_needs_a_person),
		cmocka_unit_test(a_ca_file_without_certificates_is_named),
		cmocka_unit_test(a_server_without_tls_behind_https_is_told),
		cmocka_unit_test(a_server_whose_tls_is_too_old_is_told),
		cmocka_unit_test(a_handshake_that_dies_is_waited_out),
		cmocka_unit_test(a_name_that_does_not_resolve_is_waited_for),
		cmocka_unit_test(an_upload_that_is_cut_off_is_sent_again),
		cmocka_unit_test(http_2_is_spoken_where_the_server_does),
		cmocka_unit_test(what_breaks_an_http_2_stream_is_made_good),
		cmocka_unit_test(a_proxy_of_the_environment_is_used_and_sees_no_key),
		cmocka_unit_test(a_proxy_that_refuses_needs_a_person),
		cmocka_unit_test(a_proxy_that_is_away_is_waited_for),
		cmocka_unit_test(this_machine_and_no_proxy_go_without),
		cmocka_unit_test(only_this_machine_gets_a_key_in_clear),
		cmocka_unit_test(what_a_server_calls_its_answer_does_not_matter),
		cmocka_unit_test(a_proxy_that_compresses_unasked_is_understood),
		cmocka_unit_test(one_event_of_many_megabytes_comes_in),
		cmocka_unit_test(a_named_time_is_kept_however_long),
	};

	setenv("AVO_LOG", "error", 1);
	return cmocka_run_group_tests(tests, begin, end);
}
