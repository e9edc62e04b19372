/*
 * The engine has its repository packed now and then: by a child of its own with
 * low priority, in a moment when nothing is measured. The next evaluation waits for
 * it; one that does not wait (an agent's) ends it, and the next moment begins anew.
 */
#include "avo.h"
#include "base/child.h"
#include "base/log.h"
#include "engine/internal.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXEC_REPORT_FD 4	/* child.h: who closes it has started */

static void block_term(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(how, &set, NULL);
}

/* In the child. SIGTERM ends it, but not in the middle of the refs, whose locks would stay. */
static int pack(void *arg)
{
	const struct engine *e = arg;
	struct lineage *l = NULL;
	struct error err = { 0 };
	enum avo_status st;

	block_term(SIG_BLOCK);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setpriority(PRIO_PROCESS, 0, 10);
	close(EXEC_REPORT_FD);
	st = lineage_open(&l, e->run_dir, LINEAGE_READ, &err);
	if (st == AVO_OK)
		st = lineage_pack_refs(l, &err);
	block_term(SIG_UNBLOCK);
	if (st == AVO_OK)
		st = lineage_pack_objects(l, &err);
	if (st != AVO_OK)
		dprintf(STDERR_FILENO, "packing: %s\n", err.text);
	_exit(st == AVO_OK ? 0 : 1);
}

static void on_packed(void *arg, pid_t pid, int wait_status)
{
	struct engine *e = arg;
	char how[96];

	e->packing.child = NULL;
	if (wait_status != 0)
		log_warn("packing the repository ended early: %s; it is tried again later", child_describe(how, sizeof(how), wait_status));
	engine_kick(e);
}

bool engine_pack_look(struct engine *e)
{
	struct child_spec spec = CHILD_SPEC_INIT;
	struct error err;

	if (e->packing.child)
		return true;
	if (!e->packing.look || e->own_profile.evaluation || e->asked_profile.evaluation)
		return false;
	e->packing.look = false;
	if (!lineage_pack_due(e->lineage))
		return false;
	spec.stderr_fd = STDERR_FILENO;
	spec.enter = pack;
	spec.enter_arg = e;
	if (child_spawn(&e->packing.pid, &spec, &err) != AVO_OK) {
		log_warn("%s", err.text);
		return false;
	}
	e->packing.child = loop_add_child(e->loop, e->packing.pid, on_packed, e);
	return true;
}

void engine_pack_stop(struct engine *e)
{
	if (!e->packing.child)
		return;
	loop_remove_child(e->loop, e->packing.child);
	e->packing.child = NULL;
	kill(e->packing.pid, SIGTERM);
	while (waitpid(e->packing.pid, NULL, 0) < 0 && errno == EINTR)
		;
	e->packing.look = true;
}
