#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "operator/agent.h"
#include "operator/source.h"

#include <dirent.h>
#include <sys/stat.h>

/* --- evaluate ----------------------------------------------------------------------- */

static bool is_text(const struct buf *b)
{
	return !b->len || !memchr(b->data, 0, b->len);
}

/* Text files of the tree below dir; hidden files and what compilers leave are no part of a candidate. */
static bool collect(struct source *out, const char *root, const char *below, const char **why)
{
	char *dir = *below ? path_join(root, below) : xstrdup(root);
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort), i;
	bool ok = n >= 0;

	for (i = 0; i < n; i++) {
		char *path = path_join(dir, names[i]->d_name), *relative = *below ? path_join(below, names[i]->d_name) : xstrdup(names[i]->d_name);
		struct buf text = BUF_INIT;
		struct stat sb;

		if (ok && names[i]->d_name[0] != '.' && lstat(path, &sb) == 0) {
			if (S_ISDIR(sb.st_mode)) {
				ok = collect(out, root, relative, why);
			} else if (S_ISREG(sb.st_mode) && path_read(&text, path, 1 << 20, NULL) == AVO_OK && is_text(&text)) {
				if (out->count >= 64) {
					*why = "there are more than 64 text files in the working directory; put experiments under $TMPDIR";
					ok = false;
				} else {
					source_add(out, relative, buf_cstr(&text), text.len);
				}
			}
		}
		buf_release(&text);
		free(path);
		free(relative);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	free(dir);
	return ok;
}

static bool port_evaluate(void *arg, const char *title, const char *why_changed, int direction, const char **why)
{
	struct agent *a = arg;
	struct source source = { 0 };
	struct candidate c = { .title = title, .why = why_changed, .direction = direction };
	bool ok = collect(&source, a->box.work_dir, "", why);

	if (ok && !source.count) {
		*why = "the working directory is empty; lineage restore brings a version's files back";
		ok = false;
	}
	if (ok) {
		c.files = source.files;
		c.file_count = source.count;
		a->step_attempts++;
		ok = a->host->evaluate(a->host, &c) >= 0;
		a->out_of_budget = !ok;
		if (!ok)
			*why = "the run's budget is used up; the step ends here";
	}
	source_release(&source);
	return ok;
}

/* --- the ledger, notes, the end ------------------------------------------------------- */

static int port_direction_open(void *arg, const char *title, const char *hypothesis, const char *expected)
{
	struct agent *a = arg;

	return a->host->direction_open(a->host, title, hypothesis, expected);
}

static void port_direction_close(void *arg, int direction, enum direction_state state, const char *outcome)
{
	struct agent *a = arg;

	a->host->direction_close(a->host, direction, state, outcome);
}

static int port_note_add(void *arg, const char *text)
{
	struct agent *a = arg;

	return memory_note(&a->memory, text);
}

static bool port_note_remove(void *arg, int number)
{
	struct agent *a = arg;

	return memory_forget(&a->memory, number);
}

static void port_submit(void *arg, const char *summary)
{
	struct agent *a = arg;

	a->submitted = true;
	free(a->farewell);
	a->farewell = xstrdup(summary);
}

void agent_port_init(struct tool_port *port, struct agent *a)
{
	*port = (struct tool_port){
		.arg = a,
		.evaluate = port_evaluate,
		.profile = agent_profile,
		.direction_open = port_direction_open,
		.direction_close = port_direction_close,
		.note_add = port_note_add,
		.note_remove = port_note_remove,
		.submit = port_submit,
	};
}
