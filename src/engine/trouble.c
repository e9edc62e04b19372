/*
 * Trouble: a disk that is full, a lock that somebody left, a read that failed. The run stands still, the very thing that failed is
 * tried again after growing pauses, and only its success ends the trouble: one state event when it begins, one when it is over.
 */
#include "avo.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"

#include <sys/statvfs.h>

#define ROOM_BYTES ((uint64_t)1 << 20)
#define LOCK_GRACE_MS 1000	/* another git at work: nobody needs to hear of it */
#define LONG_MS 30000		/* then a person is told what may be removed */

/* Pauses between tries; the last one repeats. */
static const int pauses_ms[] = { 100, 200, 500, 1000, 2000, 5000, 10000, 30000 };

/* Enough for an attempt: going on with less would only stop again. */
static bool has_room(const struct engine *e)
{
	struct statvfs fs;

	return statvfs(e->run_dir, &fs) != 0 || (uint64_t)fs.f_bavail * fs.f_frsize >= ROOM_BYTES;
}

static enum avo_status read_again(struct engine *e, struct error *err)
{
	struct source source = { 0 };
	enum avo_status st = lineage_read_source(&source, e->lineage, state_incumbent(&e->state)->commit, err);

	source_release(&source);
	return st;
}

/* What an attempt needs, with files that are known to be good; the attempt itself then takes the same place. */
static enum avo_status commit_again(struct engine *e, struct error *err)
{
	const struct version *incumbent = state_incumbent(&e->state);
	char commit[COMMIT_ID_SIZE], tree[COMMIT_ID_SIZE], *dir = NULL;
	struct source source = { 0 };
	enum avo_status st = lineage_read_source(&source, e->lineage, incumbent->commit, err);

	if (st == AVO_OK)
		st = lineage_commit_attempt(commit, e->lineage, (int)e->state.attempt_count + 1, incumbent->commit, source.files, source.count,
					    e->ops->name, "avo: can this be written?\n", err);
	if (st == AVO_OK)
		st = cache_export(&dir, tree, e, incumbent->commit, err);
	free(dir);
	source_release(&source);
	return st;
}

static enum avo_status try_again(struct engine *e, struct error *err)
{
	if (!has_room(e))
		return error_set(err, AVO_ENVIRONMENT, "there is no room on the disk of %s", e->run_dir);
	if (!engine_write_backlog(e, err))
		return err->status;
	switch (e->trouble.kind) {
	case TROUBLE_JOURNAL:
		return AVO_OK;
	case TROUBLE_PROMOTION:
		return engine_promote_held(e, &e->trouble.promoted, err);
	case TROUBLE_ATTEMPT:
		return commit_again(e, err);
	case TROUBLE_READING:
		return read_again(e, err);
	}
	return AVO_OK;
}

static void tell(struct engine *e)
{
	bool stands = engine_active(e) || e->state.state == ENGINE_AWAITING || e->state.state == ENGINE_WAITING;
	char *text;

	if (e->trouble.told || !stands)
		return;
	e->trouble.told = true;
	if (engine_active(e))
		e->then = e->state.state;
	text = xasprintf("%s; tried again until it works", e->trouble.reason);
	engine_set_state(e, ENGINE_PAUSED, text);
	free(text);
}

static void tell_a_person(struct engine *e)
{
	if (e->trouble.warned || clock_mono_ms() - e->trouble.since_ms < LONG_MS)
		return;
	e->trouble.warned = true;
	engine_warn(e, "for %d s now: %s%s", LONG_MS / 1000, e->trouble.reason,
		    e->trouble.locked ? "; if no git command is at work on this run, remove that lock file (a name that ends in .lock)" : "");
}

static void set_reason(struct engine *e, const struct error *err)
{
	free(e->trouble.reason);
	e->trouble.reason = xstrdup(err->text);
	e->trouble.locked = err->status == AVO_BUSY;
}

static void retry(void *arg);

static void pause_and_retry(struct engine *e)
{
	size_t n = (size_t)e->trouble.tries++;

	if (n >= ARRAY_LEN(pauses_ms))
		n = ARRAY_LEN(pauses_ms) - 1;
	e->trouble.timer = loop_add_timer(e->loop, pauses_ms[n], retry, e);
}

static void end_trouble(struct engine *e)
{
	bool told = e->trouble.told;
	int promoted = e->trouble.promoted;

	loop_remove_timer(e->loop, e->trouble.timer);
	free(e->trouble.reason);
	e->trouble = (struct trouble){ 0 };
	/* an approval or a worker that was waited for is waited for again */
	if (told && e->then != ENGINE_NONE)
		engine_set_state(e, e->then, "what stopped the run is over");
	if (promoted)
		engine_deliver(e, promoted, true);
	engine_kick(e);
}

/* Trying again does not help where the user has to see to something. */
static void leave_to_user(struct engine *e, const struct error *err)
{
	free(e->trouble.reason);
	e->trouble = (struct trouble){ 0 };
	engine_warn(e, "%s", err->text);
	engine_set_state(e, ENGINE_PAUSED, err->text);
}

static void retry(void *arg)
{
	struct engine *e = arg;
	struct error err = { 0 };

	e->trouble.timer = NULL;
	if (try_again(e, &err) == AVO_OK) {
		end_trouble(e);
		return;
	}
	if (err.status == AVO_CONFLICT) {
		leave_to_user(e, &err);
		return;
	}
	set_reason(e, &err);
	if (!e->trouble.locked || clock_mono_ms() - e->trouble.since_ms >= LOCK_GRACE_MS)
		tell(e);
	tell_a_person(e);
	pause_and_retry(e);
}

void engine_trouble(struct engine *e, enum trouble_kind kind, const struct error *err)
{
	if (e->trouble.on || presence_lost(e))
		return;
	log_error("%s", err->text);
	e->trouble.on = true;
	e->trouble.kind = kind;
	e->trouble.since_ms = clock_mono_ms();
	set_reason(e, err);
	if (!e->trouble.locked)
		tell(e);
	pause_and_retry(e);
}

enum avo_status engine_retry_trouble(struct engine *e, struct error *err)
{
	enum avo_status st = try_again(e, err);

	if (st == AVO_OK)
		end_trouble(e);
	return st;
}
