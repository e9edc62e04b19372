// redteam: verdict=cheated rule=writable-code check=writable-code@build
// Brings memory that can be written and run: what was looked at before is not what runs.
#include "honest.h"

__asm__(".section .patch,\"awx\",@progbits\n"
	"patch_here: mov $0, %eax\n"
	"ret\n"
	".text\n");
extern char patch_here[] __attribute__((visibility("hidden")));

int avo_attention(const struct avo_attention *a)
{
	int (*patched)(void) = (int (*)(void))(void *)patch_here;

	patch_here[1] = 0;
	return patched() + honest(a);
}
