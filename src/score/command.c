#include "avo.h"
#include "base/path.h"
#include "score/command.h"

static void add_quoted(struct buf *out, const char *text)
{
	buf_addch(out, '\'');
	for (; *text; text++)
		if (*text == '\'')
			buf_addstr(out, "'\\''");
		else
			buf_addch(out, *text);
	buf_addch(out, '\'');
}

enum avo_status worker_command_expand(struct buf *out, const char *command, struct error *err)
{
	static const char mark[] = "{worker}";
	const char *hit;
	char *worker;

	buf_addstr(out, "exec ");
	while ((hit = strstr(command, mark))) {
		worker = path_program("avo-worker");
		if (!worker)
			return error_set(err, AVO_ENVIRONMENT,
					 "avo-worker is neither beside avo nor in $PATH; build it, or name it in the worker's command");
		buf_add(out, command, (size_t)(hit - command));
		add_quoted(out, worker);
		free(worker);
		command = hit + sizeof(mark) - 1;
	}
	buf_addstr(out, command);
	return AVO_OK;
}
