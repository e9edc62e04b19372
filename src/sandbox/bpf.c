#include "avo.h"
#include "base/mem.h"
#include "sandbox/bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

/* The kernel's own bound (BPF_MAXINSNS). */
#define MAX_FILTER (4096 * sizeof(struct sock_filter))

bool bpf_init(struct bpf *b, uint32_t default_action)
{
	b->error = 0;
	b->ctx = seccomp_init(default_action);
	return b->ctx != NULL;
}

void bpf_rule(struct bpf *b, uint32_t action, int call, unsigned count, ...)
{
	struct scmp_arg_cmp cmp[3];
	va_list ap;
	unsigned i;
	int e;

	if (call < 0 || count > ARRAY_LEN(cmp))
		return;		/* a pseudo number: not on this architecture */
	va_start(ap, count);
	for (i = 0; i < count; i++)
		cmp[i] = va_arg(ap, struct scmp_arg_cmp);
	va_end(ap);
	e = seccomp_rule_add_array(b->ctx, action, call, count, cmp);
	if (e < 0 && e != -EDOM && !b->error)
		b->error = -e;
}

/* Through a pipe: a memory file would count against RLIMIT_FSIZE, which may be 0 by now. */
static int read_back(struct sock_filter **out, unsigned short *len, int fd)
{
	struct sock_filter *code = xmalloc(MAX_FILTER);
	ssize_t n = read(fd, code, MAX_FILTER);

	if (n <= 0 || (size_t)n % sizeof(*code)) {
		free(code);
		return EIO;
	}
	*out = code;
	*len = (unsigned short)((size_t)n / sizeof(*code));
	return 0;
}

enum avo_status bpf_export(struct sock_filter **out, unsigned short *len, struct bpf *b, struct error *err)
{
	int fds[2] = { -1, -1 }, e = b->error;

	if (!e && pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
		e = errno;
	/* a few kilobytes at most, which every pipe holds */
	if (!e)
		e = -seccomp_export_bpf(b->ctx, fds[1]);
	if (!e)
		e = read_back(out, len, fds[0]);
	if (fds[0] >= 0) {
		close(fds[0]);
		close(fds[1]);
	}
	seccomp_release(b->ctx);
	return e ? error_errno(err, e, "cannot build a system call filter") : AVO_OK;
}
