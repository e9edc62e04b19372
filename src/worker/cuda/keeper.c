#include "avo.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "worker/cuda/gpu.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 60000		/* the driver's first context on a cold machine */
#define CHECK_MS 60000		/* the runner's own work */

struct gpu_keeper {
	int device;
	char *trusted_cubin;
	pid_t pid;
	int fd;
	unsigned generation;
	struct runner_reply reply;
};

struct gpu_keeper *gpu_keeper_new(int device)
{
	struct gpu_keeper *k = xcalloc(1, sizeof(*k));

	k->device = device;
	k->fd = -1;
	return k;
}

void gpu_keeper_free(struct gpu_keeper *k)
{
	if (!k)
		return;
	gpu_keeper_stop(k);
	free(k->trusted_cubin);
	free(k);
}

void gpu_keeper_set_cubin(struct gpu_keeper *k, const char *trusted_cubin)
{
	free(k->trusted_cubin);
	k->trusted_cubin = xstrdup(trusted_cubin);
}

unsigned gpu_keeper_generation(const struct gpu_keeper *k)
{
	return k->generation;
}

void gpu_keeper_stop(struct gpu_keeper *k)
{
	if (k->pid > 0)
		child_kill(k->pid);
	if (k->fd >= 0)
		close(k->fd);
	k->pid = 0;
	k->fd = -1;
}

#define TEXT_AT offsetof(struct runner_reply, text)

/* Whether a packet of n bytes holds what its kind promises. */
static bool is_whole(const struct runner_reply *r, ssize_t n)
{
	if (n < (ssize_t)offsetof(struct runner_reply, outcomes))
		return false;
	if (r->kind == RUNNER_BEGIN || r->kind == RUNNER_CHECKING)
		return true;
	return n >= (ssize_t)TEXT_AT;
}

/* One packet, or AVO_TIMEOUT, or AVO_CLOSED. */
static enum avo_status receive(struct gpu_keeper *k, int64_t ms)
{
	int64_t until = clock_mono_ms() + ms;

	for (;;) {
		struct pollfd p = { .fd = k->fd, .events = POLLIN };
		int64_t left = until - clock_mono_ms();
		ssize_t n;

		if (left <= 0)
			return AVO_TIMEOUT;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		n = recv(k->fd, &k->reply, sizeof(k->reply), 0);
		if (n < 0 && errno == EINTR)
			continue;
		k->reply.text[n > (ssize_t)TEXT_AT ? sizeof(k->reply.text) - 1 : 0] = '\0';
		return is_whole(&k->reply, n) ? AVO_OK : AVO_CLOSED;
	}
}

static enum avo_status spawn(struct gpu_keeper *k, int fd, struct error *err)
{
	char *bin = path_program_dir(), *self = path_join(bin, "avo-worker"), device[16];
	const char *argv[] = { self, RUNNER_PROCESS_FLAG, k->trusted_cubin, device, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	enum avo_status st;

	snprintf(device, sizeof(device), "%d", k->device);
	spec.argv = argv;
	spec.stderr_fd = STDERR_FILENO;
	spec.extra_fd = fd;
	spec.die_with_parent = true;
	st = child_spawn(&k->pid, &spec, err);
	free(self);
	free(bin);
	return st;
}

enum avo_status gpu_keeper_start(struct gpu_keeper *k, struct error *err)
{
	int pair[2], size = 1 << 20;
	enum avo_status st;

	if (k->pid > 0)
		return AVO_OK;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return error_errno(err, errno, "cannot talk to the GPU runner");
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	st = spawn(k, pair[1], err);
	close(pair[1]);
	k->fd = pair[0];
	k->generation++;
	if (st == AVO_OK) {
		st = receive(k, START_MS);
		if (st == AVO_OK && k->reply.kind == RUNNER_FAILED)
			st = error_set(err, AVO_ENVIRONMENT, "the GPU runner does not start: %.400s", k->reply.text);
		else if (st != AVO_OK)
			st = error_set(err, AVO_ENVIRONMENT, "the GPU runner does not start: %s", st == AVO_TIMEOUT ? "no answer" : "it died");
	}
	if (st != AVO_OK)
		gpu_keeper_stop(k);
	return st;
}

static enum avo_status send_request(struct gpu_keeper *k, const struct runner_request *q, const struct avo_plan *plans, int plan_count,
				    struct error *err)
{
	size_t bytes = sizeof(*q) + (size_t)plan_count * sizeof(*plans);
	char *packet = xcalloc(1, bytes);
	ssize_t n;

	memcpy(packet, q, sizeof(*q));
	if (plan_count)
		memcpy(packet + sizeof(*q), plans, (size_t)plan_count * sizeof(*plans));
	do
		n = send(k->fd, packet, bytes, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	free(packet);
	if (n == (ssize_t)bytes)
		return AVO_OK;
	gpu_keeper_stop(k);
	return error_set(err, AVO_CLOSED, "the GPU runner is gone");
}

enum avo_status gpu_keeper_call(const struct runner_reply **reply, int *blame, struct gpu_keeper *k, const struct runner_request *q,
				const struct avo_plan *plans, int plan_count, int64_t run_ms, struct error *err)
{
	enum avo_status st = gpu_keeper_start(k, err);
	int64_t wait = CHECK_MS;

	*blame = -1;
	if (st == AVO_OK)
		st = send_request(k, q, plans, plan_count, err);
	while (st == AVO_OK) {
		st = receive(k, wait);
		if (st != AVO_OK) {
			error_set(err, st, st == AVO_TIMEOUT ? "the GPU runner did not answer in time" : "the GPU runner died");
			gpu_keeper_stop(k);
		} else if (k->reply.kind == RUNNER_BEGIN) {
			*blame = (int)k->reply.index;
			wait = run_ms;
		} else if (k->reply.kind == RUNNER_CHECKING) {
			*blame = -1;
			wait = CHECK_MS;
		} else if (k->reply.kind == RUNNER_FAILED) {
			return error_set(err, AVO_ENVIRONMENT, "GPU runner: %.400s", k->reply.text);
		} else {
			*reply = &k->reply;
			return AVO_OK;
		}
	}
	return st;
}
