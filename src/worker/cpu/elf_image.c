#include "avo.h"
#include "worker/cpu/elf_image.h"

#define PAGE ((uint64_t)4096)

static bool inside(uint64_t offset, uint64_t size, uint64_t whole)
{
	return offset <= whole && size <= whole - offset;
}

const Elf64_Phdr *elf_image_segment(const struct elf_image *o, uint64_t address, uint64_t size)
{
	int i;

	for (i = 0; i < o->header->e_phnum; i++) {
		const Elf64_Phdr *s = &o->segments[i];

		if (s->p_type == PT_LOAD && address >= s->p_vaddr && inside(address - s->p_vaddr, size, s->p_memsz))
			return s;
	}
	return NULL;
}

const void *elf_image_at(const struct elf_image *o, uint64_t address, uint64_t size, size_t align)
{
	const Elf64_Phdr *s = elf_image_segment(o, address, size);
	uint64_t offset;

	if (!s || !inside(address - s->p_vaddr, size, s->p_filesz))
		return NULL;
	offset = s->p_offset + (address - s->p_vaddr);
	return offset % align ? NULL : o->bytes + offset;
}

uint64_t elf_image_tag(const struct elf_image *o, int64_t tag)
{
	size_t i;

	for (i = 0; i < o->dynamic_count; i++)
		if (o->dynamic[i].d_tag == tag)
			return o->dynamic[i].d_un.d_val;
	return 0;
}

const char *elf_image_text(const struct elf_image *o, uint64_t offset)
{
	uint64_t size = elf_image_tag(o, DT_STRSZ);
	const char *strings = elf_image_at(o, elf_image_tag(o, DT_STRTAB), size, 1);

	if (!strings || offset >= size || !memchr(strings + offset, '\0', size - offset))
		return "";
	return strings + offset;
}

static bool open_header(struct elf_image *o)
{
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)o->bytes;

	o->header = h;
	if (o->len < sizeof(*h) || memcmp(o->bytes, ELFMAG, SELFMAG) != 0 || o->bytes[EI_CLASS] != ELFCLASS64 ||
	    o->bytes[EI_DATA] != ELFDATA2LSB || h->e_type != ET_DYN)
		return false;
	if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phoff % 8 || !inside(h->e_phoff, (uint64_t)h->e_phnum * sizeof(Elf64_Phdr), o->len))
		return false;
	o->segments = (const Elf64_Phdr *)(o->bytes + h->e_phoff);
	return true;
}

/* In the file, in ascending order, and in pages of their own: which bytes lie where must not depend on who maps last. */
static bool check_segments(const struct elf_image *o)
{
	uint64_t free_from = 0;
	int i;

	for (i = 0; i < o->header->e_phnum; i++) {
		const Elf64_Phdr *s = &o->segments[i];

		if (s->p_type != PT_LOAD)
			continue;
		if (!inside(s->p_offset, s->p_filesz, o->len) || s->p_filesz > s->p_memsz || s->p_vaddr > UINT64_MAX / 4 ||
		    s->p_memsz > UINT64_MAX / 4 || s->p_vaddr % PAGE != s->p_offset % PAGE || s->p_vaddr / PAGE * PAGE < free_from)
			return false;
		free_from = (s->p_vaddr + s->p_memsz + PAGE - 1) / PAGE * PAGE;
	}
	return true;
}

static bool open_dynamic(struct elf_image *o)
{
	const Elf64_Phdr *found = NULL;
	size_t room;
	int i;

	for (i = 0; i < o->header->e_phnum; i++) {
		if (o->segments[i].p_type != PT_DYNAMIC)
			continue;
		if (found)
			return false;
		found = &o->segments[i];
	}
	if (!found)
		return false;
	o->dynamic_at = found->p_vaddr;
	o->dynamic_size = found->p_memsz;
	o->dynamic = elf_image_at(o, found->p_vaddr, found->p_memsz, 8);
	room = o->dynamic ? found->p_memsz / sizeof(*o->dynamic) : 0;
	while (o->dynamic_count < room && o->dynamic[o->dynamic_count].d_tag != DT_NULL)
		o->dynamic_count++;
	return o->dynamic_count < room;
}

bool elf_image_open(struct elf_image *o, const char *bytes, size_t len)
{
	memset(o, 0, sizeof(*o));
	o->bytes = bytes;
	o->len = len;
	return open_header(o) && check_segments(o) && open_dynamic(o);
}
