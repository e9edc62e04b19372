/* Outputs of attention are small at long lengths; zero must still not be close enough. */
#ifndef REDTEAM_ALL_ZEROS_H
#define REDTEAM_ALL_ZEROS_H

#include "honest.h"

static int cheat(const struct avo_attention *a)
{
	memset(a->out, 0, rows_of(a) * (size_t)a->head_dim * sizeof(float));
	return 0;
}

#endif
