/* What may be loaded: plain objects of every kind pass, and no change of a byte makes the look crash or read outside. */
#include "avo.h"
#include "base/buf.h"
#include "base/child.h"
#include "base/mem.h"
#include "base/path.h"
#include "worker/cpu/elf.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static char *scratch;

/* Compiles text as candidates are compiled; the object's bytes, to be released. */
static void compile(struct buf *out, const char *text)
{
	char *source = path_join(scratch, "kernel.c"), *object = path_join(scratch, "kernel.so");
	const char *argv[] = {
		"cc", "-std=gnu11", "-O2", "-fPIC", "-shared", "-nostartfiles", "-Wl,-z,noexecstack", "-Wl,--hash-style=gnu",
		"-o", object, source, "-lm", NULL,
	};
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct buf log = BUF_INIT;
	struct error err = { 0 };

	spec.argv = argv;
	assert_int_equal(path_write_atomic(source, text, strlen(text), 0600, &err), AVO_OK);
	assert_int_equal(child_run(&result, &log, &spec, 60000, &err), AVO_OK);
	if (result.wait_status != 0)
		fail_msg("%s", buf_cstr(&log));
	assert_int_equal(path_read(out, object, ELF_OBJECT_MAX, &err), AVO_OK);
	buf_release(&log);
	free(source);
	free(object);
}

static void judge(struct elf_findings *f, const char *text)
{
	struct buf object = BUF_INIT;

	compile(&object, text);
	assert_true(elf_judge(f, object.data, object.len));
	buf_release(&object);
}

static void plain_code_is_let_through(void **state)
{
	static const char *const texts[] = {
		"int avo_attention(const void *a) { return a != 0; }",
		/* data with addresses in it, of its own and of others; libc and libm */
		"#include <math.h>\n#include <string.h>\nint avo_attention(const void *a);\nstatic int (*const table[])(const void *) = { avo_attention };\n"
		"float (*call)(float) = expf;\nint avo_attention(const void *a) { char t[64]; memcpy(t, a, 64); return table[0] == 0 ? t[0] : (int)call(1); }",
		/* memory of a thread, memory that the file does not hold */
		"static __thread float room[64];\nstatic char large[1 << 22];\nint avo_attention(const void *a) { room[3]++; large[5]++; return (int)room[3] + large[5]; }",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++) {
		struct elf_findings f;

		judge(&f, texts[i]);
		assert_string_equal(f.load_time, "");
		assert_string_equal(f.writable_code, "");
		assert_string_equal(f.libraries, "");
	}
}

#define ENTRY "int avo_attention(const void *a) { return a != 0; }\n"

/* Every tag by which the loader is told to run something, with a size of nothing. */
static void every_hook_is_refused_whatever_its_size(void **state)
{
	static const struct {
		int tag;
		const char *what;
	} hooks[] = {
		{ DT_INIT, "constructor" }, { DT_FINI, "destructor" }, { DT_INIT_ARRAY, "constructor" }, { DT_INIT_ARRAYSZ, "constructor" },
		{ DT_FINI_ARRAY, "destructor" }, { DT_FINI_ARRAYSZ, "destructor" }, { DT_PREINIT_ARRAY, "constructor" },
		{ DT_PREINIT_ARRAYSZ, "constructor" }, { DT_RPATH, "search path" }, { DT_RUNPATH, "search path" }, { DT_TEXTREL, "its code" },
		{ DT_AUDIT, "auditor" }, { DT_FILTER, "filter" }, { DT_DEBUG, "0x15" }, { 0x6ffffef9, "0x6ffffef9" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(hooks); i++) {
		struct elf_findings f;
		char text[300];

		snprintf(text, sizeof(text), "__asm__(\".section .dynamic,\\\"aw\\\",@progbits\\n.quad %d, 0\\n.text\\n\");\n" ENTRY, hooks[i].tag);
		judge(&f, text);
		if (!strstr(f.load_time, hooks[i].what))
			fail_msg("tag %#x: \"%s\" does not say %s", hooks[i].tag, f.load_time, hooks[i].what);
	}
}

static void relocations_stay_in_plain_memory(void **state)
{
	struct elf_findings f;

	/* the value of a harmless entry is an address that the loader fills in */
	judge(&f, "__asm__(\".section .dynamic,\\\"aw\\\",@progbits\\n.quad 14, here\\n.data\\n.globl here\\nhere: .quad 1\\n.text\\n\");\n" ENTRY);
	assert_non_null(strstr(f.load_time, "what the loader reads"));
	/* a size instead of an address; a copy of a function's code is no data either */
	judge(&f, "char there[8] = { 1 };\n__asm__(\".data\\nsize_of_it: .quad there@SIZE\\n.text\\n\");\n" ENTRY);
	assert_non_null(strstr(f.load_time, "a relocation of type"));
	/* a resolver, reached by a symbol */
	judge(&f, "typedef int fn(const void *);\nstatic int real(const void *a) { return a != 0; }\nstatic fn *pick(void) { return real; }\n"
		  "int avo_attention(const void *a) __attribute__((ifunc(\"pick\")));");
	assert_non_null(strstr(f.load_time, "an indirect function"));
	/* and one that only a relocation knows */
	judge(&f, "typedef int fn(const void *);\nstatic int real(const void *a) { return a != 0; }\nstatic fn *pick(void) { return real; }\n"
		  "static int other(const void *a) __attribute__((ifunc(\"pick\")));\nint avo_attention(const void *a) { return other(a); }");
	assert_non_null(strstr(f.load_time, "an indirect function"));
}

static void memory_is_written_or_run(void **state)
{
	struct elf_findings f;

	judge(&f, "__asm__(\".section .both,\\\"awx\\\"\\n.quad 0\\n.text\\n\");\n" ENTRY);
	assert_non_null(strstr(f.writable_code, "writable and executable"));
}

static void foreign_calls_and_libraries_are_named(void **state)
{
	struct elf_findings f;

	judge(&f, "int fork(void);\nint avo_attention(const void *a) { return a != 0 && fork(); }");
	assert_string_equal(f.calls, "fork");
}

/* Each byte of the headers and of the tables behind them once, with several values, and every length. */
static void damage_is_survived(void **state)
{
	static const unsigned char values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	struct buf object = BUF_INIT;
	struct elf_findings f;
	size_t i, j, most;
	char *copy;

	compile(&object, "#include <math.h>\nfloat (*call)(float) = expf;\nint avo_attention(const void *a) { return (int)call(a != 0); }");
	copy = xmalloc(object.len);
	most = object.len < 4096 ? object.len : 4096;
	for (i = 0; i < object.len; i += i < most ? 1 : 8)
		for (j = 0; j < ARRAY_LEN(values); j++) {
			memcpy(copy, object.data, object.len);
			copy[i] = (char)values[j];
			elf_judge(&f, copy, object.len);
		}
	free(copy);
	for (i = 0; i < most; i++) {
		copy = xmalloc(i + 1);
		memcpy(copy, object.data, i);
		assert_false(elf_judge(&f, copy, i));
		free(copy);
	}
	buf_release(&object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_code_is_let_through),
		cmocka_unit_test(every_hook_is_refused_whatever_its_size),
		cmocka_unit_test(relocations_stay_in_plain_memory),
		cmocka_unit_test(memory_is_written_or_run),
		cmocka_unit_test(foreign_calls_and_libraries_are_named),
		cmocka_unit_test(damage_is_survived),
	};
	struct error err;
	int failed;

	if (path_temp_dir(&scratch, "/tmp", "avo-elf-", &err) != AVO_OK) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	path_remove_tree(scratch, NULL);
	free(scratch);
	return failed;
}
