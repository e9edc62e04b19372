/*
 * A look into a candidate's shared object before anything loads it: code that
 * runs at load time would run before the process is sealed. The loader runs
 * initialisers, finalisers and the resolvers of indirect functions, and finds
 * them through its dynamic table, after it has applied relocations, which may
 * write anywhere. So what is let through is a list: the tags and the kinds of
 * relocation that the linker makes for plain code, relocations that stay in
 * memory which the loader reads nothing from, and tables in memory that no
 * relocation can reach. Anything else is called code at load time, whatever the
 * file says about its size.
 */
#ifndef AVO_WORKER_CPU_ELF_H
#define AVO_WORKER_CPU_ELF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define ELF_OBJECT_MAX ((size_t)64 << 20)

struct elf_findings {
	char load_time[192];	/* what runs at load or unload time, or could; "" if nothing */
	char writable_code[96];	/* memory that is both writable and executable; "" if none */
	char libraries[128];	/* libraries it wants beyond libc and libm; "" if none */
	char calls[160];	/* imported functions that attention has no use for; "" if none */
};

/* Pure: bytes (aligned to 8) against the rules. False when it is no 64-bit little-endian shared object of this kind of machine. */
bool elf_judge(struct elf_findings *out, const char *bytes, size_t len);
/* The same for a file of at most ELF_OBJECT_MAX bytes. AVO_CORRUPT when it is no such object. */
enum avo_status elf_inspect(struct elf_findings *out, const char *path, struct error *err);

#endif
