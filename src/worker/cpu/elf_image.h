/*
 * A shared object as the loader will see it: through its program headers and
 * its dynamic table, never through its section headers, which no loader reads.
 * Everything is bounds-checked against the file; the bytes stay the caller's.
 */
#ifndef AVO_WORKER_CPU_ELF_IMAGE_H
#define AVO_WORKER_CPU_ELF_IMAGE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_image {
	const char *bytes;		/* aligned to 8 */
	size_t len;
	const Elf64_Ehdr *header;
	const Elf64_Phdr *segments;
	const Elf64_Dyn *dynamic;	/* up to DT_NULL */
	size_t dynamic_count;
	uint64_t dynamic_at, dynamic_size;	/* where PT_DYNAMIC lies in memory */
};

/* False when it is no 64-bit little-endian shared object with one dynamic table, or its segments overlap or lie outside the file. */
bool elf_image_open(struct elf_image *out, const char *bytes, size_t len);
/* The value of a dynamic tag; 0: it has none. */
uint64_t elf_image_tag(const struct elf_image *o, int64_t tag);
/* The loaded segment that holds all of [address, address + size) in memory; NULL: none does. */
const Elf64_Phdr *elf_image_segment(const struct elf_image *o, uint64_t address, uint64_t size);
/* The bytes that the file gives this range, which is aligned to 8 or less as `align` says; NULL when not all of it comes from the file. */
const void *elf_image_at(const struct elf_image *o, uint64_t address, uint64_t size, size_t align);
/* A string of the dynamic string table; "" when it lies outside. */
const char *elf_image_text(const struct elf_image *o, uint64_t offset);

#endif
