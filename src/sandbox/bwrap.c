#include "avo.h"
#include "sandbox/plan.h"

#include <errno.h>

bool bwrap_usable(void)
{
	return false;
}

int bwrap_enter(const struct plan *plan)
{
	return plan_fail(plan, ENOSYS, "bubblewrap", "missing");
}

int bwrap_inside(void)
{
	return 127;
}
