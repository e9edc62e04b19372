#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/child.h"
#include "sandbox/sandbox.h"
#include "worker/cuda/dl.h"
#include "worker/cuda/nvrtc.h"

#include "worker/cuda/api/nvrtc_api.h"
#include <sys/wait.h>

#define MAX_SOURCE ((size_t)8 << 20)

static struct {
	bool loaded;
	__typeof__(&nvrtcVersion) version;
	__typeof__(&nvrtcGetErrorString) error_string;
	__typeof__(&nvrtcCreateProgram) create;
	__typeof__(&nvrtcDestroyProgram) destroy;
	__typeof__(&nvrtcCompileProgram) compile;
	__typeof__(&nvrtcGetProgramLogSize) log_size;
	__typeof__(&nvrtcGetProgramLog) log;
	__typeof__(&nvrtcGetCUBINSize) cubin_size;
	__typeof__(&nvrtcGetCUBIN) cubin;
	__typeof__(&nvrtcGetNumSupportedArchs) arch_count;
	__typeof__(&nvrtcGetSupportedArchs) archs;
} rtc;

static enum avo_status load(struct error *err)
{
	static const char *const names[] = {
		"libnvrtc.so.13", "/usr/local/cuda/lib64/libnvrtc.so.13", "libnvrtc.so.12", "/usr/local/cuda/lib64/libnvrtc.so.12",
		"libnvrtc.so", "/usr/local/cuda/lib64/libnvrtc.so", NULL,
	};
	static const struct dl_library library = {
		"NVRTC", "AVO_NVRTC", names, "it comes with the CUDA toolkit (or name libnvrtc.so in AVO_NVRTC); without it kernels cannot be compiled here",
	};
	const struct dl_symbol symbols[] = {
		{ "nvrtcVersion", &rtc.version, false },
		{ "nvrtcGetErrorString", &rtc.error_string, false },
		{ "nvrtcCreateProgram", &rtc.create, false },
		{ "nvrtcDestroyProgram", &rtc.destroy, false },
		{ "nvrtcCompileProgram", &rtc.compile, false },
		{ "nvrtcGetProgramLogSize", &rtc.log_size, false },
		{ "nvrtcGetProgramLog", &rtc.log, false },
		{ "nvrtcGetCUBINSize", &rtc.cubin_size, false },
		{ "nvrtcGetCUBIN", &rtc.cubin, false },
		{ "nvrtcGetNumSupportedArchs", &rtc.arch_count, true },
		{ "nvrtcGetSupportedArchs", &rtc.archs, true },
	};
	enum avo_status st = rtc.loaded ? AVO_OK : dl_load(&library, symbols, ARRAY_LEN(symbols), err);

	rtc.loaded = st == AVO_OK;
	return st;
}

enum avo_status nvrtc_describe(char *out, size_t size, struct error *err)
{
	enum avo_status st = load(err);
	int major = 0, minor = 0;

	if (st != AVO_OK)
		return st;
	rtc.version(&major, &minor);
	snprintf(out, size, "NVRTC %d.%d", major, minor);
	return AVO_OK;
}

bool nvrtc_knows(const char *arch)
{
	int wanted = atoi(arch + strlen("sm_")), list[64], count = 0, i;

	if (!rtc.arch_count || !rtc.archs || rtc.arch_count(&count) != NVRTC_SUCCESS || count > (int)ARRAY_LEN(list) ||
	    rtc.archs(list) != NVRTC_SUCCESS)
		return true;
	for (i = 0; i < count && list[i] != wanted; i++)
		;
	return i < count;
}

/* ---- in the compile process ------------------------------------------------ */

static void print_log(nvrtcProgram program)
{
	size_t size = 0;
	char *text;

	if (rtc.log_size(program, &size) != NVRTC_SUCCESS || size <= 1)
		return;
	text = xmalloc(size);
	if (rtc.log(program, text) == NVRTC_SUCCESS)
		fputs(text, stdout);
	free(text);
}

static int write_cubin(nvrtcProgram program, const char *path)
{
	struct error err;
	size_t size = 0;
	char *data;
	int status = 0;

	if (rtc.cubin_size(program, &size) != NVRTC_SUCCESS || !size) {
		fputs("NVRTC made no cubin\n", stdout);
		return 1;
	}
	data = xmalloc(size);
	if (rtc.cubin(program, data) != NVRTC_SUCCESS || path_write_atomic(path, data, size, 0600, &err) != AVO_OK) {
		printf("cannot keep the cubin: %s\n", err.text);
		status = 3;
	}
	free(data);
	return status;
}

static int compile(const char *arch, const char *include_dir, const char *source, const char *output)
{
	char *arch_option = xasprintf("--gpu-architecture=%s", arch);
	char *include_option = xasprintf("--include-path=%s", include_dir);
	/* no --split-compile: with it two runs on one source may differ, in registers spilled even, and so in speed */
	const char *options[] = {
		arch_option, include_option, "--std=c++17", "--use_fast_math", "--generate-line-info",
		"--ptxas-options=-v", "--ptxas-options=-warn-spills", "-default-device",
	};
	nvrtcProgram program;
	nvrtcResult result = rtc.create(&program, source, "kernel.cu", 0, NULL, NULL);
	int status;

	if (result == NVRTC_SUCCESS) {
		result = rtc.compile(program, (int)ARRAY_LEN(options), options);
		print_log(program);
		status = result == NVRTC_SUCCESS ? write_cubin(program, output) : 1;
		rtc.destroy(&program);
	} else {
		printf("NVRTC: %s\n", rtc.error_string(result));
		status = 3;
	}
	free(arch_option);
	free(include_option);
	fflush(stdout);
	return status;
}

int nvrtc_process(int argc, char **argv)
{
	struct buf source;
	struct error err;
	int status;

	if (argc != 6)
		return 3;
	buf_init(&source, MAX_SOURCE);
	if (load(&err) != AVO_OK || path_read(&source, argv[4], MAX_SOURCE, &err) != AVO_OK) {
		puts(err.text);
		status = 3;
	} else {
		status = compile(argv[2], argv[3], buf_cstr(&source), argv[5]);
	}
	buf_release(&source);
	return status;
}

/* ---- in the worker ----------------------------------------------------------- */

/* Where NVRTC may be: its own directory must be readable inside the sandbox. */
static const char *const nvrtc_places[] = { "/usr/local", NULL };

enum avo_status nvrtc_compile_in_sandbox(bool *ok, struct buf *log, const char *dir, const char *output, const char *arch,
					 const char *include_dir, int64_t deadline_ms, struct error *err)
{
	char *source = path_join(dir, "kernel.cu"), *target = path_join(dir, output), *bin_dir = path_program_dir();
	char *self = path_join(bin_dir, "avo-worker");
	const char *argv[] = { self, NVRTC_PROCESS_FLAG, arch, include_dir, source, target, NULL };
	const char *writable[] = { dir, NULL }, *readable[] = { include_dir, self, nvrtc_places[0], NULL };
	struct sandbox_policy policy = {
		.writable = writable, .readable = readable, .allow_threads = true,
		.cpu_seconds = deadline_ms / 1000 * 4, .memory_bytes = (size_t)8 << 30, .file_bytes = (size_t)256 << 20,
		.processes = 64,
	};
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result = { 0 };
	enum avo_status st;

	*ok = false;
	spec.argv = argv;
	spec.cwd = dir;
	st = sandbox_run(&result, log, &spec, &policy, deadline_ms, err);
	if (st == AVO_OK && result.timed_out) {
		buf_printf(log, "kernel.cu: error: the compiler did not finish within %lld s\n", (long long)(deadline_ms / 1000));
	} else if (st == AVO_OK && WIFEXITED(result.wait_status) && WEXITSTATUS(result.wait_status) == 3) {
		st = error_set(err, AVO_ENVIRONMENT, "%.400s", buf_cstr(log));
	} else if (st == AVO_OK && !WIFEXITED(result.wait_status)) {
		char how[80];

		buf_printf(log, "kernel.cu: error: the compiler was %s\n", child_describe(how, sizeof(how), result.wait_status));
	} else if (st == AVO_OK) {
		*ok = WEXITSTATUS(result.wait_status) == 0;
	}
	free(source);
	free(target);
	free(self);
	free(bin_dir);
	return st;
}
