/* Inside the sandbox room: a libseccomp context with a sticky error, turned into a program that a forked child can load. */
#ifndef AVO_SANDBOX_BPF_H
#define AVO_SANDBOX_BPF_H

#include <linux/filter.h>
#include <seccomp.h>

#include "base/error.h"

struct bpf {
	scmp_filter_ctx ctx;
	int error;		/* the first one, an errno */
};

bool bpf_init(struct bpf *b, uint32_t default_action);
/* Conditions are SCMP_A0(...) as for seccomp_rule_add. A call that this architecture lacks is skipped. */
void bpf_rule(struct bpf *b, uint32_t action, int call, unsigned count, ...);
/* Releases b; *out is owned. */
enum avo_status bpf_export(struct sock_filter **out, unsigned short *len, struct bpf *b, struct error *err);

#endif
