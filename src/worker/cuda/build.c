#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "candidate/identity.h"
#include "worker/cuda/compiler.h"
#include "worker/cuda/gpu.h"
#include "worker/cuda/planner.h"
#include "worker/cuda/ptxas.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/cuda/trusted_cu.h"

#define COMPILE_MS 180000
#define CUBIN_MAX ((off_t)64 << 20)

/* A kernel.cu that is not there is missed when it is compiled. */
static enum avo_status choose_compiler(struct compiler *out, const struct source *source, const char *arch, struct error *err)
{
	const struct source_file *kernel = source_find(source, "kernel.cu");

	return compiler_choose(out, kernel ? kernel->data : "", arch, err);
}

static enum avo_status name_build(char key[IDENTITY_SIZE], const struct compiler *compiler, const struct source *source,
				  const char *include_dir, const char *arch, struct error *err)
{
	struct source headers;
	struct sha256 s;

	if (source_from_dir(&headers, include_dir, SOURCE_CANDIDATE, err) != AVO_OK)
		return error_set(err, AVO_ENVIRONMENT, "cannot read the headers in %s", include_dir);
	sha256_init(&s);
	sha256_add_text(&s, compiler->name, strlen(compiler->name));
	sha256_add_text(&s, arch, strlen(arch));
	identity_add(&s, &headers);
	identity_add(&s, source);
	sha256_hex(key, &s);
	source_release(&headers);
	return AVO_OK;
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

/* Device code beyond the limit is the candidate's doing. */
static bool cubin_fits(struct build_report *r, const char *work)
{
	char *path = path_join(work, "kernel.cubin");
	struct stat info;
	bool fits = stat(path, &info) != 0 || info.st_size <= CUBIN_MAX;

	if (!fits) {
		r->verdict = VERDICT_BUILD_FAILED;
		snprintf(r->error, sizeof(r->error), "the device code has %lld bytes; at most %lld MiB are loaded: make its static arrays smaller",
			 (long long)info.st_size, (long long)(CUBIN_MAX >> 20));
	}
	free(path);
	return fits;
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
		ok = ok && cubin_fits(r, work);
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

static enum avo_status compile_into(struct build_report *r, const struct compiler *compiler, const char *target, const struct source *source,
				    const char *cache, const char *arch, const char *include_dir, struct error *err)
{
	char *work = NULL;
	enum avo_status st = path_temp_dir(&work, cache, "building-", err);

	if (st != AVO_OK)
		return st;
	st = source_write(source, work, BENEATH_SCRATCH, err);
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

static enum avo_status find_or_compile(struct build *b, struct build_report *r, const struct gpu_facts *facts, const struct source *source,
				       const char *cache, const char *include_dir, struct error *err)
{
	char key[IDENTITY_SIZE], name[80];
	struct compiler compiler;
	enum avo_status st = choose_compiler(&compiler, source, facts->arch, err);

	if (st == AVO_OK)
		st = name_build(key, &compiler, source, include_dir, facts->arch, err);
	if (st != AVO_OK)
		return st;
	snprintf(name, sizeof(name), "cuda-%.32s", key);
	b->dir = path_join(cache, name);
	b->cubin = path_join(b->dir, "kernel.cubin");
	b->planner = path_join(b->dir, "plan.so");
	r->cached = path_exists(b->cubin);
	if (!r->cached)
		return compile_into(r, &compiler, b->dir, source, cache, facts->arch, include_dir, err);
	utimensat(AT_FDCWD, b->dir, NULL, 0);	/* used now: the engine removes the longest unused first */
	recall_log(r, b->dir);
	return AVO_OK;
}

/* What is named and compiled is what was read once: a directory that changes meanwhile changes nothing. */
enum avo_status gpu_build(struct build **out, struct build_report *r, const struct gpu_facts *facts, const char *dir,
			  const char *cache, struct error *err)
{
	char *place = NULL, *include_dir = path_data("kernels/include");
	struct build *b = xcalloc(1, sizeof(*b));
	struct source source = { 0 };
	int64_t start = clock_mono_ns();
	enum avo_status st = build_read_source(&source, r, dir, err);

	*out = NULL;
	if (st != AVO_OK || r->verdict != VERDICT_PASSED)
		goto out;
	st = path_mkdirs(cache, 0755, err);
	if (st != AVO_OK)
		goto out;
	place = realpath(cache, NULL);
	st = place ? find_or_compile(b, r, facts, &source, place, include_dir, err) : error_errno(err, errno, "cannot find the cache %s", cache);
out:
	r->ms = (double)(clock_mono_ns() - start) * 1e-6;
	if (st == AVO_OK && r->verdict == VERDICT_PASSED)
		*out = b;
	else
		gpu_build_free(b);
	source_release(&source);
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
