/*
 * A scripted model as a program of its own, for tests of the whole engine:
 *
 *     model_script WIRE SCRIPT LOG [port=N] [tls=CERTIFICATE,CA-FILE] [key=FILE]
 *
 * prints its port (N; else one that is free) and serves the script's lines (JSON objects, one a turn) in order:
 *   {"thinking","text","calls":[{"name","input"}]}   a turn
 *   {"for":"review"|"summary",...}                    the answer to that kind of question, whenever it comes
 *   {"fault":N}                                       status N instead of an answer
 *   {"fault":"hang"|"cut"|"reset",...}                the turn's bytes up to the middle, then that
 * With tls it presents a certificate of that kind (good, self-signed, expired, other-host) and writes its CA's to CA-FILE;
 * with key it answers 401 to requests that do not bring the key in FILE.
 * When the script is at its end it submits. Each request is checked as a strict server
 * would check it (every tool call answered right behind it, roles in turn), and a line about it goes to LOG.
 */
#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "tests/lib/model_server.h"

#include <signal.h>
#include <unistd.h>

struct script {
	struct loop *loop;
	enum model_wire wire;
	cJSON **lines;
	bool *used;
	size_t count, cap;
	FILE *log;
	int calls;
	int port;
	struct model_tls *tls;
	struct buf key;			/* empty: none is asked for */
};

static bool offers(const cJSON *body, const char *name)
{
	const cJSON *tool;

	cJSON_ArrayForEach(tool, json_arr(body, "tools"))
		if (strcmp(json_str(tool, "name", json_str(json_obj(tool, "function"), "name", "")), name) == 0)
			return true;
	return false;
}

static bool asks_for_summary(const char *text)
{
	return strstr(text, "conversation is about to be cut") != NULL;
}

/* --- answering ---------------------------------------------------------------------- */

static cJSON *next_line(struct script *s, const char *kind)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		const char *line_for = json_str(s->lines[i], "for", "turn");

		if (s->used[i] || strcmp(line_for, kind) != 0)
			continue;
		s->used[i] = true;
		return s->lines[i];
	}
	return NULL;
}

static void add_call(struct model_turn *t, size_t at, struct script *s, const char *name, const cJSON *input)
{
	t->calls[at] = (struct model_call){ xasprintf("call_%d", ++s->calls), name,
					    cJSON_IsString(input) ? xstrdup(input->valuestring) : json_print_new(input) };
}

static void make_turn(struct model_turn *t, struct script *s, const cJSON *line)
{
	const cJSON *call;
	size_t n = 0;

	*t = (struct model_turn){ .input = 500, .output = 60, .cache_read = 1500 };
	t->text = json_str(line, "text", NULL);
	t->thinking = json_str(line, "thinking", NULL);
	t->input = (int)json_int(line, "input", 500);
	cJSON_ArrayForEach(call, json_arr(line, "calls"))
		if (n < ARRAY_LEN(t->calls))
			add_call(t, n++, s, json_str(call, "name", ""), json_get(call, "input"));
}

static void free_turn(struct model_turn *t)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(t->calls) && t->calls[i].id; i++) {
		free((char *)t->calls[i].id);
		free((char *)t->calls[i].input);
	}
}

static void apply_fault(struct model_answer *out, const cJSON *fault)
{
	const char *name = cJSON_IsString(fault) ? fault->valuestring : "";

	if (cJSON_IsNumber(fault)) {
		out->status = fault->valueint;
		buf_clear(&out->body);
		buf_addstr(&out->body, "{\"error\":{\"type\":\"scripted\",\"message\":\"as the script says\"}}");
		return;
	}
	if (!*name)
		return;
	out->cut_at = out->body.len / 2;
	out->end = strcmp(name, "hang") == 0 ? MODEL_END_HANG : strcmp(name, "reset") == 0 ? MODEL_END_RESET : MODEL_END_CUT;
}

static void answer(void *arg, const struct model_ask *ask, struct model_answer *out)
{
	static const char *const farewell = "{\"text\":\"Nothing is left.\",\"calls\":[{\"name\":\"submit\",\"input\":{\"summary\":\"the script is at its end\"}}]}";
	struct script *s = arg;
	const cJSON *messages = json_arr(ask->body, "messages");
	const char *fault = model_judge(s->wire, messages);
	char *last = json_print_new(cJSON_GetArrayItem(messages, cJSON_GetArraySize(messages) - 1));
	const char *kind = offers(ask->body, "propose") ? "review" : asks_for_summary(last) ? "summary" : "turn";
	cJSON *line = next_line(s, kind), *end = line ? NULL : cJSON_Parse(farewell);
	struct model_turn turn;

	if (s->key.len && !strstr(ask->head, buf_cstr(&s->key))) {
		fprintf(s->log, "no key\n");
		fflush(s->log);
		free(last);
		cJSON_Delete(end);
		out->status = 401;
		buf_addstr(&out->body, "{\"error\":{\"type\":\"authentication_error\",\"message\":\"that is not the key\"}}");
		return;
	}
	fprintf(s->log, "%s %d messages %s %s\n", kind, cJSON_GetArraySize(messages), fault ? fault : "ok", last);
	fflush(s->log);
	make_turn(&turn, s, line ? line : end);
	if (json_bool(ask->body, "stream", false)) {
		model_stream(&out->body, s->wire, &turn);
		out->chunk = 1 + (size_t)ask->number * 37 % 200;
	} else {
		model_whole(&out->body, s->wire, &turn);
		out->content_type = "application/json";
	}
	apply_fault(out, json_get(line, "fault"));
	free_turn(&turn);
	cJSON_Delete(end);
	free(last);
}

static void hung(void *arg)
{
	struct script *s = arg;

	fprintf(s->log, "hangs 0 messages ok in the middle of an answer\n");
	fflush(s->log);
}

static void load(struct script *s, const char *path)
{
	struct buf text = BUF_INIT;
	const char *at, *line;
	size_t len;

	if (path_read(&text, path, 16 << 20, NULL) != AVO_OK)
		exit(2);
	at = buf_cstr(&text);
	while (str_next_line(&at, text.data + text.len, &line, &len)) {
		struct error err = { 0 };

		if (!len || *line == '#')
			continue;
		s->lines = xgrow(s->lines, &s->cap, s->count + 1, sizeof(*s->lines));
		if (json_parse(&s->lines[s->count++], line, len, &err) != AVO_OK) {
			fprintf(stderr, "%s: %s in: %.*s\n", path, err.text, (int)len, line);
			exit(2);
		}
	}
	s->used = xcalloc(s->count + 1, sizeof(*s->used));
	buf_release(&text);
}

static void stop(void *arg, int sig)
{
	loop_stop(arg);
}

static bool take_option(struct script *s, char *option)
{
	enum model_cert kind;
	char *comma;

	if (str_starts(option, "port=")) {
		s->port = atoi(option + 5);
		return s->port > 0;
	}
	if (str_starts(option, "key=")) {
		bool read = path_read(&s->key, option + 4, 4096, NULL) == AVO_OK;

		while (s->key.len && s->key.data[s->key.len - 1] == '\n')
			s->key.data[--s->key.len] = '\0';
		return read;
	}
	comma = strchr(option, ',');
	if (!str_starts(option, "tls=") || !comma)
		return false;
	*comma = '\0';
	if (!model_cert_parse(&kind, option + 4))
		return false;
	s->tls = model_tls_new(kind, comma + 1);
	if (!s->tls)
		exit(77);
	return true;
}

int main(int argc, char **argv)
{
	struct script s = { 0 };
	struct model_server *server;
	size_t i;
	int arg;

	for (arg = 4; arg < argc && take_option(&s, argv[arg]); arg++)
		;
	if (argc < 4 || arg < argc) {
		fprintf(stderr, "usage: model_script messages|chat SCRIPT LOG [port=N] [tls=CERTIFICATE,CA-FILE] [key=FILE]\n");
		return 2;
	}
	s.wire = strcmp(argv[1], "chat") == 0 ? MODEL_CHAT : MODEL_MESSAGES;
	load(&s, argv[2]);
	s.log = fopen(argv[3], "w");
	if (!s.log || loop_new(&s.loop, NULL) != AVO_OK)
		return 3;
	loop_on_signal(s.loop, SIGTERM, stop, s.loop);
	server = model_server_new_at(s.port, s.loop, answer, &s);
	model_server_on_hang(server, hung);
	if (s.tls)
		model_server_use_tls(server, s.tls);
	printf("%d\n", model_server_port(server));
	fflush(stdout);
	loop_run(s.loop);
	model_server_free(server);
	loop_free(s.loop);
	model_tls_free(s.tls);
	buf_release(&s.key);
	fclose(s.log);
	for (i = 0; i < s.count; i++)
		cJSON_Delete(s.lines[i]);
	free(s.lines);
	free(s.used);
	return 0;
}
