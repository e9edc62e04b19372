/* The control socket. Promise: whatever a viewer sends, however it reads, the server lives, and no command gets by that a hello did not allow. */
#include "avo.h"
#include "base/path.h"
#include "control/server.h"
#include "control/wire.h"
#include "journal/journal.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool may_command;

static enum avo_status command(void *arg, const char *name, const cJSON *request, cJSON *answer, struct error *err)
{
	if (!may_command && !control_command_reads(name))
		abort();
	json_set_str(answer, "by", json_str(request, "by", "user"));
	return error_set(err, AVO_USAGE, "no %.40s", name);
}

static void greet(void *arg, cJSON *answer)
{
	json_set_str(answer, "run", "fuzzed");
}

static uint64_t last_seq(void *arg)
{
	return 5;
}

static char *dir;

static void remove_dir(void)
{
	path_remove_tree(dir, NULL);
}

/* A run with a journal of five events; made once. */
static const char *run_dir(void)
{
	struct journal *j;
	char *path;
	int i;

	if (dir)
		return dir;
	if (path_temp_dir(&dir, "/tmp", "avo-fuzz-", NULL) != AVO_OK)
		abort();
	atexit(remove_dir);
	path = path_join(dir, ".avo/journal");
	if (journal_open(&j, path, NULL, NULL) != AVO_OK)
		abort();
	for (i = 0; i < 5; i++) {
		cJSON *event = cJSON_CreateObject();

		json_set_str(event, "type", "hint");
		journal_append(j, event, JOURNAL_LAZY, NULL);
	}
	journal_close(j);
	free(path);
	return dir;
}

static void talk(struct loop *loop, struct control_server *s, int fd, const uint8_t *data, size_t size)
{
	char answers[65536];
	size_t sent = 0;
	int i;

	while (sent < size) {
		ssize_t n = send(fd, data + sent, size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			break;
		sent += n > 0 ? (size_t)n : 0;
		for (i = 0; i < 3; i++)
			loop_once(loop, 0);
		control_server_event(s, "{\"seq\":6}", 9, 6);
		if (data[0] & 1)	/* a viewer that reads */
			while (recv(fd, answers, sizeof(answers), MSG_DONTWAIT) > 0)
				loop_once(loop, 0);
		else if (n < 0)
			break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct control_handlers handlers = { command, greet, last_seq };
	struct control_server *server;
	struct loop *loop;
	char *path = path_join(run_dir(), ".avo/ctl.sock");
	int fd, i;

	/* the word may be written with escapes */
	may_command = size && (memmem(data, size, "control", 7) || memchr(data, '\\', size));
	if (loop_new(&loop, NULL) != AVO_OK || control_server_new(&server, loop, run_dir(), &handlers, NULL, NULL) != AVO_OK)
		abort();
	if (wire_connect(&fd, path, NULL) != AVO_OK)
		abort();
	talk(loop, server, fd, data, size);
	if (size && data[0] & 2)
		shutdown(fd, SHUT_WR);
	for (i = 0; i < 4; i++)
		loop_once(loop, 0);
	control_server_free(server);
	close(fd);
	loop_free(loop);
	free(path);
	return 0;
}
