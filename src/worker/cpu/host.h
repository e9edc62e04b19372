/*
 * The process that a CPU candidate lives in, and the words between it and the
 * worker. They talk over one socket (descriptor 3); the tensors lie in two
 * shared memory files that the worker passes through it: one with the inputs,
 * which this side cannot write, one with the output and the workspace.
 *
 *   worker                                host (sandboxed, on its core from the start)
 *                                 ◄──       host_reply (nonce 0): here, with nothing foreign loaded
 *     host_setup + 2 descriptors  ──►       maps, dlopen, seals itself
 *                                 ◄──       host_reply (nonce 0): ready, or why not
 *     host_command                ──►       calls avo_attention
 *                                 ◄──       host_reply (the command's nonce)
 *
 * The host holds no seed, no expected value and no clock. Its replies are
 * believed in nothing but "look at the output now".
 */
#ifndef AVO_WORKER_CPU_HOST_H
#define AVO_WORKER_CPU_HOST_H

#include <stddef.h>
#include <stdint.h>

#define HOST_FD 3
#define HOST_EVIDENCE 0	/* offset into the outputs of the word that sandbox_seal() leaves its evidence in */
#define HOST_RESERVED 64	/* bytes at the start of the outputs that are no tensor */

enum host_state { HOST_HERE = 1, HOST_READY, HOST_DONE, HOST_CANNOT_LOAD, HOST_NO_SYMBOL, HOST_CANNOT_START, HOST_NOT_SEALED };

struct host_setup {
	uint64_t input_bytes, output_bytes;	/* sizes of the shared memory files */
};

struct host_command {
	uint64_t nonce;
	uint64_t q, k, v;			/* offsets in bytes into the inputs */
	uint64_t out, workspace, workspace_bytes; /* and into the outputs */
	int32_t batch, q_len, kv_len, q_heads, kv_heads, head_dim, causal;
	float scale;
};

struct host_reply {
	uint64_t nonce;
	int32_t state;				/* enum host_state */
	int32_t result;				/* what avo_attention returned */
	char text[200];				/* why it is not ready */
};

/* `avo-worker --candidate FILE.so`; returns an exit status. */
int host_main(const char *object);

#endif
