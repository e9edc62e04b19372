#include "avo.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "llm/client.h"
#include "llm/http_url.h"
#include "llm/wire.h"

#define MAX_ERROR_BODY ((size_t)1 << 20)
#define MAX_ANSWER ((size_t)64 << 20)
/* After so many broken streams the answer is asked for in one piece: some proxies cannot stream. */
#define STREAMS_BEFORE_WHOLE 3

struct llm_call {
	struct http *http;
	struct loop *loop;
	const struct llm_config *config;
	struct llm_callbacks cb;
	void *arg;
	struct llm_patience patience;
	struct buf streamed, whole;		/* the two forms of the body */
	char *url;
	struct http_transfer *transfer;
	struct wire_events events;
	struct decoder decoder;
	struct buf body;			/* an error's, or an answer in one piece */
	struct llm_fault fault;
	struct error decode_error;
	unsigned tries, broken, back_offs;
	bool streaming, is_event_stream;
	int64_t started_ms, due_ms;		/* of the call; of the next try */
	unsigned seen;				/* decoder.meaningful when the stall clock looked last */
	enum llm_remedy remedy;
	struct loop_timer *timer;		/* a wait, or the stall clock */
};

static void try_now(struct llm_call *c);

static void free_call(struct llm_call *c)
{
	loop_remove_timer(c->loop, c->timer);
	http_cancel(c->transfer);
	decoder_release(&c->decoder);
	buf_release(&c->streamed);
	buf_release(&c->whole);
	buf_release(&c->body);
	free(c->url);
	free(c);
}

void llm_call_cancel(struct llm_call *c)
{
	if (c)
		free_call(c);
}

static void end_call(struct llm_call *c, enum llm_outcome outcome, struct llm_reply *reply)
{
	struct llm_callbacks cb = c->cb;
	struct llm_fault fault = c->fault;
	void *arg = c->arg;

	free_call(c);
	cb.done(arg, outcome, reply, &fault);
}

/* --- waiting ------------------------------------------------------------------- */

static void tick(void *arg)
{
	struct llm_call *c = arg;
	int64_t left = c->due_ms - clock_mono_ms();
	struct llm_wait wait = { c->tries + 1, left, c->fault.text, c->remedy };

	c->timer = NULL;
	if (left <= 0) {
		try_now(c);
		return;
	}
	c->timer = loop_add_timer(c->loop, left < 1000 ? left : 1000, tick, c);
	if (c->cb.wait)
		c->cb.wait(c->arg, &wait);
}

static void wait_for(struct llm_call *c, int64_t ms)
{
	c->due_ms = clock_mono_ms() + ms;
	c->timer = loop_add_timer(c->loop, 0, tick, c);
}

void llm_call_hurry(struct llm_call *c)
{
	if (c->transfer)
		return;
	loop_remove_timer(c->loop, c->timer);
	wait_for(c, 0);
}

/* --- judging a try -------------------------------------------------------------- */

static void describe_fault(struct llm_call *c, const struct http_result *http)
{
	struct llm_fault *f = &c->fault;

	memset(f, 0, sizeof(*f));
	f->status = http->status;
	if (http->end == HTTP_PROXY_REFUSED) {
		snprintf(f->text, sizeof(f->text), "%s", http->what);
	} else if (http->status >= 400) {
		wire_read_fault(f, http->status, buf_cstr(&c->body), c->body.len);
	} else if (http->status >= 300) {
		snprintf(f->text, sizeof(f->text), "the server redirects elsewhere (status %ld); "
			 "avo does not follow with a key: correct agent.base-url", http->status);
	} else if (c->decoder.failed) {
		*f = c->decoder.fault;
		if (!f->text[0])
			snprintf(f->text, sizeof(f->text), "the server reported an error in the middle of its answer");
	}
}

/* A break is classified by what the connection did; its words are only for people. */
static void describe_break(struct llm_call *c, const struct http_result *http)
{
	if (c->fault.text[0])
		return;
	if (http->status == 200 && strncmp(http->content_type, "text/html", 9) == 0)
		snprintf(c->fault.text, sizeof(c->fault.text), "%s answered with a web page; is agent.base-url right?", c->url);
	else
		snprintf(c->fault.text, sizeof(c->fault.text), "%.380s", http->what[0] ? http->what :
			 c->decode_error.text[0] ? c->decode_error.text : "the answer broke off");
}

static void take_remedy(struct llm_call *c, const struct http_result *http)
{
	const struct llm_patience *p = &c->patience;

	c->remedy = llm_classify(http, &c->fault, c->broken);
	describe_break(c, http);
	log_info("model call, try %u: %s (status %ld, %s%s%s): %s", c->tries, llm_remedy_name(c->remedy), http->status,
		 c->fault.type, http->request_id[0] ? ", request " : "", http->request_id, c->fault.text);
	if (c->config->outage_ms > 0 && clock_mono_ms() - c->started_ms > c->config->outage_ms)
		c->remedy = LLM_PAUSE;
	switch (c->remedy) {
	case LLM_RETRY_NOW:
		wait_for(c, 0);
		return;
	case LLM_RETRY_AFTER:
		/* a little later than told: many clients were told the same */
		wait_for(c, http->retry_after_ms + llm_back_off_ms(0, p->first_ms, p->limit_ms));
		return;
	case LLM_BACK_OFF:
		wait_for(c, llm_back_off_ms(c->back_offs++, p->first_ms, p->limit_ms));
		return;
	case LLM_COMPACT:
		end_call(c, LLM_TOO_LONG, NULL);
		return;
	case LLM_PAUSE:
		end_call(c, LLM_NEEDS_PERSON, NULL);
		return;
	case LLM_FATAL:
		end_call(c, LLM_REFUSED_REQUEST, NULL);
		return;
	}
}

static enum avo_status decode(struct llm_reply *out, struct llm_call *c)
{
	enum avo_status st = AVO_OK;

	if (c->body.len && !c->is_event_stream)
		st = decoder_whole(&c->decoder, buf_cstr(&c->body), c->body.len, &c->decode_error);
	if (st != AVO_OK)
		return st;
	st = decoder_finish(out, &c->decoder, &c->decode_error);
	out->streamed = c->is_event_stream;
	return st;
}

static void transfer_done(void *arg, const struct http_result *http)
{
	struct llm_call *c = arg;
	struct llm_reply reply = { 0 };
	bool good = http->status == 200 && (http->end == HTTP_DONE || http->end == HTTP_STOPPED);

	c->transfer = NULL;
	loop_remove_timer(c->loop, c->timer);
	c->timer = NULL;
	memset(&c->decode_error, 0, sizeof(c->decode_error));
	/* a stream may be whole although its connection did not end well */
	if (http->status == 200 && (c->decoder.finished || c->decoder.failed))
		good = true;
	if (good && decode(&reply, c) == AVO_OK) {
		end_call(c, LLM_ANSWERED, &reply);
		return;
	}
	llm_reply_release(&reply);
	if (c->decoder.usage.known && c->cb.wasted)
		c->cb.wasted(c->arg, &c->decoder.usage);
	describe_fault(c, http);
	if ((http->end == HTTP_BROKEN || http->end == HTTP_SILENT || http->status) && http->status < 300)
		c->broken++;
	if (c->broken >= STREAMS_BEFORE_WHOLE)
		c->streaming = false;
	take_remedy(c, http);
}

/* --- a try ---------------------------------------------------------------------- */

static bool take_body(void *arg, long status, const char *data, size_t len)
{
	struct llm_call *c = arg;
	size_t i = 0;

	if (status != 200)
		return c->body.len + len <= MAX_ERROR_BODY ? buf_add(&c->body, data, len) : true;
	/* what comes decides, not what was asked for: servers stream or not as they please */
	if (!c->is_event_stream && c->body.len == 0) {
		while (i < len && strchr(" \t\r\n", data[i]))
			i++;
		if (i == len)
			return true;
		c->is_event_stream = data[i] != '{' && data[i] != '<';
	}
	if (!c->is_event_stream)
		return buf_add(&c->body, data, len);
	return decoder_feed(&c->decoder, data, len, &c->decode_error) == AVO_OK && !c->decoder.finished && !c->decoder.failed;
}

static int64_t stall_ms(const struct llm_call *c)
{
	return c->config->stall_ms > 0 ? c->config->stall_ms : 10 * 60000;
}

static void stall_clock(void *arg)
{
	struct llm_call *c = arg;
	struct http_result stalled = { .end = HTTP_SILENT, .status = 200, .retry_after_ms = -1, .should_retry = -1 };

	c->timer = NULL;
	if (c->decoder.meaningful != c->seen || !c->is_event_stream) {
		c->seen = c->decoder.meaningful;
		c->timer = loop_add_timer(c->loop, stall_ms(c), stall_clock, c);
		return;
	}
	http_cancel(c->transfer);
	snprintf(stalled.what, sizeof(stalled.what), "the server sent only signs of life for %lld s",
		 (long long)(stall_ms(c) / 1000));
	transfer_done(c, &stalled);
}

static size_t build_headers(const char *out[32], char *owned[8], const struct llm_config *config)
{
	size_t made = config->wire->headers(owned, config), n = 0, i;

	out[n++] = "Content-Type: application/json";
	out[n++] = "Accept: text/event-stream, application/json";
	for (i = 0; i < made; i++)
		out[n++] = owned[i];
	for (i = 0; config->headers && config->headers[i] && n < 31; i++)
		out[n++] = config->headers[i];
	out[n] = NULL;
	return made;
}

static void try_now(struct llm_call *c)
{
	static const struct http_callbacks callbacks = { take_body, transfer_done };
	const struct buf *body = c->streaming ? &c->streamed : &c->whole;
	const char *headers[32];
	char *owned[8];
	struct http_request r = { c->url, headers, body->data, body->len, c->config->header_ms, c->config->idle_ms, c->broken > 0,
				  c->config->ca_file };
	struct error err = { 0 };
	size_t made, i;
	enum avo_status st;

	if (c->tries++ > 0 && c->cb.again)
		c->cb.again(c->arg);
	decoder_release(&c->decoder);
	decoder_init(&c->decoder, c->config->wire, &c->events);
	buf_clear(&c->body);
	c->is_event_stream = false;
	c->seen = 0;
	made = build_headers(headers, owned, c->config);
	st = http_start(&c->transfer, c->http, &r, &callbacks, c, &err);
	for (i = 0; i < made; i++) {
		explicit_bzero(owned[i], strlen(owned[i]));
		free(owned[i]);
	}
	if (st != AVO_OK) {
		snprintf(c->fault.text, sizeof(c->fault.text), "%.380s", err.text);
		end_call(c, LLM_REFUSED_REQUEST, NULL);
		return;
	}
	c->timer = loop_add_timer(c->loop, stall_ms(c), stall_clock, c);
}

enum avo_status llm_call_start(struct llm_call **out, struct http *http, struct loop *loop,
			       const struct llm_request *request, const struct llm_patience *patience,
			       const struct llm_callbacks *cb, void *arg, struct error *err)
{
	const struct llm_config *config = request->config;
	enum avo_status st = http_check_url(config->base_url, err);
	struct llm_call *c;

	*out = NULL;
	if (st != AVO_OK)
		return st;
	c = xcalloc(1, sizeof(*c));
	c->http = http;
	c->loop = loop;
	c->config = config;
	c->cb = *cb;
	c->arg = arg;
	c->patience.first_ms = patience && patience->first_ms > 0 ? patience->first_ms : 1000;
	c->patience.limit_ms = patience && patience->limit_ms > 0 ? patience->limit_ms : 5 * 60000;
	c->events = (struct wire_events){ cb->text, cb->tool, arg };
	c->streaming = true;
	c->started_ms = clock_mono_ms();
	c->url = xasprintf("%s%s", config->base_url, config->wire->path);
	buf_init(&c->body, MAX_ANSWER);
	config->wire->encode(&c->streamed, request, true);
	config->wire->encode(&c->whole, request, false);
	decoder_init(&c->decoder, config->wire, &c->events);
	if (c->streamed.overflow || c->whole.overflow) {
		free_call(c);
		return error_set(err, AVO_USAGE, "the question is too large to send");
	}
	/* from the loop, so that done() is never called in here */
	wait_for(c, 0);
	*out = c;
	return AVO_OK;
}
