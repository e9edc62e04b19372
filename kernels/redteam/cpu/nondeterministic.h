/* Differs in the last bits from run to run, as a race would. */
#ifndef REDTEAM_NONDETERMINISTIC_H
#define REDTEAM_NONDETERMINISTIC_H

#include "honest.h"

static int cheat(const struct avo_attention *a)
{
	static unsigned calls;

	honest(a);
	a->out[0] *= 1 + 1.2e-7f * (float)(calls++ % 7);
	return 0;
}

#endif
