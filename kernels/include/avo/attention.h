/*
 * The candidate ABI on the CPU: one function, attention forward in float32.
 *
 *   O = softmax(scale * Q K^T + mask) V        for every batch and query head
 *
 * Tensors are contiguous [batch, length, heads, head_dim], the layout that
 * FlashAttention calls BSHD: the element (b, s, h, d) of Q lies at
 *     ((b * q_len + s) * q_heads + h) * head_dim + d.
 * Grouped-query attention: kv_heads divides q_heads, and query head h reads
 * key/value head h / (q_heads / kv_heads).
 * The causal mask is bottom-right aligned: query row i sees the keys
 *     j <= i + kv_len - q_len,
 * and every row sees at least one key.
 *
 * The function runs on one thread, in a process of its own, behind a system
 * call filter: it may compute and touch the memory named below (and its own
 * stack and static data), nothing else. Starting threads or processes, opening
 * files or sockets is not attention, and is reported as such.
 */
#ifndef AVO_ATTENTION_H
#define AVO_ATTENTION_H

#include <stddef.h>

#define AVO_ATTENTION_ABI 1

#ifdef __cplusplus
extern "C" {
#endif

struct avo_attention {
	const float *q;		/* [batch, q_len, q_heads, head_dim], 64-byte aligned */
	const float *k;		/* [batch, kv_len, kv_heads, head_dim], 64-byte aligned */
	const float *v;		/* [batch, kv_len, kv_heads, head_dim], 64-byte aligned */
	float *out;		/* [batch, q_len, q_heads, head_dim], 64-byte aligned;
				 * holds NaN on entry, every element must be written */
	void *workspace;	/* scratch, 64-byte aligned, contents undefined on entry */
	size_t workspace_bytes;	/* size of the scratch: at least 16 MiB */
	int batch;
	int q_len, kv_len;	/* any length >= 1, also lengths no tile size divides */
	int q_heads, kv_heads;
	int head_dim;		/* a multiple of 16, at most 256 */
	int causal;		/* 0 or 1 */
	float scale;		/* 1 / sqrt(head_dim) */
};

/* Returns 0 when `out` is complete; anything else is the verdict `crashed`. */
int avo_attention(const struct avo_attention *);

#ifdef __cplusplus
}
#endif

#endif
