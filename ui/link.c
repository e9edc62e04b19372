#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "control/client.h"
#include "ui/link.h"

#define RETRY_MS 1000

struct link {
	struct loop *loop;
	char *run_dir;
	bool read_only;
	struct link_hooks hooks;
	void *arg;
	struct control_client *client;
	struct loop_fd *watch;
	struct loop_timer *retry;
	int awaited;		/* answers that are still to come */
	bool tried;		/* to connect, at least once */
};

static void try_connect(void *arg);

static void hang_up(struct link *l)
{
	loop_remove_fd(l->loop, l->watch);
	l->watch = NULL;
	control_close(l->client);
	l->client = NULL;
	l->awaited = 0;
	if (!l->retry)
		l->retry = loop_add_timer(l->loop, RETRY_MS, try_connect, l);
}

static void take_message(struct link *l, const cJSON *message)
{
	const cJSON *event = json_obj(message, "event"), *live = json_obj(message, "live");

	if (event)
		l->hooks.announced(l->arg, (uint64_t)json_int(event, "seq", 0));
	else if (live)
		l->hooks.live(l->arg, live);
	else if (json_get(message, "resync"))
		l->hooks.announced(l->arg, (uint64_t)json_int(message, "resync", 0));
	else if (json_get(message, "re")) {
		if (l->awaited > 0)
			l->awaited--;
		l->hooks.answered(l->arg, (int)json_int(message, "re", -1), message);
	}
}

static void pump(struct link *l)
{
	enum avo_status st = control_pump(l->client, NULL);
	cJSON *message;

	while (l->client && (message = control_next(l->client)) != NULL) {
		take_message(l, message);
		cJSON_Delete(message);
	}
	if (st != AVO_OK) {
		hang_up(l);
		l->hooks.connected(l->arg, false);
	} else if (l->watch) {
		loop_set_events(l->watch, control_events(l->client));
	}
}

static void ready(void *arg, int fd, short revents)
{
	pump(arg);
}

static void try_connect(void *arg)
{
	struct link *l = arg;
	int64_t seq;

	l->retry = NULL;
	l->tried = true;
	if (control_connect(&l->client, l->run_dir, l->read_only, NULL) != AVO_OK) {
		l->client = NULL;
		l->retry = loop_add_timer(l->loop, RETRY_MS, try_connect, l);
		return;
	}
	/* the files are read anyway: only what is newer than now needs to be announced */
	seq = json_int(control_hello(l->client), "seq", 0);
	if (control_subscribe(l->client, (uint64_t)seq, NULL) != AVO_OK) {
		hang_up(l);
		return;
	}
	l->watch = loop_add_fd(l->loop, control_fd(l->client), control_events(l->client), ready, l);
	l->hooks.connected(l->arg, true);
	l->hooks.announced(l->arg, (uint64_t)seq);
	pump(l);
}

struct link *link_new(struct loop *loop, const char *run_dir, bool read_only, const struct link_hooks *hooks, void *arg)
{
	struct link *l = xcalloc(1, sizeof(*l));

	l->loop = loop;
	l->run_dir = xstrdup(run_dir);
	l->read_only = read_only;
	l->hooks = *hooks;
	l->arg = arg;
	l->retry = loop_add_timer(loop, 0, try_connect, l);
	return l;
}

void link_free(struct link *l)
{
	if (!l)
		return;
	loop_remove_fd(l->loop, l->watch);
	loop_remove_timer(l->loop, l->retry);
	control_close(l->client);
	free(l->run_dir);
	free(l);
}

int link_send(struct link *l, cJSON *command)
{
	int id = control_send(l->client, command);

	l->awaited++;
	loop_set_events(l->watch, control_events(l->client));
	return id;
}

bool link_takes_messages(const struct link *l)
{
	return !l || !l->client || json_bool(control_hello(l->client), "messages", true);
}

bool link_busy(const struct link *l)
{
	return l && (l->awaited > 0 || !l->tried);
}
