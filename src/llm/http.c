#include "avo.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "llm/http.h"
#include "llm/http_end.h"
#include "llm/http_url.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <signal.h>
#include <strings.h>
#include <time.h>

#define HEADER_MS (15 * 60 * 1000)
#define IDLE_MS (3 * 60 * 1000)
#define MAX_WAITED 64

struct http_transfer {
	struct http *owner;
	struct http_transfer *next;
	CURL *easy;
	struct curl_slist *headers;
	struct buf body;		/* POSTFIELDS is not copied by libcurl */
	char *url, *ca_file;
	char error_text[CURL_ERROR_SIZE];
	struct http_callbacks cb;
	void *arg;
	struct loop_timer *watchdog;
	int64_t header_ms, idle_ms;
	int64_t last_byte_ms;
	bool got_headers, stopped;
	bool cancelled;			/* from inside libcurl: freed when it has returned */
	struct http_result result;
};

struct http {
	struct loop *loop;
	CURLM *multi;
	struct http_transfer *transfers;
	struct loop_timer *kick;	/* runs libcurl in the next round of the loop */
	bool performing;		/* inside libcurl: no handle may be removed */
};

static void collect_finished(struct http *h);
static void free_cancelled(struct http *h);

/* --- the loop ----------------------------------------------------------------- */

static void drive(struct http *h)
{
	int running;

	h->performing = true;
	curl_multi_perform(h->multi, &running);
	h->performing = false;
	free_cancelled(h);
	collect_finished(h);
}

static void kicked(void *arg)
{
	struct http *h = arg;

	h->kick = NULL;
	drive(h);
}

static void kick(struct http *h)
{
	if (!h->kick)
		h->kick = loop_add_timer(h->loop, 0, kicked, h);
}

static short curl_events(short poll_events)
{
	short e = 0;

	if (poll_events & POLLIN)
		e |= CURL_WAIT_POLLIN;
	if (poll_events & POLLPRI)
		e |= CURL_WAIT_POLLPRI;
	if (poll_events & POLLOUT)
		e |= CURL_WAIT_POLLOUT;
	return e;
}

/*
 * The place that waits. libcurl watches its own sockets and the loop's. It
 * reports a hang-up as POLLIN, which is what readers expect; the events are
 * asked for again with poll() so that the loop's callbacks see exactly what
 * they would without this room.
 */
static int wait_in_curl(void *arg, struct pollfd *fds, unsigned count, int timeout_ms)
{
	struct http *h = arg;
	struct curl_waitfd extra[MAX_WAITED];
	unsigned i;
	int ready = 0;

	if (!h->transfers || count > MAX_WAITED)
		return poll(fds, count, h->transfers && (timeout_ms < 0 || timeout_ms > 50) ? 50 : timeout_ms);
	for (i = 0; i < count; i++)
		extra[i] = (struct curl_waitfd){ fds[i].fd, curl_events(fds[i].events), 0 };
	curl_multi_poll(h->multi, extra, count, timeout_ms < 0 ? 3600000 : timeout_ms, &ready);
	kick(h);
	return poll(fds, count, 0);
}

/* --- a transfer ---------------------------------------------------------------- */

static void unlink_transfer(struct http_transfer *t)
{
	struct http_transfer **at = &t->owner->transfers;

	while (*at && *at != t)
		at = &(*at)->next;
	if (*at)
		*at = t->next;
}

static void free_transfer(struct http_transfer *t)
{
	unlink_transfer(t);
	loop_remove_timer(t->owner->loop, t->watchdog);
	curl_multi_remove_handle(t->owner->multi, t->easy);
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	buf_release(&t->body);
	free(t->url);
	free(t->ca_file);
	free(t);
}

void http_cancel(struct http_transfer *t)
{
	if (!t)
		return;
	if (t->owner->performing)
		t->cancelled = true;
	else
		free_transfer(t);
}

static void free_cancelled(struct http *h)
{
	struct http_transfer *t = h->transfers, *next;

	for (; t; t = next) {
		next = t->next;
		if (t->cancelled)
			free_transfer(t);
	}
}

/* libcurl leaves its sockets open across exec: every tool would inherit the connection. */
static int make_socket_private(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return CURL_SOCKOPT_OK;
}

static size_t take_body(char *data, size_t size, size_t count, void *arg)
{
	struct http_transfer *t = arg;
	long status = 0;

	t->last_byte_ms = clock_mono_ms();
	t->result.got_bytes = true;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (t->stopped || t->cancelled || !t->cb.body(t->arg, status, data, size * count)) {
		t->stopped = true;
		return 0;
	}
	return size * count;
}

static bool header_is(const char **value, size_t *value_len, const char *line, size_t len, const char *name)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return false;
	line += n + 1;
	len -= n + 1;
	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len && (line[len - 1] == '\r' || line[len - 1] == '\n' || line[len - 1] == ' '))
		len--;
	*value = line;
	*value_len = len;
	return true;
}

static int64_t parse_retry_after(const char *value, int64_t unit_ms)
{
	double n;
	time_t when;

	if (str_to_double(&n, value))
		return n >= 0 && n < 1e9 ? (int64_t)(n * (double)unit_ms) : -1;
	when = curl_getdate(value, NULL);
	if (when == -1)
		return -1;
	return when > time(NULL) ? (int64_t)(when - time(NULL)) * 1000 : 0;
}

static void copy_value(char *out, size_t size, const char *value, size_t len)
{
	snprintf(out, size, "%.*s", (int)(len < size ? len : size - 1), value);
}

static void note_header(struct http_result *r, const char *line, size_t len)
{
	const char *v;
	size_t n;
	char text[64];

	if (header_is(&v, &n, line, len, "content-type")) {
		copy_value(r->content_type, sizeof(r->content_type), v, n);
	} else if (header_is(&v, &n, line, len, "request-id") || header_is(&v, &n, line, len, "x-request-id")) {
		copy_value(r->request_id, sizeof(r->request_id), v, n);
	} else if (header_is(&v, &n, line, len, "retry-after-ms")) {
		copy_value(text, sizeof(text), v, n);
		r->retry_after_ms = parse_retry_after(text, 1);
	} else if (header_is(&v, &n, line, len, "retry-after") && r->retry_after_ms < 0) {
		copy_value(text, sizeof(text), v, n);
		r->retry_after_ms = parse_retry_after(text, 1000);
	} else if (header_is(&v, &n, line, len, "x-should-retry")) {
		r->should_retry = n == 4 && strncasecmp(v, "true", 4) == 0;
	}
}

static size_t take_header(char *data, size_t size, size_t count, void *arg)
{
	struct http_transfer *t = arg;

	t->got_headers = true;
	t->last_byte_ms = clock_mono_ms();
	note_header(&t->result, data, size * count);
	return size * count;
}

static void watch(void *arg);

static void arm_watchdog(struct http_transfer *t)
{
	int64_t limit = t->got_headers ? t->idle_ms : t->header_ms;
	int64_t left = t->last_byte_ms + limit - clock_mono_ms();

	t->watchdog = loop_add_timer(t->owner->loop, left > 0 ? left : 0, watch, t);
}

static void finish(struct http_transfer *t)
{
	struct http_callbacks cb = t->cb;
	struct http_result result = t->result;
	void *arg = t->arg;

	free_transfer(t);
	cb.done(arg, &result);
}

static void watch(void *arg)
{
	struct http_transfer *t = arg;
	int64_t limit = t->got_headers ? t->idle_ms : t->header_ms;

	t->watchdog = NULL;
	if (clock_mono_ms() - t->last_byte_ms < limit) {
		arm_watchdog(t);
		return;
	}
	t->result.end = HTTP_SILENT;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->result.status);
	snprintf(t->result.what, sizeof(t->result.what), "the server sent nothing for %lld s",
		 (long long)(limit / 1000));
	finish(t);
}

/* --- the end ------------------------------------------------------------------- */

static struct http_transfer *find_transfer(struct http *h, CURL *easy)
{
	struct http_transfer *t = h->transfers;

	while (t && t->easy != easy)
		t = t->next;
	return t;
}

static void collect_finished(struct http *h)
{
	CURLMsg *msg;
	int left;

	/* a callback may cancel any other transfer: libcurl is asked anew each time */
	while ((msg = curl_multi_info_read(h->multi, &left))) {
		struct http_transfer *t = find_transfer(h, msg->easy_handle);
		CURLcode code = msg->data.result;

		if (msg->msg != CURLMSG_DONE || !t)
			continue;
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->result.status);
		http_judge(&t->result, t->easy, code, t->url, t->ca_file, t->error_text);
		if (t->stopped)
			t->result.end = HTTP_STOPPED;
		finish(t);
	}
}

/* --- starting ------------------------------------------------------------------ */

static bool add_headers(struct http_transfer *t, const char *const *headers)
{
	for (; headers && *headers; headers++) {
		struct curl_slist *longer = curl_slist_append(t->headers, *headers);

		if (!longer)
			return false;
		t->headers = longer;
	}
	/* libcurl would wait a second for "100 Continue" before a large body */
	t->headers = curl_slist_append(t->headers, "Expect:");
	return t->headers != NULL;
}

static void set_options(struct http_transfer *t, const struct http_request *r)
{
	CURL *e = t->easy;

	curl_easy_setopt(e, CURLOPT_URL, t->url);
	/* a server on this machine is not asked for through the company's proxy, whatever no_proxy says */
	if (http_is_this_machine(t->url))
		curl_easy_setopt(e, CURLOPT_PROXY, "");
	/* its answer to CONNECT is not the server's */
	curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (t->ca_file) {
		curl_easy_setopt(e, CURLOPT_CAINFO, t->ca_file);
		curl_easy_setopt(e, CURLOPT_PROXY_CAINFO, t->ca_file);
	}
	/* not asked for; but a proxy that compresses all the same is understood */
	curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "identity");
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(e, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "avo/" PACKAGE_VERSION);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);	/* or newer */
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, 30L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, r->fresh_connection ? 1L : 0L);
	curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, make_socket_private);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error_text);
	if (r->body) {
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, t->body.data);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.len);
	}
}

enum avo_status http_start(struct http_transfer **out, struct http *h, const struct http_request *request,
			   const struct http_callbacks *cb, void *arg, struct error *err)
{
	struct http_transfer *t;
	enum avo_status st = http_check_url(request->url, err);

	*out = NULL;
	if (st != AVO_OK)
		return st;
	t = xcalloc(1, sizeof(*t));
	t->owner = h;
	t->cb = *cb;
	t->arg = arg;
	t->header_ms = request->header_ms > 0 ? request->header_ms : HEADER_MS;
	t->idle_ms = request->idle_ms > 0 ? request->idle_ms : IDLE_MS;
	t->result.retry_after_ms = -1;
	t->result.should_retry = -1;
	t->last_byte_ms = clock_mono_ms();
	t->url = xstrdup(request->url);
	t->ca_file = request->ca_file ? xstrdup(request->ca_file) : NULL;
	buf_add(&t->body, request->body, request->body ? request->body_len : 0);
	t->easy = curl_easy_init();
	if (!t->easy || !add_headers(t, request->headers)) {
		free_transfer(t);
		return error_set(err, AVO_ENVIRONMENT, "libcurl has no memory left for a request");
	}
	set_options(t, request);
	t->next = h->transfers;
	h->transfers = t;
	curl_multi_add_handle(h->multi, t->easy);
	arm_watchdog(t);
	kick(h);
	*out = t;
	return AVO_OK;
}

enum avo_status http_new(struct http **out, struct loop *loop, struct error *err)
{
	struct http *h = xcalloc(1, sizeof(*h));

	/* a server that closes while a body is being sent must not end the engine */
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	h->loop = loop;
	h->multi = curl_multi_init();
	if (!h->multi) {
		free(h);
		return error_set(err, AVO_ENVIRONMENT, "libcurl could not be initialised");
	}
	loop_set_wait(loop, wait_in_curl, h);
	*out = h;
	return AVO_OK;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	while (h->transfers)
		free_transfer(h->transfers);
	loop_remove_timer(h->loop, h->kick);
	loop_set_wait(h->loop, NULL, NULL);
	curl_multi_cleanup(h->multi);
	curl_global_cleanup();
	free(h);
}
