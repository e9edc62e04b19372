/* Baselines that a user names by a file: device code with a plan, or a shared object with host code. */
#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "worker/cuda/gpu.h"
#include "worker/cuda/planner.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* NAME.plan.c, or plan.c in the same directory; owned, NULL when neither is there. */
static char *find_plan(const char *cubin)
{
	const char *slash = strrchr(cubin, '/');
	char *plan = xasprintf("%.*s.plan.c", (int)(strlen(cubin) - strlen(".cubin")), cubin);

	if (path_exists(plan))
		return plan;
	free(plan);
	plan = xasprintf("%.*splan.c", slash ? (int)(slash - cubin + 1) : 0, cubin);
	if (path_exists(plan))
		return plan;
	free(plan);
	return NULL;
}

/* Copied into a directory of its own, so that the plan is compiled there and the files may change meanwhile. */
static enum avo_status build_plan(struct build *b, struct build_report *r, const char *cubin, const char *plan, struct error *err)
{
	char *include_dir = path_data("kernels/include"), *source = path_join(b->dir, "plan.c");
	char *beside = xasprintf("%.*s", (int)(strrchr(plan, '/') - plan), plan);
	enum avo_status st = path_copy_file(cubin, b->cubin, 0644, err);
	bool ok = false;

	if (st == AVO_OK)
		st = path_copy_file(plan, source, 0644, err);
	if (st == AVO_OK)
		st = planner_build(&ok, &r->log, b->dir, "plan.so", include_dir, beside, err);
	if (st == AVO_OK && !ok)
		st = error_set(err, AVO_NEGATIVE, "%s does not compile: %.300s", plan, buf_cstr(&r->log));
	free(include_dir);
	free(source);
	free(beside);
	return st;
}

static enum avo_status build_cubin(struct build *b, struct build_report *r, const char *cubin, const char *cache, struct error *err)
{
	char *plan = find_plan(cubin);
	enum avo_status st;

	if (!plan)
		return error_set(err, AVO_USAGE, "%s has no plan: put it into %.*s.plan.c, or into plan.c beside it", cubin,
				 (int)(strlen(cubin) - strlen(".cubin")), cubin);
	st = path_temp_dir(&b->dir, cache, "baseline-", err);
	if (st == AVO_OK && chmod(b->dir, 0755) != 0)
		st = error_errno(err, errno, "cannot open %s to the sandbox", b->dir);
	if (b->dir)
		b->temporary = true;
	if (st == AVO_OK) {
		b->cubin = path_join(b->dir, "kernel.cubin");
		b->planner = path_join(b->dir, "plan.so");
		st = build_plan(b, r, cubin, plan, err);
	}
	free(plan);
	return st;
}

enum avo_status gpu_build_file(struct build **out, struct build_report *r, const char *file, const char *cache, struct error *err)
{
	char *real = realpath(file, NULL), *place = realpath(cache, NULL);
	struct build *b = xcalloc(1, sizeof(*b));
	enum avo_status st = AVO_OK;

	*out = NULL;
	r->verdict = VERDICT_PASSED;
	if (!real || !place)
		st = error_errno(err, errno, "cannot find %s", real ? cache : file);
	else if (strlen(real) >= RUNNER_PATH)
		st = error_set(err, AVO_USAGE, "the path of the baseline %s is too long", real);
	else if (str_ends(real, ".cubin"))
		st = build_cubin(b, r, real, place, err);
	else if (str_ends(real, ".so") || strstr(real, ".so."))
		b->library = xstrdup(real);
	else
		st = error_set(err, AVO_USAGE, "%s is no baseline: a candidate's directory, a .cubin with its plan or a .so is", file);
	if (st == AVO_OK)
		*out = b;
	else
		gpu_build_free(b);
	free(real);
	free(place);
	return st;
}
