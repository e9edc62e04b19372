// redteam: verdict=cheated rule=syscall check=syscall
// Makes the code of clock_gettime() writable, to have it run slower. The clock is in another process; trying is enough.
#include "honest.h"

#include <sys/mman.h>
#include <time.h>

int avo_attention(const struct avo_attention *a)
{
	uintptr_t page = (uintptr_t)clock_gettime & ~(uintptr_t)4095;

	if (mprotect((void *)page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == 0)
		*(volatile unsigned char *)(uintptr_t)clock_gettime = 0xc3;
	return honest(a);
}
