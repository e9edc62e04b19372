#include "avo.h"
#include "base/str.h"
#include "worker/cuda/compiler.h"
#include "worker/cuda/nvcc.h"
#include "worker/cuda/nvrtc.h"

/* The line by itself, whatever blanks are around it. */
static bool asks_for_nvcc(const char *source)
{
	static const char key[] = "// avo-compiler:";
	const char *at = source;

	while (at && (at = strstr(at, key))) {
		bool starts = at == source || at[-1] == '\n';

		at += sizeof(key) - 1;
		at += strspn(at, " \t");
		if (starts && str_starts(at, "nvcc") && strchr("\n\r \t", at[4]))
			return true;
	}
	return false;
}

enum avo_status compiler_choose(struct compiler *out, const char *source, const char *arch, struct error *err)
{
	struct error why = { 0 };
	enum avo_status st;

	memset(out, 0, sizeof(*out));
	if (!asks_for_nvcc(source)) {
		st = nvrtc_describe(out->name, sizeof(out->name), err);
		if (st == AVO_OK && nvrtc_knows(arch))
			return AVO_OK;
		if (st == AVO_OK)
			st = error_set(err, AVO_ENVIRONMENT, "%s does not know %s", out->name, arch);
		if (nvcc_describe(out->name, sizeof(out->name), &why) != AVO_OK)
			return error_set(err, AVO_ENVIRONMENT, "%.250s; %.120s", err->text, why.text);
	} else {
		st = nvcc_describe(out->name, sizeof(out->name), err);
		if (st != AVO_OK)
			return error_prefix(err, st, "the candidate asks for nvcc");
	}
	out->nvcc = true;
	return AVO_OK;
}

enum avo_status compiler_run(bool *ok, struct buf *log, const struct compiler *c, const char *dir, const char *output,
			     const char *arch, const char *include_dir, int64_t deadline_ms, struct error *err)
{
	return c->nvcc ? nvcc_compile_in_sandbox(ok, log, dir, output, arch, include_dir, deadline_ms, err) :
		nvrtc_compile_in_sandbox(ok, log, dir, output, arch, include_dir, deadline_ms, err);
}
