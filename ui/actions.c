#include "avo.h"
#include "base/child.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "ui/format.h"
#include "ui/views.h"
#include "ui/wb.h"

#include <pwd.h>
#include <unistd.h>

/* Commands to the engine, and what is asked before they are given. */

static const char *user_name(void)
{
	const struct passwd *pw = getpwuid(geteuid());

	return pw ? pw->pw_name : "engineer";
}

static cJSON *command_new(const char *name)
{
	cJSON *command = cJSON_CreateObject();

	json_set_str(command, "cmd", name);
	json_set_str(command, "by", user_name());
	return command;
}

static enum avo_status send(struct workbench *wb, cJSON *command, struct error *err)
{
	int id;

	return model_command(wb->model, command, &id, err);
}

static enum avo_status send_simple(struct workbench *wb, const char *name, struct error *err)
{
	return send(wb, command_new(name), err);
}

static enum avo_status send_step(struct workbench *wb, const char *unit, int argc, char **argv, struct error *err)
{
	cJSON *command;
	long count = 1;

	if (argc > 1 && !str_to_long(&count, argv[1], 1, 1000000))
		return error_set(err, AVO_USAGE, "%s takes how many, a number from 1", argv[0]);
	command = command_new("step");
	json_set_int(command, "count", count);
	json_set_str(command, "unit", unit);
	return send(wb, command, err);
}

static enum avo_status send_text(struct workbench *wb, const char *name, const char *key, const char *text, struct error *err)
{
	cJSON *command = command_new(name);

	json_set_str(command, key, text);
	return send(wb, command, err);
}

static enum avo_status send_decision(struct workbench *wb, const char *name, int attempt, const char *key, const char *text, struct error *err)
{
	cJSON *command = command_new(name);
	char id[16];

	snprintf(id, sizeof(id), "a%d", attempt);
	json_set_str(command, "attempt", id);
	if (text[0])
		json_set_str(command, key, text);
	return send(wb, command, err);
}

/* --- approving and rejecting --- */

/* The attempt that is meant: the one named, the one under review, or the one that has waited longest. */
static const struct attempt *meant(struct workbench *wb, int argc, char **argv)
{
	const struct run_state *s = &wb->model->state;
	struct view *review = screen_find(wb, &review_view);
	const struct attempt *a;

	if (argc > 1)
		return state_attempt(s, (int)str_to_id(argv[1], 'a'));
	a = review ? state_attempt(s, review_attempt(review)) : NULL;
	return a && a->stage == ATTEMPT_PENDING ? a : state_pending(s);
}

static enum avo_status open_review(struct workbench *wb, const struct attempt *a, struct error *err)
{
	char name[16];
	char *args[] = { (char *)"review", name };

	if (!a)
		return error_set(err, AVO_NEGATIVE, "no attempt waits for approval");
	if (a->stage != ATTEMPT_PENDING)
		return error_set(err, AVO_NEGATIVE, "a%d does not wait for approval", a->id);
	snprintf(name, sizeof(name), "a%d", a->id);
	return screen_view(wb, &review_view, 2, args, err);
}

static enum avo_status ask_approve(struct workbench *wb, int argc, char **argv, struct error *err)
{
	const struct attempt *a = meant(wb, argc, argv);
	enum avo_status st = open_review(wb, a, err);
	char label[512], interval[FORMAT_SIZE * 2];

	if (st != AVO_OK)
		return st;
	snprintf(label, sizeof(label), "Approve a%d %.7s as v%zu on v%d? %s, %d pairs. y approves: ", a->id, a->commit,
		 wb->model->state.version_count, a->parent, format_interval(interval, &a->comparison), a->comparison.pairs);
	wb->use = (struct prompt_use){ .request = REQ_APPROVE, .attempt = a->id };
	prompt_open(&wb->prompt, PROMPT_CONFIRM, label, "");
	return AVO_OK;
}

static enum avo_status ask_reject(struct workbench *wb, int argc, char **argv, struct error *err)
{
	const struct attempt *a = meant(wb, argc, argv);
	enum avo_status st = open_review(wb, a, err);
	char label[64];

	if (st != AVO_OK)
		return st;
	snprintf(label, sizeof(label), "Reject a%d, because: ", a->id);
	wb->use = (struct prompt_use){ .request = REQ_REJECT, .attempt = a->id };
	prompt_open(&wb->prompt, PROMPT_TEXT, label, "");
	return AVO_OK;
}

static void ask_text(struct workbench *wb, enum request r, const char *label)
{
	wb->use = (struct prompt_use){ .request = r };
	prompt_open(&wb->prompt, PROMPT_TEXT, label, "");
}

static enum avo_status message(struct workbench *wb, int argc, char **argv, struct error *err)
{
	struct buf text = BUF_INIT;
	enum avo_status st;
	int i;

	if (!model_takes_messages(wb->model))
		return error_set(err, AVO_NEGATIVE, "the operator of this run reads no messages; an agent does");
	if (argc < 2) {
		ask_text(wb, REQ_MESSAGE, "To the operator: ");
		return AVO_OK;
	}
	for (i = 1; i < argc; i++)
		buf_printf(&text, "%s%s", i > 1 ? " " : "", argv[i]);
	st = send_text(wb, "hint", "text", buf_cstr(&text), err);
	buf_release(&text);
	return st;
}

/* --- the working tree --- */

static enum avo_status submit(struct workbench *wb, const char *title, struct error *err)
{
	cJSON *command = command_new("submit");
	char *dir = realpath(model_run_dir(wb->model), NULL);

	json_set_str(command, "dir", dir ? dir : model_run_dir(wb->model));
	if (title && title[0])
		json_set_str(command, "title", title);
	free(dir);
	return send(wb, command, err);
}

/* The candidate's main file in the working tree; owned. */
static char *main_file(struct workbench *wb)
{
	static const char *const names[] = { "kernel.cu", "kernel.c" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		char *path = path_join(model_run_dir(wb->model), names[i]);

		if (path_exists(path))
			return path;
		free(path);
	}
	return xstrdup(model_run_dir(wb->model));
}

static const char *editor(void)
{
	const char *name = getenv("VISUAL");

	if (!name || !name[0])
		name = getenv("EDITOR");
	return name && name[0] ? name : "vi";
}

enum avo_status actions_edit(struct workbench *wb, struct error *err)
{
	char *path = main_file(wb), *command = xasprintf("exec %s \"$1\"", editor());
	const char *argv[] = { "sh", "-c", command, "sh", path, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct buf before = BUF_INIT, after = BUF_INIT;
	int status = 0;
	pid_t pid;
	enum avo_status st;

	spec.argv = argv;
	spec.foreground = true;
	spec.stdin_fd = STDIN_FILENO;
	spec.stdout_fd = STDOUT_FILENO;
	spec.stderr_fd = STDERR_FILENO;
	path_read(&before, path, 64 << 20, NULL);
	display_leave(wb->display);
	st = child_spawn(&pid, &spec, err);
	while (st == AVO_OK && !child_reap(pid, &status))
		usleep(20000);
	display_return(wb->display);
	path_read(&after, path, 64 << 20, NULL);
	if (st == AVO_OK && status != 0)
		st = error_set(err, AVO_ENVIRONMENT, "the editor '%s' ended with an error; set $EDITOR to one that works", editor());
	else if (st == AVO_OK && before.len == after.len && memcmp(buf_cstr(&before), buf_cstr(&after), before.len) == 0)
		wb_note(wb, STYLE_DIM, "%s is as it was", path_basename(path));
	else if (st == AVO_OK && !wb->options->read_only) {
		wb->use = (struct prompt_use){ .request = REQ_SUBMIT };
		prompt_open(&wb->prompt, PROMPT_CONFIRM, "Submit the edited working tree as an attempt? y submits: ", "");
	}
	buf_release(&before);
	buf_release(&after);
	free(command);
	free(path);
	return st;
}

/* --- in from the dispatcher, the prompt and the engine --- */

void actions_prompt_done(struct workbench *wb, const char *text)
{
	struct error err = { 0 };
	enum avo_status st;

	switch (wb->use.request) {
	case REQ_APPROVE: st = send_decision(wb, "approve", wb->use.attempt, "message", "", &err); break;
	case REQ_REJECT: st = send_decision(wb, "reject", wb->use.attempt, "reason", text, &err); break;
	case REQ_MESSAGE: st = text[0] ? send_text(wb, "hint", "text", text, &err) : AVO_OK; break;
	case REQ_SUBMIT: st = submit(wb, NULL, &err); break;
	default: return;
	}
	if (st != AVO_OK)
		wb_note(wb, STYLE_ERROR, "%s", err.text);
}

bool actions_request(struct workbench *wb, enum request r, int argc, char **argv, enum avo_status *st, struct error *err)
{
	switch (r) {
	case REQ_STEP: *st = send_step(wb, "step", argc, argv, err); break;
	case REQ_ACTION: *st = send_step(wb, "action", argc, argv, err); break;
	case REQ_CONTINUE: *st = send_simple(wb, "resume", err); break;
	case REQ_PAUSE: *st = send_simple(wb, "pause", err); break;
	case REQ_STOP: *st = send_simple(wb, "stop", err); break;
	case REQ_APPROVE: *st = ask_approve(wb, argc, argv, err); break;
	case REQ_REJECT: *st = ask_reject(wb, argc, argv, err); break;
	case REQ_MESSAGE: *st = message(wb, argc, argv, err); break;
	case REQ_SUBMIT: *st = submit(wb, argc > 1 ? argv[1] : NULL, err); break;
	case REQ_GATE:
		*st = argc == 2 ? send_text(wb, "gate", "gate", argv[1], err) : error_set(err, AVO_USAGE, "gate auto, or gate manual");
		break;
	default: return false;
	}
	return true;
}

void actions_answered(void *arg, int id, const cJSON *answer)
{
	struct workbench *wb = arg;

	if (!json_bool(answer, "ok", false))
		wb_note(wb, STYLE_ERROR, "%s", json_str(answer, "error", "the engine refused"));
	else if (json_str(answer, "version", NULL) && json_str(answer, "commit", NULL))
		wb_note(wb, STYLE_GOOD, "%s is committed as %.7s", json_str(answer, "version", ""), json_str(answer, "commit", ""));
	else if (json_str(answer, "attempt", NULL))
		wb_note(wb, STYLE_GOOD, "submitted as %s", json_str(answer, "attempt", ""));
	wb_dirty(wb);
}
