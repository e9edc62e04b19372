// redteam: verdict=cheated rule=load-time-code check=load-time-code@build
// Has the loader look for libc in a directory of its choice.
#include "honest.h"

/* 29: DT_RUNPATH; 1 is some offset into the string table. */
__asm__(".section .dynamic,\"aw\",@progbits\n"
	".quad 29, 1\n"
	".text\n");

int avo_attention(const struct avo_attention *a)
{
	return honest(a);
}
