#include "avo.h"
#include "base/buf.h"
#include "base/path.h"
#include "base/str.h"
#include "worker/cpu/elf.h"

#include <elf.h>

#define OBJECT_MAX ((size_t)64 << 20)

struct object {
	const char *bytes;
	size_t len;
	const Elf64_Ehdr *header;
	const Elf64_Shdr *sections;
};

/* Imports that only make sense for leaving the task: evidence, since the kernel's filter is what stops them. */
static const char *const foreign[] = {
	"fork", "vfork", "clone", "execve", "execv", "system", "popen", "pthread_create", "thrd_create", "open", "open64",
	"openat", "fopen", "fopen64", "socket", "connect", "kill", "ptrace", "process_vm_readv", "dlopen", "dlsym",
	"mprotect", "syscall", "getenv", "clock_gettime", "gettimeofday", "time", "nanosleep", "usleep", "unlink",
};

static const char *const known_libraries[] = { "libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1" };

static bool inside(const struct object *o, uint64_t offset, uint64_t size)
{
	return offset <= o->len && size <= o->len - offset;
}

static bool open_object(struct object *o)
{
	o->header = (const Elf64_Ehdr *)o->bytes;
	if (o->len < sizeof(*o->header) || memcmp(o->bytes, ELFMAG, SELFMAG) != 0 || o->bytes[EI_CLASS] != ELFCLASS64 ||
	    o->bytes[EI_DATA] != ELFDATA2LSB || o->header->e_type != ET_DYN || o->header->e_shentsize != sizeof(Elf64_Shdr) ||
	    o->header->e_shoff % 8 || !inside(o, o->header->e_shoff, (uint64_t)o->header->e_shnum * sizeof(Elf64_Shdr)))
		return false;
	o->sections = (const Elf64_Shdr *)(o->bytes + o->header->e_shoff);
	return true;
}

/* The contents of a section as an array of entries; 0 entries when it lies outside the file. */
static size_t entries(const void **out, const struct object *o, const Elf64_Shdr *s, size_t size)
{
	if (s->sh_type == SHT_NOBITS || s->sh_offset % 8 || !inside(o, s->sh_offset, s->sh_size))
		return 0;
	*out = o->bytes + s->sh_offset;
	return s->sh_size / size;
}

static const char *text_at(const struct object *o, const Elf64_Shdr *s, uint64_t offset)
{
	const Elf64_Shdr *strings;

	if (s->sh_link >= o->header->e_shnum)
		return "";
	strings = &o->sections[s->sh_link];
	if (!inside(o, strings->sh_offset, strings->sh_size) || offset >= strings->sh_size ||
	    !memchr(o->bytes + strings->sh_offset + offset, '\0', strings->sh_size - offset))
		return "";
	return o->bytes + strings->sh_offset + offset;
}

static void add(char *list, size_t size, const char *name)
{
	size_t n = strlen(list);

	if (!strstr(list, name))
		snprintf(list + n, size - n, "%s%s", n ? ", " : "", name);
}

static bool listed(const char *const *list, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

static void read_dynamic(struct elf_findings *f, const struct object *o, const Elf64_Shdr *s)
{
	const Elf64_Dyn *d = NULL;
	size_t n = entries((const void **)&d, o, s, sizeof(*d)), i;

	for (i = 0; i < n && d[i].d_tag != DT_NULL; i++) {
		bool array = d[i].d_tag == DT_INIT_ARRAYSZ || d[i].d_tag == DT_FINI_ARRAYSZ || d[i].d_tag == DT_PREINIT_ARRAYSZ;

		if (d[i].d_tag == DT_INIT || d[i].d_tag == DT_FINI || (array && d[i].d_un.d_val))
			add(f->load_time, sizeof(f->load_time), d[i].d_tag == DT_FINI || d[i].d_tag == DT_FINI_ARRAYSZ ?
			    "a destructor" : "a constructor");
		if (d[i].d_tag == DT_NEEDED || d[i].d_tag == DT_AUXILIARY || d[i].d_tag == DT_FILTER) {
			const char *name = text_at(o, s, d[i].d_un.d_val);

			if (!listed(known_libraries, ARRAY_LEN(known_libraries), name))
				add(f->libraries, sizeof(f->libraries), name);
		}
	}
}

/* Indirect functions choose themselves at load time, by code of the candidate. */
static void read_relocations(struct elf_findings *f, const struct object *o, const Elf64_Shdr *s)
{
	const Elf64_Rela *r = NULL;
	size_t n = entries((const void **)&r, o, s, sizeof(*r)), i;

	for (i = 0; i < n; i++)
		if (ELF64_R_TYPE(r[i].r_info) == R_X86_64_IRELATIVE)
			add(f->load_time, sizeof(f->load_time), "an indirect function");
}

static void read_symbols(struct elf_findings *f, const struct object *o, const Elf64_Shdr *s)
{
	const Elf64_Sym *sym = NULL;
	size_t n = entries((const void **)&sym, o, s, sizeof(*sym)), i;

	for (i = 0; i < n; i++) {
		const char *name = text_at(o, s, sym[i].st_name);

		if (ELF64_ST_TYPE(sym[i].st_info) == STT_GNU_IFUNC && sym[i].st_shndx != SHN_UNDEF)
			add(f->load_time, sizeof(f->load_time), "an indirect function");
		if (sym[i].st_shndx == SHN_UNDEF && listed(foreign, ARRAY_LEN(foreign), name))
			add(f->calls, sizeof(f->calls), name);
	}
}

enum avo_status elf_inspect(struct elf_findings *out, const char *path, struct error *err)
{
	struct buf file = BUF_INIT;
	struct object o = { 0 };
	enum avo_status st = path_read(&file, path, OBJECT_MAX, err);
	int i;

	memset(out, 0, sizeof(*out));
	o.bytes = buf_cstr(&file);
	o.len = file.len;
	if (st == AVO_OK && !open_object(&o))
		st = error_set(err, AVO_CORRUPT, "%s is not a shared object", path);
	for (i = 0; st == AVO_OK && i < o.header->e_shnum; i++) {
		if (o.sections[i].sh_type == SHT_DYNAMIC)
			read_dynamic(out, &o, &o.sections[i]);
		else if (o.sections[i].sh_type == SHT_RELA)
			read_relocations(out, &o, &o.sections[i]);
		else if (o.sections[i].sh_type == SHT_DYNSYM)
			read_symbols(out, &o, &o.sections[i]);
	}
	buf_release(&file);
	return st;
}
