/*
 * The GPU runner: the one process that holds the CUDA context. It is trusted
 * host code; candidates reach it as cubins and validated plans only. A kernel
 * that hangs, faults or corrupts the context costs this process and nothing else:
 * the worker kills it and starts another.
 *
 * Requests and replies are structs over a SOCK_SEQPACKET pair (descriptor 3 of
 * the runner). Both ends are the same program.
 */
#ifndef AVO_WORKER_CUDA_RUNNER_H
#define AVO_WORKER_CUDA_RUNNER_H

#include <avo/plan.h>

#include "worker/backend.h"

#define RUNNER_PROCESS_FLAG "--cuda-runner"
#define RUNNER_SLOTS 12		/* loaded: a candidate, its incumbent, baselines */
#define RUNNER_TOGETHER 4	/* of them in one run, on the same values */
#define RUNNER_PATH 512

enum runner_op {
	RUNNER_LOAD,		/* cubin of a candidate into a slot */
	RUNNER_LOAD_CUDNN,	/* cuDNN's attention into a slot: a trusted baseline, no plan needed */
	RUNNER_LOAD_LIBRARY,	/* a user's shared object (avo/baseline.h) into a slot: trusted, too */
	RUNNER_RUN,		/* run each slot named, on the same values, and check every output */
	RUNNER_PROFILE,		/* counters of one run of slots[0]; the reply is JSON text */
};

struct runner_request {
	uint32_t op;
	uint32_t count;			/* RUN: slots used */
	uint32_t slots[RUNNER_TOGETHER];	/* LOAD, PROFILE: slots[0] */
	char path[RUNNER_PATH];		/* LOAD: the cubin; LOAD_LIBRARY: the object */
	struct task_case c;
	struct fill_deal deal;
	uint64_t seed;
	uint32_t rows;			/* 0: all */
	uint32_t changed;
	struct avo_device device;	/* LOAD_LIBRARY: for the problems it will be asked */
	/* RUN and PROFILE: `count` struct avo_plan follow in the same packet */
};

/* What a request to run asks for; valid as long as the request. */
struct run_spec runner_spec(const struct runner_request *r);

enum runner_reply_kind {
	RUNNER_READY,		/* once, when the context stands: text is the PCI address */
	RUNNER_BEGIN,		/* run number `index` of a RUN is about to be launched: whom to blame from here on */
	RUNNER_CHECKING,	/* it has run; what follows is the runner's own work */
	RUNNER_DONE,		/* outcomes */
	RUNNER_TEXT,		/* PROFILE: text */
	RUNNER_FAILED,		/* ours: text says why */
};

/*
 * A packet ends where its kind needs no more: BEGIN and CHECKING before the outcomes, DONE before the text, others
 * behind the text's NUL.
 */
struct runner_reply {
	uint32_t kind;
	uint32_t index;
	struct run_outcome outcomes[RUNNER_TOGETHER];
	char text[16384];
};

/* argv: flag trusted.cubin device-index. */
int runner_process(int argc, char **argv);

#endif
