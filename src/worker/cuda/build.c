#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "worker/cuda/compiler.h"
#include "worker/cuda/gpu.h"
#include "worker/cuda/planner.h"
#include "worker/cuda/ptxas.h"
#include "worker/sha256.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/cuda/trusted_cu.h"

#define COMPILE_MS 180000
#define SOURCE_MAX ((size_t)4 << 20)
#define MAX_FILES 64

static int is_source(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* Runs fn for every file of a directory tree, in a fixed order; names are relative to dir. */
typedef enum avo_status file_fn(void *arg, const char *path, const char *name, struct error *err);

static enum avo_status each_file(const char *dir, const char *prefix, file_fn *fn, void *arg, struct error *err)
{
	struct dirent **list = NULL;
	int n = scandir(dir, &list, is_source, alphasort), i;
	enum avo_status st = AVO_OK;

	if (n < 0)
		return error_errno(err, errno, "cannot read %s", dir);
	if (n > MAX_FILES)
		st = error_set(err, AVO_USAGE, "%s holds %d files, at most %d are expected", dir, n, MAX_FILES);
	for (i = 0; i < n; i++) {
		char *path = path_join(dir, list[i]->d_name), *name = xasprintf("%s%s", prefix, list[i]->d_name);
		struct stat info;

		if (st == AVO_OK && stat(path, &info) == 0) {
			char *deeper = xasprintf("%s/", name);

			if (S_ISDIR(info.st_mode))
				st = each_file(path, deeper, fn, arg, err);
			else if (S_ISREG(info.st_mode))
				st = fn(arg, path, name, err);
			free(deeper);
		}
		free(path);
		free(name);
		free(list[i]);
	}
	free(list);
	return st;
}

static enum avo_status hash_file(void *arg, const char *path, const char *name, struct error *err)
{
	struct sha256 *s = arg;
	struct buf text = BUF_INIT;
	enum avo_status st = path_read(&text, path, SOURCE_MAX, err);

	sha256_add_text(s, name, strlen(name));
	sha256_add_text(s, buf_cstr(&text), text.len);
	buf_release(&text);
	return st;
}

static enum avo_status copy_file(void *arg, const char *path, const char *name, struct error *err)
{
	char *to = path_join(arg, name), *slash = strrchr(to, '/');
	enum avo_status st = AVO_OK;

	if (strchr(name, '/')) {
		*slash = '\0';
		st = path_mkdirs(to, 0755, err);
		*slash = '/';
	}
	if (st == AVO_OK)
		st = path_copy_file(path, to, 0644, err);
	free(to);
	return st;
}

static enum avo_status choose_compiler(struct compiler *out, const char *dir, const char *arch, struct error *err)
{
	char *path = path_join(dir, "kernel.cu");
	struct buf source = BUF_INIT;
	enum avo_status st;

	/* one that cannot be read is missed when it is compiled */
	path_read(&source, path, SOURCE_MAX, NULL);
	st = compiler_choose(out, buf_cstr(&source), arch, err);
	buf_release(&source);
	free(path);
	return st;
}

static enum avo_status name_build(char key[65], const struct compiler *compiler, const char *dir, const char *include_dir,
				  const char *arch, struct error *err)
{
	struct sha256 s;
	enum avo_status st;

	sha256_init(&s);
	sha256_add_text(&s, compiler->name, strlen(compiler->name));
	sha256_add_text(&s, arch, strlen(arch));
	st = each_file(include_dir, "", hash_file, &s, err);
	if (st == AVO_OK)
		st = each_file(dir, "", hash_file, &s, err);
	if (st == AVO_OK)
		sha256_hex(key, &s);
	return st;
}

static void build_failed(struct build_report *r, const char *fallback)
{
	r->verdict = VERDICT_BUILD_FAILED;
	ptxas_first_error(r->error, sizeof(r->error), buf_cstr(&r->log), r->log.len);
	if (!r->error[0])
		snprintf(r->error, sizeof(r->error), "%s", fallback);
}

static void read_report(struct build_report *r)
{
	struct ptxas_report report;

	ptxas_parse(&report, buf_cstr(&r->log), r->log.len);
	r->registers = ptxas_registers(&report);
	r->spills = ptxas_spills(&report);
	r->stack_bytes = ptxas_stack(&report);
	r->shared_bytes = ptxas_shared(&report);
	snprintf(r->warning, sizeof(r->warning), "%s", report.warning);
}

static enum avo_status compile_files(struct build_report *r, const struct compiler *compiler, const char *work, const char *arch, const char *include_dir, struct error *err)
{
	char *kernel = path_join(work, "kernel.cu"), *plan = path_join(work, "plan.c");
	enum avo_status st = AVO_OK;
	bool ok = path_exists(kernel) && path_exists(plan);

	if (!ok)
		build_failed(r, "a CUDA candidate is kernel.cu and plan.c; one of them is not there");
	if (ok) {
		st = compiler_run(&ok, &r->log, compiler, work, "kernel.cubin", arch, include_dir, COMPILE_MS, err);
		if (st == AVO_OK && !ok)
			build_failed(r, "kernel.cu does not compile");
	}
	if (st == AVO_OK && ok) {
		read_report(r);
		st = planner_build(&ok, &r->log, work, "plan.so", include_dir, NULL, err);
		if (st == AVO_OK && !ok)
			build_failed(r, "plan.c does not compile");
	}
	free(kernel);
	free(plan);
	return st;
}

/* The log stays with the build, so that a cached one reports the same. */
static enum avo_status keep_log(const struct build_report *r, const char *dir, struct error *err)
{
	char *path = path_join(dir, "build.log");
	enum avo_status st = path_write_atomic(path, buf_cstr(&r->log), r->log.len, 0644, err);

	free(path);
	return st;
}

static void recall_log(struct build_report *r, const char *dir)
{
	char *path = path_join(dir, "build.log");

	path_read(&r->log, path, (size_t)1 << 20, NULL);
	read_report(r);
	free(path);
}

static enum avo_status compile_into(struct build_report *r, const struct compiler *compiler, const char *target, const char *dir, const char *cache, const char *arch,
				    const char *include_dir, struct error *err)
{
	char *work = NULL;
	enum avo_status st = path_temp_dir(&work, cache, "building-", err);

	if (st != AVO_OK)
		return st;
	st = each_file(dir, "", copy_file, work, err);
	if (st == AVO_OK)
		st = compile_files(r, compiler, work, arch, include_dir, err);
	if (st == AVO_OK && r->verdict == VERDICT_PASSED)
		st = keep_log(r, work, err);
	if (st == AVO_OK && r->verdict == VERDICT_PASSED && chmod(work, 0755) != 0)
		st = error_errno(err, errno, "cannot keep the build");
	if (st == AVO_OK && r->verdict == VERDICT_PASSED && rename(work, target) != 0 && errno != EEXIST && errno != ENOTEMPTY)
		st = error_errno(err, errno, "cannot put the build into the cache %s", cache);
	path_remove_tree(work, NULL);
	free(work);
	return st;
}

enum avo_status gpu_build(struct build **out, struct build_report *r, const struct gpu_facts *facts, const char *dir,
			  const char *cache, struct error *err)
{
	char key[65], name[80], *place = NULL, *include_dir = path_data("kernels/include");
	struct build *b = xcalloc(1, sizeof(*b));
	struct compiler compiler;
	int64_t start = clock_mono_ns();
	enum avo_status st = path_mkdirs(cache, 0755, err);

	*out = NULL;
	r->verdict = VERDICT_PASSED;
	if (st == AVO_OK && !(place = realpath(cache, NULL)))
		st = error_errno(err, errno, "cannot find the cache %s", cache);
	if (st == AVO_OK)
		st = choose_compiler(&compiler, dir, facts->arch, err);
	if (st == AVO_OK)
		st = name_build(key, &compiler, dir, include_dir, facts->arch, err);
	if (st == AVO_OK) {
		snprintf(name, sizeof(name), "cuda-%.32s", key);
		b->dir = path_join(place, name);
		b->cubin = path_join(b->dir, "kernel.cubin");
		b->planner = path_join(b->dir, "plan.so");
		r->cached = path_exists(b->cubin);
		if (r->cached) {
			utimensat(AT_FDCWD, b->dir, NULL, 0);	/* used now: the engine removes the longest unused first */
			recall_log(r, b->dir);
		} else {
			st = compile_into(r, &compiler, b->dir, dir, place, facts->arch, include_dir, err);
		}
	}
	r->ms = (double)(clock_mono_ns() - start) * 1e-6;
	if (st == AVO_OK && r->verdict == VERDICT_PASSED)
		*out = b;
	else
		gpu_build_free(b);
	free(include_dir);
	free(place);
	return st;
}

void gpu_build_free(struct build *b)
{
	if (!b)
		return;
	if (b->temporary)
		path_remove_tree(b->dir, NULL);
	free(b->dir);
	free(b->cubin);
	free(b->planner);
	free(b->library);
	free(b);
}

enum avo_status gpu_build_trusted(char **out, const char *arch, const char *cache, struct error *err)
{
	char name[64], *work = NULL, *source = NULL, *cubin = NULL, *place = realpath(cache, NULL), *target;
	struct buf log = BUF_INIT;
	struct compiler compiler;
	enum avo_status st;
	struct sha256 s;
	char key[65];
	bool ok = false;

	if (!place)
		return error_errno(err, errno, "cannot find the cache %s", cache);
	sha256_init(&s);
	sha256_add_text(&s, trusted_source, strlen(trusted_source));
	sha256_add_text(&s, arch, strlen(arch));
	sha256_hex(key, &s);
	snprintf(name, sizeof(name), "trusted-%.32s.cubin", key);
	target = path_join(place, name);
	if (path_exists(target)) {
		free(place);
		*out = target;
		return AVO_OK;
	}
	st = path_temp_dir(&work, place, "trusted-", err);
	if (st == AVO_OK) {
		source = path_join(work, "kernel.cu");
		cubin = path_join(work, "kernel.cubin");
		st = path_write_atomic(source, trusted_source, strlen(trusted_source), 0644, err);
	}
	if (st == AVO_OK)
		st = compiler_choose(&compiler, NULL, arch, err);
	if (st == AVO_OK)
		st = compiler_run(&ok, &log, &compiler, work, "kernel.cubin", arch, work, COMPILE_MS, err);
	if (st == AVO_OK && !ok)
		st = error_set(err, AVO_ENVIRONMENT, "the worker's device code does not compile here: %.300s", buf_cstr(&log));
	if (st == AVO_OK && rename(cubin, target) != 0)
		st = error_errno(err, errno, "cannot keep %s", target);
	if (work)
		path_remove_tree(work, NULL);
	if (st == AVO_OK)
		*out = target;
	else
		free(target);
	buf_release(&log);
	free(work);
	free(source);
	free(cubin);
	free(place);
	return st;
}
