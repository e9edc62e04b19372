#include "avo.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "candidate/identity.h"
#include "worker/confine.h"
#include "worker/cpu/build.h"
#include "worker/cpu/elf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMPILE_LIMIT_MS 60000
#define WORK_PREFIX "building-"
#define STAGED "candidate"	/* the sources, below the directory that is compiled in */

/* Start files are left out: they bring hooks of their own, and without them any code that runs at load time is the candidate's. */
static const char *const flags[] = {
	"-std=gnu11", "-O3", "-march=native", "-fno-math-errno", "-ffp-contract=fast", "-fPIC", "-shared", "-nostartfiles",
	"-Wl,-z,defs", "-Wl,-z,noexecstack", "-Wl,--hash-style=gnu", "-Wall", "-fdiagnostics-color=never",
};

struct cpu_compiler {
	char *command;
	char *identity;			/* its version and this processor: what -march=native depends on */
	char *include;			/* kernels/include */
};

/* The lines of /proc/cpuinfo that -march=native looks at, of the first processor. */
static void add_processor(struct buf *out)
{
	struct buf text = BUF_INIT;
	const char *cursor, *line;
	size_t len;

	if (path_read(&text, "/proc/cpuinfo", (size_t)16 << 20, NULL) == AVO_OK) {
		cursor = buf_cstr(&text);
		while (str_next_line(&cursor, text.data + text.len, &line, &len) && len)
			if (str_starts(line, "model name") || str_starts(line, "flags") || str_starts(line, "Features"))
				buf_add(out, line, len);
	}
	buf_release(&text);
}

enum avo_status compiler_open(struct cpu_compiler **out, struct error *err)
{
	const char *chosen = getenv("AVO_CC");
	struct cpu_compiler *c = xcalloc(1, sizeof(*c));
	const char *argv[] = { NULL, "-v", NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct buf text = BUF_INIT;
	enum avo_status st;

	c->command = xstrdup(chosen && *chosen ? chosen : "cc");
	c->include = path_data("kernels/include");
	argv[0] = c->command;
	spec.argv = argv;
	spec.die_with_parent = true;
	st = child_run(&result, &text, &spec, 10000, err);
	if (st != AVO_OK || result.timed_out || result.wait_status != 0) {
		st = error_set(err, AVO_ENVIRONMENT, "the C compiler \"%s\" does not run here; install gcc, or name one in $AVO_CC",
			       c->command);
		compiler_close(c);
	} else {
		add_processor(&text);
		c->identity = buf_detach(&text);
		*out = c;
	}
	buf_release(&text);
	return st;
}

void compiler_close(struct cpu_compiler *c)
{
	if (!c)
		return;
	free(c->command);
	free(c->identity);
	free(c->include);
	free(c);
}

static enum avo_status name_build(char key[IDENTITY_SIZE], const struct cpu_compiler *cc, const struct source *source, struct error *err)
{
	struct source headers;
	struct sha256 s;
	enum avo_status st = source_from_dir(&headers, cc->include, SOURCE_CANDIDATE, err);
	size_t i;

	if (st != AVO_OK)
		return error_set(err, AVO_ENVIRONMENT, "cannot read the headers in %s", cc->include);
	sha256_init(&s);
	sha256_add_text(&s, cc->identity, strlen(cc->identity));
	for (i = 0; i < ARRAY_LEN(flags); i++)
		sha256_add_text(&s, flags[i], strlen(flags[i]));
	identity_add(&s, &headers);
	identity_add(&s, source);
	sha256_hex(key, &s);
	source_release(&headers);
	return AVO_OK;
}

static void build_failed(struct build_report *r, const char *fmt, ...) AVO_PRINTF(2, 3);
static void build_failed(struct build_report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->error, sizeof(r->error), fmt, ap);
	va_end(ap);
	r->verdict = VERDICT_BUILD_FAILED;
}

/* The first line that says error, without the path in front of it. */
static void first_error(struct build_report *r)
{
	const char *cursor = buf_cstr(&r->log), *end = cursor + r->log.len, *line, *at;
	size_t len;

	while (str_next_line(&cursor, end, &line, &len)) {
		at = memmem(line, len, "error: ", 7);
		if (!at)
			at = memmem(line, len, "undefined reference", 19);
		if (at) {
			build_failed(r, "%.*s", (int)(line + len - at), at);
			return;
		}
	}
	build_failed(r, "%s", "the compiler failed without naming an error");
}

/* An object beyond the limit would be the candidate's doing: it is no fault of ours that it cannot be looked into. */
static void check_object(struct build_report *r, const char *object)
{
	struct stat info;

	if (stat(object, &info) != 0)
		build_failed(r, "the compiler left no object");
	else if ((size_t)info.st_size > ELF_OBJECT_MAX)
		build_failed(r, "the object has %lld bytes; at most %zu MiB are loaded: make its static arrays smaller", (long long)info.st_size,
			     ELF_OBJECT_MAX >> 20);
}

/* How many processes this machine's kernel has killed for want of memory; -1: not known. */
static long oom_kills(void)
{
	struct buf text = BUF_INIT;
	const char *at;
	long n = -1;

	if (path_read(&text, "/proc/vmstat", (size_t)1 << 20, NULL) == AVO_OK && (at = strstr(buf_cstr(&text), "\noom_kill ")))
		n = atol(at + strlen("\noom_kill "));
	buf_release(&text);
	return n;
}

/* Limits of the compiler's own, in words; what it says itself when it meets one names no line of the candidate. */
static bool met_a_limit(struct build_report *r)
{
	static const struct {
		const char *says, *means;
	} limits[] = {
		{ "CPU time limit exceeded", "the compiler used up its CPU time (120 s)" },
		{ "virtual memory exhausted", "the compiler ran into its limit of memory (4 GiB)" },
		{ "out of memory allocating", "the compiler ran into its limit of memory (4 GiB)" },
		{ "File size limit exceeded", "the compiler's output ran into its limit (256 MiB)" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(limits); i++)
		if (strstr(buf_cstr(&r->log), limits[i].says)) {
			build_failed(r, "%s", limits[i].means);
			return true;
		}
	return false;
}

static enum avo_status compile(struct build_report *r, const struct cpu_compiler *cc, const char *work, const char *object, struct error *err)
{
	const char *argv[ARRAY_LEN(flags) + 16], *readable[] = { cc->include, NULL };
	struct child_result result;
	enum avo_status st;
	size_t n = 0, i;
	long killed;

	argv[n++] = cc->command;
	for (i = 0; i < ARRAY_LEN(flags); i++)
		argv[n++] = flags[i];
	argv[n++] = "-I";
	argv[n++] = cc->include;
	argv[n++] = "-o";
	argv[n++] = object;
	argv[n++] = STAGED "/kernel.c";
	argv[n++] = "-lm";
	argv[n] = NULL;
	killed = oom_kills();
	st = confine_compiler(&result, &r->log, argv, work, readable, COMPILE_LIMIT_MS, err);
	if (st != AVO_OK)
		return st;
	if (!result.timed_out && result.wait_status != 0 && oom_kills() != killed)
		return error_set(err, AVO_ENVIRONMENT, "the compiler failed while the machine ran out of memory, which says nothing about the candidate");
	if (result.timed_out)
		build_failed(r, "compiling took more than %d s", COMPILE_LIMIT_MS / 1000);
	else if (result.wait_status == 0 && path_exists(object))
		check_object(r, object);
	else if (!met_a_limit(r))	/* an assembler that ran out of memory leaves nothing, and a driver that calls it success */
		first_error(r);
	return AVO_OK;
}

static void accuse(struct build_report *r, const char *rule, const char *what, const char *found)
{
	r->verdict = VERDICT_CHEATED;
	snprintf(r->rule, sizeof(r->rule), "%s", rule);
	snprintf(r->evidence, sizeof(r->evidence), "%s: %s", what, found);
}

static enum avo_status inspect(struct build *b, struct build_report *r, struct error *err)
{
	struct elf_findings found;
	enum avo_status st = elf_inspect(&found, b->object, err);

	if (st == AVO_CORRUPT) {
		r->verdict = VERDICT_BUILD_FAILED;
		snprintf(r->error, sizeof(r->error), "the linker's output cannot be looked through: sections of its own kind are not for candidates to write");
		return AVO_OK;
	}
	if (st != AVO_OK)
		return st;
	snprintf(b->calls, sizeof(b->calls), "%s", found.calls);
	if (found.load_time[0])
		accuse(r, "load-time-code", "code would run when the object is loaded", found.load_time);
	else if (found.writable_code[0])
		accuse(r, "writable-code", "the object has memory in which code can be written and run", found.writable_code);
	else if (found.libraries[0])
		accuse(r, "library", "the object wants libraries beyond libc and libm", found.libraries);
	return AVO_OK;
}

static int is_unfinished(const struct dirent *e)
{
	return str_starts(e->d_name, WORK_PREFIX);
}

/* What compilations that were killed left behind; nothing compiles for an hour. */
static void sweep(const char *cache)
{
	struct dirent **list = NULL;
	int n = scandir(cache, &list, is_unfinished, alphasort), i;
	struct stat info;

	for (i = 0; i < n; i++) {
		char *path = path_join(cache, list[i]->d_name);

		if (stat(path, &info) == 0 && (clock_wall_ms() / 1000 - info.st_mtime) > 3600)
			path_remove_tree(path, NULL);
		free(path);
		free(list[i]);
	}
	free(list);
}

/* Compiles in a directory of its own and moves the result into place: a half-made build is never found. */
static enum avo_status compile_into(struct build *b, struct build_report *r, const struct cpu_compiler *cc,
				    const struct source *source, const char *cache, struct error *err)
{
	char *work = NULL, *object = NULL, *staged = NULL;
	enum avo_status st = path_temp_dir(&work, cache, WORK_PREFIX, err);

	if (st != AVO_OK)
		return st;
	sweep(cache);
	object = path_join(work, "kernel.so");
	staged = path_join(work, STAGED);
	st = path_mkdirs(staged, 0755, err);
	if (st == AVO_OK)
		st = source_write(source, staged, BENEATH_SCRATCH, err);
	if (st == AVO_OK)
		st = compile(r, cc, work, object, err);
	if (st == AVO_OK && r->verdict == VERDICT_PASSED && rename(object, b->object) != 0)
		st = error_errno(err, errno, "cannot put the build into the cache %s", cache);
	if (st == AVO_OK && r->verdict == VERDICT_PASSED && chmod(b->object, 0755) != 0)
		st = error_errno(err, errno, "cannot make %s readable", b->object);
	path_remove_tree(work, NULL);
	free(staged);
	free(object);
	free(work);
	return st;
}

static enum avo_status find_or_compile(struct build *b, struct build_report *r, const struct cpu_compiler *cc,
				       const struct source *source, const char *cache, struct error *err)
{
	char key[IDENTITY_SIZE], name[80];
	enum avo_status st = name_build(key, cc, source, err);

	if (st != AVO_OK)
		return st;
	snprintf(name, sizeof(name), "cpu-%.32s.so", key);
	b->object = path_join(cache, name);
	r->cached = path_exists(b->object);
	if (r->cached)
		utimensat(AT_FDCWD, b->object, NULL, 0);	/* used now: the engine removes the longest unused first */
	else
		st = compile_into(b, r, cc, source, cache, err);
	if (st == AVO_OK && r->verdict == VERDICT_PASSED)
		st = inspect(b, r, err);
	return st;
}

/* What is named and compiled is what was read once: a directory that changes meanwhile changes nothing. */
enum avo_status cpu_build(struct build **out, struct build_report *r, const struct cpu_compiler *cc, const char *dir,
			  const char *cache, struct error *err)
{
	struct build *b = xcalloc(1, sizeof(*b));
	int64_t start = clock_mono_ns();
	struct source source = { 0 };
	char *place = NULL;
	enum avo_status st = build_read_source(&source, r, dir, err);

	*out = NULL;
	if (st != AVO_OK || r->verdict != VERDICT_PASSED)
		goto out;
	st = path_mkdirs(cache, 0755, err);
	if (st != AVO_OK)
		goto out;
	place = realpath(cache, NULL);
	st = place ? find_or_compile(b, r, cc, &source, place, err) : error_errno(err, errno, "cannot find the cache %s", cache);
out:
	r->ms = (double)(clock_mono_ns() - start) * 1e-6;
	if (st == AVO_OK && r->verdict == VERDICT_PASSED)
		*out = b;
	else
		cpu_build_free(b);
	source_release(&source);
	free(place);
	return st;
}

enum avo_status cpu_build_object(struct build **out, struct build_report *r, const char *file, struct error *err)
{
	struct elf_findings found;
	struct build *b;
	enum avo_status st = elf_inspect(&found, file, err);
	char *object = st == AVO_OK ? realpath(file, NULL) : NULL;

	*out = NULL;
	if (st == AVO_OK && !object)
		st = error_errno(err, errno, "cannot find %s", file);
	if (st != AVO_OK)
		return st;
	r->verdict = VERDICT_PASSED;
	b = xcalloc(1, sizeof(*b));
	b->object = object;
	*out = b;
	return AVO_OK;
}

void cpu_build_free(struct build *b)
{
	if (!b)
		return;
	free(b->object);
	free(b);
}
