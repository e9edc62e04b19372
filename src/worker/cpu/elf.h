/*
 * A look into a candidate's shared object before anything loads it: code that
 * runs at load time would run before the process is sealed.
 */
#ifndef AVO_WORKER_CPU_ELF_H
#define AVO_WORKER_CPU_ELF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct elf_findings {
	char load_time[128];	/* what runs at load or unload time; "" if nothing */
	char libraries[128];	/* libraries it wants beyond libc and libm; "" if none */
	char calls[160];	/* imported functions that attention has no use for; "" if none */
};

/* AVO_CORRUPT when it is no 64-bit little-endian shared object. */
enum avo_status elf_inspect(struct elf_findings *out, const char *path, struct error *err);

#endif
