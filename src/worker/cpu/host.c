#include "avo.h"
#include "sandbox/sandbox.h"
#include "worker/cpu/host.h"

#include <avo/attention.h>
#include <dlfcn.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

typedef int attention_fn(const struct avo_attention *);

struct host {
	char *inputs, *outputs;
	attention_fn *attention;
};

static bool send_reply(const struct host_reply *reply)
{
	return write(HOST_FD, reply, sizeof(*reply)) == (ssize_t)sizeof(*reply);
}

static int refuse(enum host_state state, const char *text)
{
	struct host_reply reply = { .state = state };

	snprintf(reply.text, sizeof(reply.text), "%.199s", text ? text : "unknown");
	return send_reply(&reply) ? 0 : 1;
}

static bool receive_setup(struct host_setup *setup, int fds[2])
{
	char control[CMSG_SPACE(2 * sizeof(int))] = { 0 };
	struct iovec io = { .iov_base = setup, .iov_len = sizeof(*setup) };
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;

	if (recvmsg(HOST_FD, &msg, 0) != (ssize_t)sizeof(*setup))
		return false;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(2 * sizeof(int)))
		return false;
	memcpy(fds, CMSG_DATA(c), 2 * sizeof(int));
	return true;
}

/* The descriptors are closed again: the inputs' one could not be mapped for writing, but the candidate need not try. */
static bool map_tensors(struct host *h, const struct host_setup *setup, const int fds[2])
{
	h->inputs = mmap(NULL, setup->input_bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, fds[0], 0);
	h->outputs = mmap(NULL, setup->output_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fds[1], 0);
	close(fds[0]);
	close(fds[1]);
	return h->inputs != MAP_FAILED && h->outputs != MAP_FAILED;
}

/* What these are is the machine's affair: where /dev/null is a file, who prints would fill it. */
static void close_standard_streams(void)
{
	int fd;

	for (fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
}

static int call(const struct host *h, const struct host_command *c)
{
	struct avo_attention a = {
		.q = (const float *)(h->inputs + c->q),
		.k = (const float *)(h->inputs + c->k),
		.v = (const float *)(h->inputs + c->v),
		.out = (float *)(h->outputs + c->out),
		.workspace = h->outputs + c->workspace,
		.workspace_bytes = c->workspace_bytes,
		.batch = c->batch,
		.q_len = c->q_len,
		.kv_len = c->kv_len,
		.q_heads = c->q_heads,
		.kv_heads = c->kv_heads,
		.head_dim = c->head_dim,
		.causal = c->causal,
		.scale = c->scale,
	};

	return h->attention(&a);
}

static int serve(const struct host *h)
{
	struct host_command command;

	while (read(HOST_FD, &command, sizeof(command)) == (ssize_t)sizeof(command)) {
		struct host_reply reply = { .state = HOST_DONE };

		reply.result = call(h, &command);
		reply.nonce = command.nonce;
		if (!send_reply(&reply))
			return 1;
	}
	return 0;
}

int host_main(const char *object)
{
	struct host_reply here = { .state = HOST_HERE }, ready = { .state = HOST_READY };
	struct host_setup setup;
	struct host h = { 0 };
	struct error err;
	void *handle;
	int fds[2];

	if (!send_reply(&here) || !receive_setup(&setup, fds))
		return 1;
	if (!map_tensors(&h, &setup, fds))
		return refuse(HOST_CANNOT_START, strerror(errno));
	handle = dlopen(object, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return refuse(HOST_CANNOT_LOAD, dlerror());
	*(void **)&h.attention = dlsym(handle, "avo_attention");
	if (!h.attention)
		return refuse(HOST_NO_SYMBOL, "it does not define avo_attention()");
	close_standard_streams();
	if (sandbox_seal((volatile int32_t *)(h.outputs + HOST_EVIDENCE), &err) != AVO_OK)
		return refuse(HOST_NOT_SEALED, err.text);
	if (!send_reply(&ready))
		return 1;
	_exit(serve(&h));
}
