#include "avo.h"
#include "base/child.h"
#include "base/mem.h"
#include "base/path.h"
#include "sandbox/sandbox.h"
#include "worker/cuda/nvcc.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASK_MS 10000

/* The first that is there: $AVO_NVCC, the toolkit's usual place, the PATH (left to the call). */
static const char *program(void)
{
	static const char usual[] = "/usr/local/cuda/bin/nvcc";
	const char *chosen = getenv("AVO_NVCC");

	if (chosen && *chosen)
		return chosen;
	return access(usual, X_OK) == 0 ? usual : "nvcc";
}

enum avo_status nvcc_describe(char *out, size_t size, struct error *err)
{
	static char known[64];
	const char *argv[] = { program(), "--version", NULL }, *version;
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result = { 0 };
	struct buf text = BUF_INIT;
	enum avo_status st = AVO_OK;

	if (!known[0]) {
		spec.argv = argv;
		spec.die_with_parent = true;
		st = child_run(&result, &text, &spec, ASK_MS, err);
		version = st == AVO_OK && !result.timed_out && result.wait_status == 0 ? strstr(buf_cstr(&text), ", V") : NULL;
		if (version)
			snprintf(known, sizeof(known), "nvcc %.*s", (int)strcspn(version + 3, "\n"), version + 3);
		else
			st = error_set(err, AVO_ENVIRONMENT, "nvcc is not here: it comes with the CUDA toolkit (or name it in AVO_NVCC)");
		buf_release(&text);
	}
	snprintf(out, size, "%s", known);
	return st;
}

/* The toolkit around an nvcc that is not below /usr: the sandbox must let it be read. Owned; NULL: nothing to add. */
static char *toolkit(const char *nvcc)
{
	char *real = realpath(nvcc, NULL), *slash = real ? strrchr(real, '/') : NULL;

	if (slash)
		*slash = '\0';
	slash = slash ? strrchr(real, '/') : NULL;
	if (slash && slash > real)
		*slash = '\0';
	return real;
}

static enum avo_status judge(bool *ok, struct buf *log, const struct child_result *result, int64_t deadline_ms)
{
	char how[80];

	*ok = false;
	if (result->timed_out)
		buf_printf(log, "kernel.cu: error: the compiler did not finish within %lld s\n", (long long)(deadline_ms / 1000));
	else if (!WIFEXITED(result->wait_status))
		buf_printf(log, "kernel.cu: error: the compiler was %s\n", child_describe(how, sizeof(how), result->wait_status));
	else
		*ok = WEXITSTATUS(result->wait_status) == 0;
	return AVO_OK;
}

enum avo_status nvcc_compile_in_sandbox(bool *ok, struct buf *log, const char *dir, const char *output, const char *arch,
					const char *include_dir, int64_t deadline_ms, struct error *err)
{
	const char *nvcc = program();
	char *arch_option = xasprintf("-arch=%s", arch), *include_option = xasprintf("-I%s", include_dir);
	char *place = toolkit(nvcc), *temporary = xasprintf("TMPDIR=%s", dir);
	const char *argv[] = {
		nvcc, "-cubin", arch_option, include_option, "-std=c++17", "--use_fast_math", "-lineinfo", "-Xptxas", "-v",
		"-Xptxas", "-warn-spills", "-o", output, "kernel.cu", NULL,
	};
	const char *writable[] = { dir, NULL }, *readable[] = { include_dir, place, NULL }, *env[] = { temporary, NULL };
	struct sandbox_policy policy = {
		.writable = writable, .readable = readable, .env = env, .allow_exec = true, .allow_threads = true,
		.cpu_seconds = deadline_ms / 1000 * 4, .memory_bytes = (size_t)8 << 30, .file_bytes = (size_t)256 << 20,
		.processes = 64,
	};
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result = { 0 };
	enum avo_status st;

	spec.argv = argv;
	spec.cwd = dir;
	st = sandbox_run(&result, log, &spec, &policy, deadline_ms, err);
	free(arch_option);
	free(include_option);
	free(temporary);
	free(place);
	return st == AVO_OK ? judge(ok, log, &result, deadline_ms) : st;
}
