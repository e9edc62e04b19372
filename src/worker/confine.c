#include "avo.h"
#include "sandbox/sandbox.h"
#include "worker/confine.h"

#define COMPILER_MEMORY ((size_t)4 << 30)
#define COMPILER_OUTPUT ((size_t)256 << 20)
#define COMPILER_CPU_S 120
#define CANDIDATE_CPU_S 600

enum avo_status confine_compiler(struct child_result *result, struct buf *out, const char *const *argv, const char *dir,
				 const char *const *readable, int64_t deadline_ms, struct error *err)
{
	const char *writable[] = { dir, NULL };
	struct sandbox_policy policy = {
		.writable = writable, .readable = readable, .allow_exec = true, .allow_threads = true,
		.cpu_seconds = COMPILER_CPU_S, .memory_bytes = COMPILER_MEMORY, .file_bytes = COMPILER_OUTPUT, .processes = 64,
	};
	struct child_spec spec = CHILD_SPEC_INIT;

	spec.argv = argv;
	spec.cwd = dir;
	spec.die_with_parent = true;
	return sandbox_run(result, out, &spec, &policy, deadline_ms, err);
}

enum avo_status confine_candidate(pid_t *out, const char *const *argv, int fd, const char *const *readable, size_t memory,
				  struct error *err)
{
	/* no file is writable; but the seal is put together in a memory file */
	struct sandbox_policy policy = { .readable = readable, .cpu_seconds = CANDIDATE_CPU_S, .memory_bytes = memory,
					 .file_bytes = (size_t)1 << 20 };
	struct child_spec spec = CHILD_SPEC_INIT;

#ifdef __SANITIZE_ADDRESS__
	/* AddressSanitizer reserves terabytes of address space at the start */
	policy.memory_bytes = 0;
#endif
	spec.argv = argv;
	spec.extra_fd = fd;
	spec.die_with_parent = true;
	return sandbox_spawn(out, &spec, &policy, err);
}
