#include "avo.h"
#include "base/child.h"
#include "base/mem.h"
#include "base/path.h"
#include "sandbox/sandbox.h"
#include "worker/cuda/planner.h"

#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define BUILD_MS 60000
#define PLAN_MS 5000
#define PLAN_MEMORY ((size_t)1 << 30)

enum avo_status planner_build(bool *ok, struct buf *log, const char *dir, const char *output, const char *include_dir,
			      const char *beside, struct error *err)
{
	char *include = xasprintf("-I%s", include_dir), *more = xasprintf("-I%s", beside ? beside : ".");
	const char *argv[] = {
		"cc", "-std=gnu11", "-O1", "-Wall", "-fPIC", "-shared", include, more, "plan.c", "-o", output, "-lm", NULL,
	};
	const char *writable[] = { dir, NULL }, *readable[] = { include_dir, beside, NULL };
	struct sandbox_policy policy = {
		.writable = writable, .readable = readable, .allow_exec = true, .allow_threads = true,
		.cpu_seconds = BUILD_MS / 1000, .memory_bytes = (size_t)4 << 30, .file_bytes = (size_t)64 << 20, .processes = 64,
	};
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result = { 0 };
	enum avo_status st;

	spec.argv = argv;
	spec.cwd = dir;
	st = sandbox_run(&result, log, &spec, &policy, BUILD_MS, err);
	*ok = st == AVO_OK && !result.timed_out && WIFEXITED(result.wait_status) && WEXITSTATUS(result.wait_status) == 0;
	free(include);
	free(more);
	return st;
}

void planner_problem(struct avo_problem *out, const struct task_case *c, const struct avo_device *device)
{
	memset(out, 0, sizeof(*out));
	out->abi = AVO_PLAN_ABI;
	out->dtype = AVO_BF16;
	out->batch = c->batch;
	out->q_len = c->q_len;
	out->kv_len = c->kv_len;
	out->q_heads = c->q_heads;
	out->kv_heads = c->kv_heads;
	out->head_dim = c->head_dim;
	out->causal = c->causal;
	out->scale = 1 / sqrtf((float)c->head_dim);
	out->device = *device;
}

bool planner_same_problem(const struct task_case *a, const struct task_case *b)
{
	return a->batch == b->batch && a->q_len == b->q_len && a->kv_len == b->kv_len && a->q_heads == b->q_heads &&
	       a->kv_heads == b->kv_heads && a->head_dim == b->head_dim && a->causal == b->causal;
}

/* ---- in the planner's process ------------------------------------------------ */

static bool read_exactly(int fd, void *data, size_t len)
{
	char *p = data;

	while (len) {
		ssize_t n = read(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static bool write_exactly(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/*
 * The plan leaves through a copy of stdout that candidate code does not hold the
 * number of by accident; what it prints goes to stderr. It may still lie in its
 * answer: that is why the answer is only data, and checked.
 */
int planner_process(int argc, char **argv)
{
	int (*plan)(const struct avo_problem *, struct avo_plan *);
	struct avo_problem problem;
	struct avo_plan *answer = xcalloc(1, sizeof(*answer));
	int out = dup(STDOUT_FILENO);
	void *object;

	if (argc != 3 || out < 0 || !read_exactly(STDIN_FILENO, &problem, sizeof(problem)))
		return 3;
	dup2(STDERR_FILENO, STDOUT_FILENO);
	object = dlopen(argv[2], RTLD_NOW);
	if (!object) {
		fprintf(stderr, "%s\n", dlerror());
		return 2;
	}
	*(void **)&plan = dlsym(object, "avo_plan");
	if (!plan) {
		fputs("plan.c defines no function avo_plan\n", stderr);
		return 2;
	}
	if (sandbox_seal(NULL, NULL) != AVO_OK)
		return 3;
	answer->abi = AVO_PLAN_ABI;
	if (plan(&problem, answer) != 0 && !answer->error[0])
		snprintf(answer->error, sizeof(answer->error), "avo_plan refused this problem without saying why");
	if (!write_exactly(out, answer, sizeof(*answer)))
		_exit(3);
	_exit(0);
}

/* ---- in the worker ----------------------------------------------------------- */

/* The answer comes through a memory file: too large for a pipe nobody reads meanwhile. */
static enum avo_status run_process(int problem_fd, int answer_fd, const char *object,
				   struct child_result *result, struct error *err)
{
	char *bin_dir = path_program_dir();
	char *self = path_join(bin_dir, "avo-worker");
	const char *argv[] = { self, PLANNER_PROCESS_FLAG, object, NULL };
	const char *readable[] = { object, self, NULL };
	struct sandbox_policy policy = {
		.readable = readable, .cpu_seconds = PLAN_MS / 1000, .memory_bytes = PLAN_MEMORY, .file_bytes = 1 << 20,
	};
	struct child_spec spec = CHILD_SPEC_INIT;
	int64_t deadline = PLAN_MS;
	enum avo_status st;
	pid_t pid;
	int waited;

	spec.argv = argv;
	spec.stdin_fd = problem_fd;
	spec.stdout_fd = answer_fd;
	spec.die_with_parent = true;
	st = sandbox_spawn(&pid, &spec, &policy, err);
	for (waited = 0; st == AVO_OK && !child_reap(pid, &result->wait_status); waited++) {
		if (waited > deadline) {
			result->timed_out = true;
			child_kill(pid);
			break;
		}
		usleep(1000);
	}
	free(self);
	free(bin_dir);
	return st;
}

static enum avo_status judge(const struct child_result *result, const struct avo_plan *plan, bool whole, struct error *err)
{
	char how[80];

	if (result->timed_out)
		return error_set(err, AVO_NEGATIVE, "plan.c did not answer within %d s", PLAN_MS / 1000);
	if (WIFSIGNALED(result->wait_status) && WTERMSIG(result->wait_status) == SIGSYS)
		return error_set(err, AVO_NEGATIVE, "plan.c made a forbidden system call");
	if (!WIFEXITED(result->wait_status) || WEXITSTATUS(result->wait_status) != 0)
		return error_set(err, AVO_NEGATIVE, "plan.c failed: %s", child_describe(how, sizeof(how), result->wait_status));
	if (!whole)
		return error_set(err, AVO_NEGATIVE, "plan.c ended without a plan");
	if (plan->error[0])
		return error_set(err, AVO_NEGATIVE, "plan.c: %.*s", AVO_PLAN_ERROR - 1, plan->error);
	return AVO_OK;
}

enum avo_status planner_run(struct avo_plan *out, const char *object, const struct avo_problem *problem, struct error *err)
{
	int problem_fd = memfd_create("avo-problem", MFD_CLOEXEC), answer_fd = memfd_create("avo-plan", MFD_CLOEXEC);
	struct child_result result = { 0 };
	enum avo_status st = AVO_OK;
	bool whole;

	memset(out, 0, sizeof(*out));
	if (problem_fd < 0 || answer_fd < 0 || !write_exactly(problem_fd, problem, sizeof(*problem)) ||
	    lseek(problem_fd, 0, SEEK_SET) != 0)
		st = error_errno(err, errno, "cannot hand the problem to the planner");
	if (st == AVO_OK)
		st = run_process(problem_fd, answer_fd, object, &result, err);
	if (st == AVO_OK) {
		whole = pread(answer_fd, out, sizeof(*out), 0) == (ssize_t)sizeof(*out);
		out->error[AVO_PLAN_ERROR - 1] = '\0';
		st = judge(&result, out, whole, err);
	}
	if (problem_fd >= 0)
		close(problem_fd);
	if (answer_fd >= 0)
		close(answer_fd);
	return st;
}
