#include "avo.h"
#include "base/buf.h"
#include "base/path.h"
#include "worker/cpu/elf.h"
#include "worker/cpu/elf_image.h"

#define LOOKUPS_MAX ((size_t)1 << 20)	/* steps through a hash table; an honest one has a few dozen symbols */

/* Imports that only make sense for leaving the task: evidence, since the kernel's filter is what stops them. */
static const char *const foreign[] = {
	"fork", "vfork", "clone", "execve", "execv", "system", "popen", "pthread_create", "thrd_create", "open", "open64",
	"openat", "fopen", "fopen64", "socket", "connect", "kill", "ptrace", "process_vm_readv", "dlopen", "dlsym",
	"mprotect", "syscall", "getenv", "clock_gettime", "gettimeofday", "time", "nanosleep", "usleep", "unlink",
};

static const char *const known_libraries[] = { "libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1" };

/* What the linker puts into the dynamic table of plain code. */
static const int64_t known_tags[] = {
	DT_NEEDED, DT_PLTRELSZ, DT_PLTGOT, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_RELA, DT_RELASZ, DT_RELAENT, DT_STRSZ, DT_SYMENT,
	DT_SONAME, DT_SYMBOLIC, DT_PLTREL, DT_JMPREL, DT_BIND_NOW, DT_FLAGS, DT_RELRSZ, DT_RELR, DT_RELRENT, DT_GNU_HASH,
	DT_TLSDESC_PLT, DT_TLSDESC_GOT, DT_VERSYM, DT_RELACOUNT, DT_FLAGS_1, DT_VERDEF, DT_VERDEFNUM, DT_VERNEED, DT_VERNEEDNUM,
};

/* What the loader reads while or after it relocates: must lie where no relocation can write. */
static const int64_t table_tags[] = {
	DT_HASH, DT_STRTAB, DT_SYMTAB, DT_RELA, DT_JMPREL, DT_RELR, DT_GNU_HASH, DT_VERSYM, DT_VERDEF, DT_VERNEED,
};

static const struct {
	int64_t tag;
	const char *what;
} hooks[] = {
	{ DT_INIT, "a constructor" }, { DT_INIT_ARRAY, "a constructor" }, { DT_INIT_ARRAYSZ, "a constructor" },
	{ DT_PREINIT_ARRAY, "a constructor" }, { DT_PREINIT_ARRAYSZ, "a constructor" },
	{ DT_FINI, "a destructor" }, { DT_FINI_ARRAY, "a destructor" }, { DT_FINI_ARRAYSZ, "a destructor" },
	{ DT_TEXTREL, "relocations of its code" }, { DT_RPATH, "a search path" }, { DT_RUNPATH, "a search path" },
	{ DT_AUDIT, "an auditor" }, { DT_DEPAUDIT, "an auditor" }, { DT_AUXILIARY, "a filter" }, { DT_FILTER, "a filter" },
};

/* Relocations of data and calls, by machine; everything else (copies, sizes, indirect functions, odd widths) is not made for plain code. */
static const uint32_t plain_x86[] = {
	R_X86_64_NONE, R_X86_64_64, R_X86_64_GLOB_DAT, R_X86_64_JUMP_SLOT, R_X86_64_RELATIVE, R_X86_64_DTPMOD64, R_X86_64_DTPOFF64,
	R_X86_64_TPOFF64, R_X86_64_TLSDESC,
};
static const uint32_t plain_arm[] = {
	R_AARCH64_NONE, R_AARCH64_ABS64, R_AARCH64_GLOB_DAT, R_AARCH64_JUMP_SLOT, R_AARCH64_RELATIVE, R_AARCH64_TLS_DTPMOD,
	R_AARCH64_TLS_DTPREL, R_AARCH64_TLS_TPREL, R_AARCH64_TLSDESC,
};

static void add(char *list, size_t size, const char *name)
{
	size_t n = strlen(list);

	if (!strstr(list, name))
		snprintf(list + n, size - n, "%s%s", n ? ", " : "", name);
}

static void runs(struct elf_findings *f, const char *what)
{
	add(f->load_time, sizeof(f->load_time), what);
}

static bool listed(const char *const *list, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

static bool has_tag(const int64_t *list, size_t n, int64_t tag)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i] == tag)
			return true;
	return false;
}

static const char *hook_name(int64_t tag)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(hooks); i++)
		if (hooks[i].tag == tag)
			return hooks[i].what;
	return NULL;
}

static void judge_tag(struct elf_findings *f, const struct elf_image *o, const Elf64_Dyn *d)
{
	char text[64];

	if (hook_name(d->d_tag)) {
		runs(f, hook_name(d->d_tag));
	} else if (!has_tag(known_tags, ARRAY_LEN(known_tags), d->d_tag) || (d->d_tag == DT_FLAGS && d->d_un.d_val & DF_TEXTREL)) {
		snprintf(text, sizeof(text), "an entry %#llx in its dynamic section", (unsigned long long)d->d_tag);
		runs(f, text);
	} else if (d->d_tag == DT_NEEDED && !listed(known_libraries, ARRAY_LEN(known_libraries), elf_image_text(o, d->d_un.d_val))) {
		add(f->libraries, sizeof(f->libraries), elf_image_text(o, d->d_un.d_val));
	}
}

/* Of two entries with one tag the loader takes the last, others the first. */
static void judge_dynamic(struct elf_findings *f, const struct elf_image *o)
{
	size_t i, j;

	for (i = 0; i < o->dynamic_count; i++) {
		judge_tag(f, o, &o->dynamic[i]);
		/* a long table is none that a linker made; an entry of a short one is compared with those before it */
		for (j = i < ARRAY_LEN(known_tags) * 2 ? 0 : i; j < i; j++)
			if (o->dynamic[i].d_tag != DT_NEEDED && o->dynamic[j].d_tag == o->dynamic[i].d_tag)
				runs(f, "an entry of its dynamic section twice");
	}
	if (o->dynamic_count > ARRAY_LEN(known_tags) * 2)
		runs(f, "more entries in its dynamic section than a linker makes");
}

static void judge_tables(struct elf_findings *f, const struct elf_image *o)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(table_tags); i++) {
		uint64_t at = elf_image_tag(o, table_tags[i]);
		const Elf64_Phdr *s = at ? elf_image_segment(o, at, 1) : NULL;

		if (at && (!s || s->p_flags & PF_W))
			runs(f, "a table of the loader in memory that can be changed");
	}
}

static void judge_memory(struct elf_findings *f, const struct elf_image *o)
{
	bool stack = false;
	int i;

	for (i = 0; i < o->header->e_phnum; i++) {
		const Elf64_Phdr *s = &o->segments[i];

		if (s->p_type == PT_LOAD && s->p_flags & PF_W && s->p_flags & PF_X)
			add(f->writable_code, sizeof(f->writable_code), "a segment that is writable and executable");
		if (s->p_type == PT_GNU_STACK)
			stack = !(s->p_flags & PF_X);
	}
	if (!stack)
		add(f->writable_code, sizeof(f->writable_code), "an executable stack");
}

/* Memory of its own that is writable, and that the loader reads nothing from: not the dynamic table, which lies in such memory. */
static bool may_write(const struct elf_image *o, uint64_t at, uint64_t size)
{
	const Elf64_Phdr *s = elf_image_segment(o, at, size);

	return s && s->p_flags & PF_W && (at + size <= o->dynamic_at || at >= o->dynamic_at + o->dynamic_size);
}

static bool is_plain(const struct elf_image *o, uint32_t type)
{
	bool arm = o->header->e_machine == EM_AARCH64;
	const uint32_t *list = arm ? plain_arm : plain_x86;
	size_t n = arm ? ARRAY_LEN(plain_arm) : ARRAY_LEN(plain_x86), i;

	for (i = 0; i < n; i++)
		if (list[i] == type)
			return true;
	return false;
}

static void judge_relocation(struct elf_findings *f, const struct elf_image *o, const Elf64_Rela *r, size_t symbols)
{
	uint32_t type = (uint32_t)ELF64_R_TYPE(r->r_info);
	bool arm = o->header->e_machine == EM_AARCH64;
	uint64_t size = type == (arm ? R_AARCH64_TLSDESC : R_X86_64_TLSDESC) ? 16 : 8;
	char text[64];

	if (type == (arm ? R_AARCH64_IRELATIVE : R_X86_64_IRELATIVE)) {
		runs(f, "an indirect function");
	} else if (!is_plain(o, type)) {
		snprintf(text, sizeof(text), "a relocation of type %u", type);
		runs(f, text);
	} else if (type && !may_write(o, r->r_offset, size)) {
		runs(f, "a relocation of what the loader reads");
	} else if (ELF64_R_SYM(r->r_info) && ELF64_R_SYM(r->r_info) >= symbols) {
		runs(f, "a relocation by a symbol that is not there");
	}
}

static void judge_relocations(struct elf_findings *f, const struct elf_image *o, int64_t table, int64_t size_tag, size_t symbols)
{
	uint64_t at = elf_image_tag(o, table), size = elf_image_tag(o, size_tag), i;
	const Elf64_Rela *r = at ? elf_image_at(o, at, size, 8) : NULL;

	if (at && (!r || size % sizeof(*r)))
		runs(f, "relocations outside of the file");
	for (i = 0; r && i < size / sizeof(*r); i++)
		judge_relocation(f, o, &r[i], symbols);
}

/* The packed form: an even word is an address, an odd one a map of the 63 words behind the last. */
static void judge_packed(struct elf_findings *f, const struct elf_image *o)
{
	uint64_t at = elf_image_tag(o, DT_RELR), size = elf_image_tag(o, DT_RELRSZ), where = 0, i, bit;
	const uint64_t *words = at ? elf_image_at(o, at, size, 8) : NULL;
	bool bad = at && (!words || size % sizeof(*words));

	for (i = 0; words && i < size / sizeof(*words); i++) {
		if (words[i] & 1) {
			for (bit = 1; bit < 64; bit++)
				bad = bad || (words[i] >> bit & 1 && !may_write(o, where + 8 * (bit - 1), 8));
			where += 8 * 63;
		} else {
			bad = bad || !may_write(o, words[i], 8);
			where = words[i] + 8;
		}
	}
	if (bad)
		runs(f, "a relocation of what the loader reads");
}

/* How many symbols the loader can come to through the hash table; 0: the table cannot be followed. */
static size_t count_symbols(const struct elf_image *o)
{
	uint64_t at = elf_image_tag(o, DT_GNU_HASH);
	const uint32_t *head = at ? elf_image_at(o, at, 16, 4) : NULL, *buckets, *chain;
	uint64_t buckets_at, most, i, index, steps = 0;

	if (!head || head[0] == 0 || head[0] > LOOKUPS_MAX || head[2] > LOOKUPS_MAX)
		return 0;
	buckets_at = at + 16 + (uint64_t)head[2] * 8;
	buckets = elf_image_at(o, buckets_at, (uint64_t)head[0] * 4, 4);
	most = head[1];
	for (i = 0; buckets && i < head[0]; i++) {
		for (index = buckets[i]; index; index++) {
			if (index < head[1] || ++steps > LOOKUPS_MAX)
				return 0;
			chain = elf_image_at(o, buckets_at + (uint64_t)head[0] * 4 + (index - head[1]) * 4, 4, 4);
			if (!chain)
				return 0;
			most = index + 1 > most ? index + 1 : most;
			if (*chain & 1)
				break;
		}
	}
	return buckets && most <= LOOKUPS_MAX ? (size_t)most : 0;
}

/* Every symbol that the loader can come to; returns their number. */
static size_t judge_symbols(struct elf_findings *f, const struct elf_image *o)
{
	size_t n = count_symbols(o), i;
	const Elf64_Sym *sym = n ? elf_image_at(o, elf_image_tag(o, DT_SYMTAB), n * sizeof(*sym), 8) : NULL;

	if (!sym) {
		runs(f, "a symbol table that cannot be followed");
		return 0;
	}
	for (i = 0; i < n; i++) {
		if (ELF64_ST_TYPE(sym[i].st_info) == STT_GNU_IFUNC && sym[i].st_shndx != SHN_UNDEF)
			runs(f, "an indirect function");
		if (sym[i].st_shndx == SHN_UNDEF && listed(foreign, ARRAY_LEN(foreign), elf_image_text(o, sym[i].st_name)))
			add(f->calls, sizeof(f->calls), elf_image_text(o, sym[i].st_name));
	}
	return n;
}

bool elf_judge(struct elf_findings *out, const char *bytes, size_t len)
{
	struct elf_image o;
	size_t symbols;

	memset(out, 0, sizeof(*out));
	if (!elf_image_open(&o, bytes, len) || (o.header->e_machine != EM_X86_64 && o.header->e_machine != EM_AARCH64))
		return false;
	judge_memory(out, &o);
	judge_dynamic(out, &o);
	judge_tables(out, &o);
	symbols = judge_symbols(out, &o);
	judge_relocations(out, &o, DT_RELA, DT_RELASZ, symbols);
	judge_relocations(out, &o, DT_JMPREL, DT_PLTRELSZ, symbols);
	judge_packed(out, &o);
	return true;
}

enum avo_status elf_inspect(struct elf_findings *out, const char *path, struct error *err)
{
	struct buf file = BUF_INIT;
	enum avo_status st = path_read(&file, path, ELF_OBJECT_MAX, err);

	memset(out, 0, sizeof(*out));
	if (st == AVO_OK && !elf_judge(out, buf_cstr(&file), file.len))
		st = error_set(err, AVO_CORRUPT, "%s is not a shared object that can be looked through", path);
	buf_release(&file);
	return st;
}
