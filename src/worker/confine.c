#include "avo.h"
#include "worker/confine.h"

enum avo_status confine_compiler(struct child_result *result, struct buf *out, const char *const *argv, const char *dir,
				 const char *const *readable, int64_t deadline_ms, struct error *err)
{
	struct child_spec spec = CHILD_SPEC_INIT;

	spec.argv = argv;
	spec.cwd = dir;
	spec.die_with_parent = true;
	return child_run(result, out, &spec, deadline_ms, err);
}

enum avo_status confine_candidate(pid_t *out, const char *const *argv, int fd, const char *const *readable,
				  struct error *err)
{
	struct child_spec spec = CHILD_SPEC_INIT;

	spec.argv = argv;
	spec.extra_fd = fd;
	spec.die_with_parent = true;
	return child_spawn(out, &spec, err);
}

enum avo_status confine_seal(struct error *err)
{
	return AVO_OK;
}

char *confine_describe(char *out, size_t size)
{
	snprintf(out, size, "none");
	return out;
}
