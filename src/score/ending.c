#include "avo.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/mem.h"
#include "score/ending.h"

#include <poll.h>
#include <signal.h>

#define LOOK_MS 20

/* What is done when a stage begins, and how long it lasts. */
static const struct {
	int signal;
	int64_t ms;
} stages[] = {
	{ 0, 2000 },
	{ SIGTERM, 3000 },
	{ SIGKILL, 1000 },		/* then it hangs in the kernel, and nothing helps */
};

struct ending {
	struct loop *loop;
	struct loop_timer *look;
	pid_t pid;
	bool reaped;
	size_t stage;
	int64_t until_ms;		/* the end of the stage */
	ending_fn *done;
	void *arg;
};

static void enter(struct ending *e, size_t stage)
{
	e->stage = stage;
	e->until_ms = clock_mono_ms() + stages[stage].ms;
	if (stages[stage].signal)
		child_signal(e->pid, stages[stage].signal);
}

/* True when nobody of the group is left, or nothing more can be done about it. */
static bool step(struct ending *e)
{
	int status;

	if (!e->reaped)
		e->reaped = child_reap(e->pid, &status);
	if (e->reaped && !child_group_lives(e->pid))
		return true;
	if (clock_mono_ms() < e->until_ms)
		return false;
	if (e->stage + 1 == ARRAY_LEN(stages))
		return true;
	enter(e, e->stage + 1);
	return false;
}

static bool was_killed(const struct ending *e)
{
	return stages[e->stage].signal == SIGKILL;
}

static void on_look(void *arg)
{
	struct ending *e = arg;
	ending_fn *done = e->done;
	void *done_arg = e->arg;
	bool killed;

	e->look = NULL;
	if (!step(e)) {
		e->look = loop_add_timer(e->loop, LOOK_MS, on_look, e);
		return;
	}
	killed = was_killed(e);
	free(e);
	done(done_arg, killed);
}

struct ending *ending_begin(struct loop *loop, pid_t pid, bool reaped, bool asked, ending_fn *done, void *arg)
{
	struct ending *e = xcalloc(1, sizeof(*e));

	e->loop = loop;
	e->pid = pid;
	e->reaped = reaped || pid <= 0;
	e->done = done;
	e->arg = arg;
	enter(e, asked ? 0 : 1);
	e->look = loop_add_timer(loop, 0, on_look, e);
	return e;
}

void ending_finish(struct ending *e)
{
	if (!e)
		return;
	while (!step(e))
		poll(NULL, 0, LOOK_MS);
	loop_remove_timer(e->loop, e->look);
	free(e);
}
