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

	if ((e = privileges_drop(plan)) != 0)
		return e;
	/* as the user whose directory it is: root without capabilities may not enter it */
	if (chdir(plan->cwd) != 0)
		return plan_fail(plan, errno, "entering", plan->cwd);
	if ((e = limits_enter(plan)) != 0 || (e = landlock_enter(plan)) != 0)
		return e;
	return seccomp_enter(plan);
}

int sandbox_finish(const struct plan *plan)
{
	pid_t parent = getppid();
	int e = confine(plan);

	if (e)
		return e;
	/* a change of user cleared it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	if (plan->probe)
		_exit(plan->probe(plan));
	execve(plan->exec_path, (char *const *)plan->argv, plan->env);
	return plan_fail(plan, errno, "start", plan->exe);
}

int sandbox_enter(void *arg)
{
	const struct plan *plan = arg;
	int e = plan->layers & SANDBOX_NAMESPACES ? namespaces_enter(plan) : 0;

	return e ? e : sandbox_finish(plan);
}
