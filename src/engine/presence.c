/*
 * A run whose directory is deleted, moved away or replaced under its engine: nothing that the engine does from then on
 * reaches anybody, and its next mkdir would bring a piece of the directory back. So it looks, and ends.
 */
#include "avo.h"
#include "base/log.h"
#include "engine/internal.h"

#define LOOK_MS 1000

bool presence_lost(struct engine *e)
{
	static const char why[] = "the run's directory was deleted or moved away";

	if (e->lost || !journal_gone(e->journal))
		return e->lost;
	e->lost = true;
	log_error("%s: %s; the engine ends", e->run_dir, why);
	engine_end(e, why, true);
	return true;
}

void presence_intruded(struct engine *e, const char *why)
{
	if (e->lost)
		return;
	e->lost = true;
	log_error("%s; the engine ends. See who it is (%s/.avo/engine.lock), and let one of them go on", why, e->run_dir);
	engine_end(e, why, true);
}

static void look(void *arg)
{
	struct engine *e = arg;

	e->presence = NULL;
	if (++e->beats >= ENGINE_BEAT_MS / LOOK_MS) {
		e->beats = 0;
		engine_lock_beat(e->lock_fd);
	}
	if (presence_lost(e))
		return;
	control_server_keep_reachable(e->server);
	presence_watch(e);
}

void presence_watch(struct engine *e)
{
	e->presence = loop_add_timer(e->loop, LOOK_MS, look, e);
}
