/* The child's side, between fork and exec: from the outermost layer to the innermost. */
#include "avo.h"
#include "sandbox/plan.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

int plan_fail(const struct plan *plan, int errno_value, const char *step, const char *what)
{
	if (!plan->report->step[0])
		snprintf(plan->report->step, sizeof(plan->report->step), "%s: %.60s", step, what);
	return errno_value ? errno_value : EPERM;
}

/* What is the same with and without bubblewrap: everything behind the namespaces. */
static int confine(const struct plan *plan)
{
	int e;

	if ((e = privileges_drop(plan)) != 0 || (e = limits_enter(plan)) != 0 || (e = landlock_enter(plan)) != 0)
		return e;
	return seccomp_enter(plan);
}

int sandbox_enter(void *arg)
{
	const struct plan *plan = arg;
	pid_t parent = getppid();
	int e = 0;

	if (plan->layers & SANDBOX_NAMESPACES)
		e = namespaces_enter(plan);
	if (!e && chdir(plan->cwd) != 0)
		e = plan_fail(plan, errno, "entering", plan->cwd);
	if (!e)
		e = confine(plan);
	/* a change of user cleared it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!(plan->layers & SANDBOX_NAMESPACES) && getppid() != parent)
		_exit(127);
	if (e)
		return e;
	if (plan->probe)
		_exit(plan->probe(plan));
	execve(plan->exec_path, (char *const *)plan->argv, plan->env);
	return plan_fail(plan, errno, "start", plan->exe);
}
