/* Looking things up: the knowledge base, and the lineage of versions and attempts. */
#include "avo.h"
#include "agent/report.h"
#include "agent/tools.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "journal/profile.h"

void tool_search(struct tool_call *call, const cJSON *args)
{
	struct toolbox *box = call->box;
	int64_t limit = json_int(args, "limit", 6);
	struct knowledge_hit *hits;
	struct buf out = BUF_INIT;
	struct error err = { 0 };
	size_t n, i;

	if (!box->knowledge) {
		call_error(call, "the knowledge base could not be opened in this run");
		return;
	}
	if (limit < 1 || limit > 20)
		limit = 6;
	if (knowledge_search(&hits, &n, box->knowledge, json_str(args, "query", ""), (size_t)limit, &err) != AVO_OK) {
		call_error(call, "%s", err.text);
		return;
	}
	for (i = 0; i < n; i++)
		buf_printf(&out, "section %lld: %s > %s [%s]\n  %s\n", (long long)hits[i].section, hits[i].title, hits[i].heading,
			   hits[i].place, hits[i].snippet);
	call_answer(call, n ? out.data : "Nothing was found. Try other words: instruction names, symbols, shorter queries.");
	knowledge_hits_free(hits, n);
	buf_release(&out);
}

void tool_read_knowledge(struct tool_call *call, const cJSON *args)
{
	struct buf out = BUF_INIT;
	struct error err = { 0 };

	if (!call->box->knowledge)
		call_error(call, "the knowledge base could not be opened in this run");
	else if (knowledge_read(&out, call->box->knowledge, json_int(args, "section", 0), &err) != AVO_OK)
		call_error(call, "%s", err.text);
	else
		call_answer_long(call, buf_cstr(&out), out.len);
	buf_release(&out);
}

static void list(struct tool_call *call)
{
	const struct run_state *s = call->box->state;
	struct buf out = BUF_INIT;
	size_t i;

	for (i = 0; i < s->version_count; i++)
		report_version_line(&out, s, &s->versions[i]);
	buf_addch(&out, '\n');
	for (i = s->attempt_count > 60 ? s->attempt_count - 60 : 0; i < s->attempt_count; i++)
		report_attempt_line(&out, &s->attempts[i]);
	call_answer_long(call, buf_cstr(&out), out.len);
	buf_release(&out);
}

/* What the hardware counted, beside the parent's numbers where both were measured. */
static void add_profile(struct buf *out, struct tool_call *call, const char *journal, const char *what)
{
	const struct run_state *s = call->box->state;
	const struct profile *p = state_profile(s, what, NULL), *before;
	cJSON *event = NULL, *other = NULL;
	char parent[24];

	if (!p || journal_fetch(&event, journal, p->ref, NULL) != AVO_OK)
		return;
	before = state_profile(s, profile_predecessor(parent, s, what), p->case_name);
	if (before && before != p)
		journal_fetch(&other, journal, before->ref, NULL);
	buf_printf(out, "\ncounters on %s, measured %s\n", p->case_name, json_str(event, "t", "?"));
	report_profile(out, event, other, parent);
	cJSON_Delete(event);
	cJSON_Delete(other);
}

static void show(struct tool_call *call, const char *what)
{
	const struct run_state *s = call->box->state;
	const struct version *v = state_version(s, (int)str_to_id(what, 'v'));
	const struct attempt *a = v ? state_attempt(s, v->attempt) : state_attempt(s, (int)str_to_id(what, 'a'));
	char *journal = path_join(call->box->run_dir, ".avo/journal");
	struct buf out = BUF_INIT;
	cJSON *event = NULL;

	if (!v && !a) {
		call_error(call, "there is no '%.40s'; versions are v0, v1, ..., attempts a1, a2, ...", what);
	} else {
		if (v)
			report_version_line(&out, s, v);
		if (a && a->scored.segment)
			journal_fetch(&event, journal, a->scored, NULL);
		if (a)
			report_attempt(&out, s, a, event);
		else
			report_scores(&out, &v->score, NULL, NULL);
		add_profile(&out, call, journal, what);
		call_answer_long(call, buf_cstr(&out), out.len);
	}
	cJSON_Delete(event);
	buf_release(&out);
	free(journal);
}

static void parent_of(char out[32], const struct run_state *s, const char *what)
{
	const struct version *v = state_version(s, (int)str_to_id(what, 'v'));
	const struct attempt *a = state_attempt(s, (int)str_to_id(what, 'a'));

	snprintf(out, 32, "v%d", v ? (v->parent >= 0 ? v->parent : 0) : a ? a->parent : state_incumbent(s) ? state_incumbent(s)->id : 0);
}

/* Without `against`: what changed since the parent. The working directory is the newer side, wherever it is named. */
static void diff(struct tool_call *call, const char *what, const char *against)
{
	struct toolbox *box = call->box;
	bool swap = against && strcmp(against, "work") == 0;
	struct buf out = { .max = 1 << 20 };
	struct error err = { 0 };
	char parent[32];

	parent_of(parent, box->state, what);
	if (!against || strcmp(against, what) == 0) {
		against = parent;
		swap = false;
	}
	if (lineage_diff_dir(&out, NULL, box->lineage, swap ? what : against, swap ? against : what, box->work_dir, 3, &err) != AVO_OK)
		call_error(call, "%s", err.text);
	else if (!out.len)
		call_answer(call, "They are the same.");
	else
		call_answer_long(call, out.data, out.len);
	buf_release(&out);
}

static void list_files(struct buf *out, struct tool_call *call, const char *commit, struct error *err)
{
	struct buf names = BUF_INIT;
	const char *name;

	lineage_list_files(&names, call->box->lineage, commit, err);
	for (name = names.data; name && name < names.data + names.len; name += strlen(name) + 1) {
		str_escape(out, name, strlen(name));
		buf_addch(out, '\n');
	}
	buf_release(&names);
}

static void file(struct tool_call *call, const char *commit, const char *path)
{
	struct buf out = BUF_INIT;
	struct error err = { 0 };

	if (!path)
		list_files(&out, call, commit, &err);
	else
		lineage_read_file(&out, call->box->lineage, commit, path, &err);
	if (err.status != AVO_OK)
		call_error(call, "%s", err.text);
	else
		call_answer_long(call, buf_cstr(&out), out.len);
	buf_release(&out);
}

void tool_lineage(struct tool_call *call, const cJSON *args)
{
	struct toolbox *box = call->box;
	const char *action = json_str(args, "action", ""), *what = json_str(args, "what", NULL);
	char commit[COMMIT_ID_SIZE];
	struct error err = { 0 };

	if (strcmp(action, "list") == 0) {
		list(call);
		return;
	}
	if (!what) {
		call_error(call, "%s needs 'what': a version like v3 or an attempt like a17", action);
		return;
	}
	if (strcmp(action, "show") == 0) {
		show(call, what);
	} else if (strcmp(action, "diff") == 0) {
		diff(call, what, json_str(args, "against", NULL));
	} else if (lineage_resolve(commit, box->lineage, what, &err) != AVO_OK || !commit[0]) {
		call_error(call, "%s", err.text[0] ? err.text : "name a version like v3 or an attempt like a17");
	} else if (strcmp(action, "file") == 0) {
		file(call, commit, json_str(args, "path", NULL));
	} else if (strcmp(action, "restore") == 0) {
		if (lineage_export(box->lineage, commit, box->work_dir, &err) != AVO_OK)
			call_error(call, "%s", err.text);
		else
			call_answer(call, "Its files are in the working directory now.");
	} else {
		call_error(call, "'%.40s' is not list, show, diff, file or restore", action);
	}
}
