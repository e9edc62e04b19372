#include "avo.h"
#include "base/mem.h"
#include "sandbox/bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
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

static int read_back(struct sock_filter **out, unsigned short *len, int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	struct sock_filter *code;

	if (size <= 0 || size > (off_t)MAX_FILTER)
		return E2BIG;
	code = xmalloc((size_t)size);
	if (pread(fd, code, (size_t)size, 0) != size) {
		free(code);
		return EIO;
	}
	*out = code;
	*len = (unsigned short)((size_t)size / sizeof(*code));
	return 0;
}

enum avo_status bpf_export(struct sock_filter **out, unsigned short *len, struct bpf *b, struct error *err)
{
	int fd = memfd_create("filter", MFD_CLOEXEC), e = b->error;

	if (!e && fd < 0)
		e = errno;
	if (!e)
		e = -seccomp_export_bpf(b->ctx, fd);
	if (!e)
		e = read_back(out, len, fd);
	if (fd >= 0)
		close(fd);
	seccomp_release(b->ctx);
	return e ? error_errno(err, e, "cannot build a system call filter") : AVO_OK;
}
