#include "avo.h"
#include "agent/tools.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

#include <stdarg.h>

#define STRING(name, text) "\"" name "\":{\"type\":\"string\",\"description\":\"" text "\"}"
#define INTEGER(name, text) "\"" name "\":{\"type\":\"integer\",\"description\":\"" text "\"}"
#define BOOLEAN(name, text) "\"" name "\":{\"type\":\"boolean\",\"description\":\"" text "\"}"
#define OBJECT(properties, required) "{\"type\":\"object\",\"properties\":{" properties "},\"required\":[" required "]}"

static void add_member(struct buf *out, const cJSON *args, const char *key)
{
	const char *s = json_str(args, key, NULL);

	if (s)
		buf_printf(out, "%s%.*s", out->len ? " " : "", (int)strcspn(s, "\n") < 120 ? (int)strcspn(s, "\n") : 120, s);
}

static void sum_path(struct buf *out, const cJSON *args)
{
	add_member(out, args, "path");
}

static void sum_command(struct buf *out, const cJSON *args)
{
	add_member(out, args, "command");
	if (!out->len)
		buf_printf(out, "job %lld", (long long)json_int(args, "job", 0));
}

static void sum_query(struct buf *out, const cJSON *args)
{
	add_member(out, args, "query");
	if (!out->len)
		buf_printf(out, "section %lld", (long long)json_int(args, "section", 0));
}

static void sum_lineage(struct buf *out, const cJSON *args)
{
	add_member(out, args, "action");
	add_member(out, args, "what");
	add_member(out, args, "against");
}

static void sum_title(struct buf *out, const cJSON *args)
{
	add_member(out, args, "title");
	if (!out->len)
		add_member(out, args, "what");
}

static void sum_direction(struct buf *out, const cJSON *args)
{
	add_member(out, args, "action");
	add_member(out, args, "title");
	add_member(out, args, "direction");
	add_member(out, args, "state");
}

static void sum_note(struct buf *out, const cJSON *args)
{
	add_member(out, args, "text");
	add_member(out, args, "summary");
}

const struct tool agent_tools[] = {
	{ "read", "read", "Reads a file of the working directory, or of avo's candidate headers when the path is absolute. Lines are numbered.",
	  OBJECT(STRING("path", "file, relative to the working directory; a directory lists its files") ","
		 INTEGER("from", "first line, from 1") "," INTEGER("lines", "how many lines; default 400"), "\"path\""), tool_read, sum_path },
	{ "write", "edit", "Writes a whole file in the working directory, replacing what was there. For changes use edit.",
	  OBJECT(STRING("path", "file, relative to the working directory") "," STRING("content", "the whole new content"),
		 "\"path\",\"content\""), tool_write, sum_path },
	{ "edit", "edit", "Replaces an exact piece of text in a file. The old text must occur exactly once, unless all is set.",
	  OBJECT(STRING("path", "file, relative to the working directory") "," STRING("old", "the text to replace, copied exactly, with its indentation") ","
		 STRING("new", "what takes its place") "," BOOLEAN("all", "replace every occurrence"), "\"path\",\"old\",\"new\""), tool_edit, sum_path },
	{ "shell", "shell", "Runs a command with /bin/sh in the working directory, in a sandbox: no network, no GPU, no other files than system ones. "
	  "While something is measured all commands stand still. Together they may have 256 processes, 8 GiB of memory and 4 GiB of files. "
	  "Answers with its output when it ends. With background it goes on; ask for it later by its job number. "
	  "Speed measured here means nothing: only evaluate and profile measure.",
	  OBJECT(STRING("command", "the command line") "," INTEGER("timeout_s", "kill it after so many seconds; default 120, at most 600 (in the background 3600 and 7200). With job: wait so long for its end; default 0") ","
		 BOOLEAN("background", "do not wait for it") "," INTEGER("job", "a background job to look at, instead of a command") ","
		 BOOLEAN("stop", "with job: kill it"), ""), tool_shell, sum_command },
	{ "search_knowledge", "search", "Searches the knowledge base: notes on the hardware, instructions, algorithms, profiling, and whatever the engineer added. "
	  "Name instructions, symbols or topics. Answers with sections, their numbers and where they stand.",
	  OBJECT(STRING("query", "words") "," INTEGER("limit", "how many; default 6"), "\"query\""), tool_search, sum_query },
	{ "read_knowledge", "read", "Reads one section of the knowledge base in full.",
	  OBJECT(INTEGER("section", "the number that search_knowledge gave"), "\"section\""), tool_read_knowledge, sum_query },
	{ "lineage", "read", "Looks at everything that was tried: list (versions and newest attempts), show (one version or attempt with its scores, checks, build log and counters), "
	  "diff (two of them), file (a file as it was), restore (brings its files into the working directory).",
	  OBJECT("\"action\":{\"type\":\"string\",\"enum\":[\"list\",\"show\",\"diff\",\"file\",\"restore\"]},"
		 STRING("what", "v3, a17, or work for the working directory (diff only)") "," STRING("against", "diff: the other one; default the parent") ","
		 STRING("path", "file: which"), "\"action\""), tool_lineage, sum_lineage },
	{ "evaluate", "evaluate", "Submits the working directory to the scoring function: build, correctness, timing against the incumbent in pairs. "
	  "This is the only judge. An improvement is committed at once and ends the step. Each evaluation is recorded as an attempt.",
	  OBJECT(STRING("title", "what was changed, in a line") "," STRING("why", "why it should help") ","
		 INTEGER("direction", "the number of the direction it belongs to") ","
		 BOOLEAN("again", "measure it even if the record answers it: the same files against the same incumbent"), "\"title\""), tool_evaluate, sum_title },
	{ "profile", "profile", "Hardware counters and stall reasons of a version, an attempt or the working directory, measured in a run of its own, beside those of its parent. "
	  "What was measured before is answered from the record; every version has been.",
	  OBJECT(STRING("what", "v3, a17 or work; default work") "," STRING("case", "which case of the suite; default its first") ","
		 STRING("against", "v3 or a17, profiled earlier on the same case: show the change from it; default the parent, for work the profile before") ","
		 BOOLEAN("again", "measure it even if it is in the record"), ""), tool_profile, sum_title },
	{ "direction", "note", "Keeps the ledger of ideas. open: a new one, with what you expect and why. close: what came of it; be honest, later steps rely on it.",
	  OBJECT("\"action\":{\"type\":\"string\",\"enum\":[\"open\",\"close\"]}," STRING("title", "open: the idea in a line") ","
		 STRING("hypothesis", "open: why it should help") "," STRING("expected", "open: the gain you expect, and where") ","
		 INTEGER("direction", "close: its number") ",\"state\":{\"type\":\"string\",\"enum\":[\"tried\",\"failed\",\"partial\",\"merged\",\"dropped\"]},"
		 STRING("outcome", "close: what was measured and learned"), "\"action\""), tool_direction, sum_direction },
	{ "note", "note", "Persistent memory: a fact that must survive when old conversation is dropped. With forget, removes a note.",
	  OBJECT(STRING("text", "the fact, in a sentence or two") "," INTEGER("forget", "the number of a note that no longer holds"), ""), tool_note, sum_note },
	{ "submit", "note", "Ends the step without a commit, when its ideas are used up. Say what was learned and what should come next.",
	  OBJECT(STRING("summary", "what was tried, what was measured, what should come next"), "\"summary\""), tool_submit, sum_note },
};
const size_t agent_tool_count = ARRAY_LEN(agent_tools);

const struct tool *tool_find(const char *name)
{
	size_t i;

	for (i = 0; i < agent_tool_count; i++)
		if (strcmp(agent_tools[i].name, name) == 0)
			return &agent_tools[i];
	return NULL;
}

void tools_for_model(struct llm_tool *out)
{
	size_t i;

	for (i = 0; i < agent_tool_count; i++)
		out[i] = (struct llm_tool){ agent_tools[i].name, agent_tools[i].description, agent_tools[i].schema };
}

/* --- answers --------------------------------------------------------------------- */

void toolbox_answer(struct toolbox *box, const char *text, bool is_error)
{
	struct buf clean = BUF_INIT;
	char *id = box->call.id;

	if (!id)
		return;
	box->call.id = NULL;
	/* a tool may have come across a key; and whatever it read becomes part of a request */
	str_sanitize(&clean, text, strlen(text));
	log_scrub(&clean);
	box->answer(box->answer_arg, id, buf_cstr(&clean), is_error);
	buf_release(&clean);
	free(id);
}

void call_answer(struct tool_call *call, const char *text)
{
	toolbox_answer(call->box, text, false);
}

void call_error(struct tool_call *call, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	toolbox_answer(call->box, buf_cstr(&text), true);
	buf_release(&text);
}

/* A cut at a line's end reads better and keeps UTF-8 whole. */
static size_t back_to_line(const char *text, size_t at)
{
	size_t i;

	for (i = at; i > 0 && at - i < 400; i--)
		if (text[i - 1] == '\n')
			return i;
	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static void answer_clean(struct tool_call *call, const char *text, size_t len)
{
	struct toolbox *box = call->box;
	size_t head = back_to_line(text, len < TOOL_INLINE_MAX / 2 ? len : TOOL_INLINE_MAX / 2), tail;
	struct buf out = BUF_INIT;
	char *name, *path;

	if (len <= TOOL_INLINE_MAX) {
		buf_add(&out, text, len);
	} else {
		tail = back_to_line(text, len - TOOL_INLINE_MAX / 2);
		name = xasprintf("tool-%s-%d.txt", call->tool->name, ++box->next_blob);
		path = path_join(box->blob_dir, name);
		buf_add(&out, text, len);
		log_scrub(&out);
		if (path_write_atomic(path, out.data, out.len, 0600, NULL) != AVO_OK)
			log_warn("%s could not be written", path);
		buf_clear(&out);
		buf_add(&out, text, head);
		buf_printf(&out, "\n[... %zu bytes left out; the engineer finds all of it in .avo/blobs/%s ...]\n", tail - head, name);
		buf_add(&out, text + tail, len - tail);
		free(name);
		free(path);
	}
	call_answer(call, buf_cstr(&out));
	buf_release(&out);
}

void call_answer_long(struct tool_call *call, const char *text, size_t len)
{
	struct buf clean = BUF_INIT;

	/* before anything takes a NUL for its end */
	str_sanitize(&clean, text, len);
	answer_clean(call, buf_cstr(&clean), clean.len);
	buf_release(&clean);
}

/* --- running ---------------------------------------------------------------------- */

/* Names every argument that is missing or of the wrong type, by the tool's own schema. */
static void check_arguments(struct buf *out, const struct tool *tool, const cJSON *args)
{
	cJSON *schema = cJSON_Parse(tool->schema);
	const cJSON *want, *given, *item;

	cJSON_ArrayForEach(item, json_arr(schema, "required"))
		if (!json_get(args, item->valuestring))
			buf_printf(out, "%s'%s' is missing", out->len ? "; " : "", item->valuestring);
	cJSON_ArrayForEach(given, args) {
		const char *type;

		want = json_obj(json_obj(schema, "properties"), given->string);
		type = json_str(want, "type", "");
		if (!want)
			buf_printf(out, "%s'%.40s' is not an argument of %s", out->len ? "; " : "", given->string, tool->name);
		else if ((strcmp(type, "string") == 0 && !cJSON_IsString(given)) ||
			 (strcmp(type, "integer") == 0 && !cJSON_IsNumber(given)) ||
			 (strcmp(type, "boolean") == 0 && !cJSON_IsBool(given)))
			buf_printf(out, "%s'%s' must be of type %s", out->len ? "; " : "", given->string, type);
	}
	cJSON_Delete(schema);
}

static void list_tools(struct buf *out)
{
	size_t i;

	for (i = 0; i < agent_tool_count; i++)
		buf_printf(out, "%s%s", i ? ", " : "", agent_tools[i].name);
}

void toolbox_run(struct toolbox *box, const struct block *use)
{
	struct buf wrong = BUF_INIT;
	struct error err = { 0 };
	cJSON *args = NULL;

	box->call = (struct tool_call){ .box = box, .tool = tool_find(use->name), .id = xstrdup(use->id) };
	if (use->cut) {
		call_error(&box->call, "Your answer ran into the output limit in the middle of these arguments, and nothing was done. "
			   "Do it in smaller pieces: several edits instead of one large write.");
	} else if (!box->call.tool) {
		list_tools(&wrong);
		call_error(&box->call, "There is no tool '%.60s'. The tools are: %s.", use->name, buf_cstr(&wrong));
	} else if (block_arguments(&args, use, &err) != AVO_OK) {
		call_error(&box->call, "The arguments could not be read: %s. Send one JSON object.", err.text);
	} else {
		check_arguments(&wrong, box->call.tool, args);
		if (wrong.len)
			call_error(&box->call, "%s: %s.", use->name, wrong.data);
		else
			box->call.tool->run(&box->call, args);
	}
	cJSON_Delete(args);
	buf_release(&wrong);
}

void toolbox_stop(struct toolbox *box)
{
	free(box->call.id);
	box->call.id = NULL;
	shell_stop_all(box);
}
