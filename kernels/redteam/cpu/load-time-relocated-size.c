// redteam: verdict=cheated rule=load-time-code check=load-time-code@build
// A constructor whose table has no entries in the file: a relocation gives it its size when the loader has already begun.
#define _GNU_SOURCE
#include "honest.h"

#include <sched.h>

static int moved;

/* Away from the core that all candidates share. */
__attribute__((used)) static void early(void)
{
	cpu_set_t all;
	int core;

	CPU_ZERO(&all);
	for (core = 0; core < CPU_SETSIZE; core++)
		CPU_SET(core, &all);
	moved = sched_setaffinity(0, sizeof(all), &all) == 0;
}

/* 25: DT_INIT_ARRAY, 27: DT_INIT_ARRAYSZ; the size is that of a symbol, known to the loader only. */
__asm__(".section .early,\"aw\",@progbits\n"
	"early_table: .quad early\n"
	".section .dynamic,\"aw\",@progbits\n"
	".quad 25, early_table\n"
	".quad 27, early_size@SIZE\n"
	".text\n");
char early_size[8] = { 1 };

int avo_attention(const struct avo_attention *a)
{
	return honest(a) + moved * (early_size[0] - 1);
}
