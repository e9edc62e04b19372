/*
 * The workbench's line to the engine: connects when one runs, again when one
 * comes back, and hands on what arrives. Never blocks the keyboard.
 */
#ifndef AVO_UI_LINK_H
#define AVO_UI_LINK_H

#include "base/json.h"
#include "base/loop.h"

struct link;

struct link_hooks {
	void (*connected)(void *arg, bool connected);
	void (*announced)(void *arg, uint64_t seq);		/* a line of the journal with this seq exists */
	void (*live)(void *arg, const cJSON *live);
	void (*answered)(void *arg, int id, const cJSON *answer);
};

struct link *link_new(struct loop *loop, const char *run_dir, bool read_only, const struct link_hooks *hooks, void *arg);
void link_free(struct link *l);		/* NULL is fine */
/* Takes ownership of the command; returns its id. Only while connected. */
int link_send(struct link *l, cJSON *command);
/* False when the engine has said that the run's operator reads no messages. */
bool link_takes_messages(const struct link *l);
bool link_busy(const struct link *l);	/* the first try to connect or an answer is still to come; false for NULL */

#endif
